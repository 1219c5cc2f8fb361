"""One sentence of office prose in many languages; into how many pieces a tokenizer cuts each of them is compared."""

SAMPLES = {
    "en": "Every employee has thirty days of paid leave a year, and unused days are lost at the end of March.",
    "ar": "لكل موظف ثلاثون يوما من الإجازة المدفوعة في السنة، وتسقط الأيام غير المستخدمة في نهاية شهر مارس.",
    "bg": "Всеки служител има тридесет дни платен отпуск годишно, а неизползваните дни се губят в края на март.",
    "bn": "প্রত্যেক কর্মচারী বছরে ত্রিশ দিন সবেতন ছুটি পান, এবং অব্যবহৃত দিনগুলি মার্চ মাসের শেষে বাতিল হয়ে যায়।",
    "ca": ("Cada empleat té trenta dies de vacances pagades a l'any, i els dies no gaudits es perden a final de març."),
    "cs": "Každý zaměstnanec má třicet dní placené dovolené za rok a nevyčerpané dny propadají na konci března.",
    "da": (
        "Hver medarbejder har tredive dages betalt ferie om året, og ubrugte dage bortfalder i slutningen af marts."
    ),
    "de": ("Jeder Mitarbeiter hat dreißig Tage bezahlten Urlaub im Jahr, und nicht genutzte Tage verfallen Ende März."),
    "el": (
        "Κάθε υπάλληλος έχει τριάντα ημέρες άδεια με αποδοχές τον χρόνο, και όσες δεν ληφθούν χάνονται στο "
        "τέλος Μαρτίου."
    ),
    "es": (
        "Cada empleado tiene treinta días de vacaciones pagadas al año, y los días no usados se pierden a "
        "fines de marzo."
    ),
    "fa": "هر کارمند در سال سی روز مرخصی با حقوق دارد و روزهای استفاده نشده در پایان ماه مارس از بین می‌روند.",
    "fi": (
        "Jokaisella työntekijällä on kolmekymmentä päivää palkallista lomaa vuodessa, ja käyttämättömät "
        "päivät menetetään."
    ),
    "fr": (
        "Chaque employé a trente jours de congés payés par an, et les jours non pris sont perdus à la fin du "
        "mois de mars."
    ),
    "he": "לכל עובד יש שלושים ימי חופשה בתשלום בשנה, וימים שלא נוצלו אובדים בסוף חודש מרץ.",
    "hi": ("हर कर्मचारी को साल में तीस दिन की सवेतन छुट्टी मिलती है, और बची हुई छुट्टियाँ मार्च के अंत में समाप्त हो जाती हैं।"),
    "hr": (
        "Svaki zaposlenik ima trideset dana plaćenog odmora godišnje, a neiskorišteni dani propadaju krajem ožujka."
    ),
    "hu": (
        "Minden dolgozónak évente harminc nap fizetett szabadsága van, és a ki nem vett napok március végén elvesznek."
    ),
    "id": (
        "Setiap karyawan mendapat tiga puluh hari cuti berbayar setahun, dan cuti yang tidak dipakai hangus "
        "di akhir Maret."
    ),
    "it": (
        "Ogni dipendente ha trenta giorni di ferie pagate all'anno, e i giorni non goduti si perdono alla "
        "fine di marzo."
    ),
    "ja": "すべての従業員には年に三十日の有給休暇があり、使わなかった日数は三月末に失効します。",
    "ko": "모든 직원은 일 년에 삼십 일의 유급 휴가를 받으며, 사용하지 않은 휴가는 삼월 말에 사라집니다.",
    "nl": ("Elke medewerker heeft dertig betaalde vakantiedagen per jaar, en ongebruikte dagen vervallen eind maart."),
    "no": "Hver ansatt har tretti dager betalt ferie i året, og ubrukte dager går tapt i slutten av mars.",
    "pl": (
        "Każdy pracownik ma trzydzieści dni płatnego urlopu w roku, a niewykorzystane dni przepadają z końcem marca."
    ),
    "pt": (
        "Cada funcionário tem trinta dias de férias pagas por ano, e os dias não usados perdem-se no final de março."
    ),
    "ro": (
        "Fiecare angajat are treizeci de zile de concediu plătit pe an, iar zilele nefolosite se pierd la "
        "sfârșitul lui martie."
    ),
    "ru": (
        "У каждого сотрудника тридцать дней оплачиваемого отпуска в год, а неиспользованные дни сгорают в конце марта."
    ),
    "sk": "Každý zamestnanec má tridsať dní platenej dovolenky za rok a nevyčerpané dni prepadajú na konci marca.",
    "sv": (
        "Varje anställd har trettio dagars betald semester om året, och outnyttjade dagar går förlorade i "
        "slutet av mars."
    ),
    "th": "พนักงานทุกคนมีวันลาพักร้อนแบบได้รับค่าจ้างสามสิบวันต่อปี และวันที่ไม่ได้ใช้จะหมดไปเมื่อสิ้นเดือนมีนาคม",
    "tr": "Her çalışanın yılda otuz gün ücretli izni vardır ve kullanılmayan günler mart ayının sonunda yanar.",
    "uk": (
        "Кожен працівник має тридцять днів оплачуваної відпустки на рік, а невикористані дні згорають "
        "наприкінці березня."
    ),
    "vi": (
        "Mỗi nhân viên có ba mươi ngày nghỉ phép có lương một năm, và những ngày không dùng sẽ mất vào cuối tháng ba."
    ),
    "zh": "每位员工每年有三十天带薪假期，未使用的天数在三月底作废。",
}
