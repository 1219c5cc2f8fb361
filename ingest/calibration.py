"""Plain text of many kinds, on which a quantized embedding model is calibrated."""

_PARAGRAPHS = (
    "Employees accrue fifteen days of paid vacation per calendar year. Unused days may be carried over until the "
    "end of March, after which they expire. Requests are entered in the time system and approved by the line "
    "manager within five working days.",
    "What is the notice period during probation?",
    "The supplier shall indemnify and hold harmless the customer against all claims, damages and expenses arising "
    "from any breach of this agreement, except to the extent caused by the customer's own negligence. Liability "
    "under this clause is limited to the fees paid in the twelve months before the event.",
    "Net sales for the quarter were $4,218 million, an increase of 7.3% over the prior year. Operating margin fell "
    "to 18.9% from 20.1% because of higher freight costs and an impairment charge of $112 million in the European "
    "segment.",
    "how do I reset my password",
    "To restore a backup, stop the service, copy the archive to /var/lib/app, run `app restore --from "
    "archive.tar.gz` and start the service again. Check that the log shows no ERR-4012 before you let users in.",
    "A randomised controlled trial of 312 patients found that the treatment lowered systolic blood pressure by 6.4 "
    "mmHg (95% CI 3.1–9.7, p < 0.001) compared with placebo. Adverse events were mild and equally common in both "
    "groups.",
    "Mutations in the BRCA1 gene impair the repair of double-strand breaks by homologous recombination, and cells "
    "that lack it are sensitive to inhibitors of poly(ADP-ribose) polymerase.",
    "The river rises in the northern hills, passes the old mill town, and reaches the sea after 214 kilometres. "
    "Floods in 1953 destroyed three bridges; the last was rebuilt in 1961.",
    "Which countries does the travel insurance cover?",
    "Preheat the oven to 180 °C. Beat the butter with the sugar until pale, add the eggs one at a time, then fold "
    "in the flour and the grated lemon peel. Bake for forty minutes and let the cake cool in its tin.",
    "Personal data is kept no longer than necessary for the purpose for which it was collected. A person may ask "
    "for a copy, for correction, or for erasure; the privacy office answers within thirty days.",
    "Section 4.2 Access control. Accounts are reviewed every quarter. Shared accounts are forbidden. Administrators "
    "sign in with a hardware key, and every privileged action is written to an append-only log.",
    "The committee adjourned at 17:45 without a decision on item 6. Ms Okafor will circulate a revised budget "
    "before the meeting on 12 May; Mr Lindqvist abstained from the vote on item 3.",
    "Invoice no. 2024-00817 | Description | Quantity | Unit price | Amount | Steel bracket, galvanised | 250 | 1.84 "
    "| 460.00 | Hex bolt M8 × 40 | 1,000 | 0.12 | 120.00 | Total | 580.00",
    "def mean(values): return the sum of the values divided by their number, or raise an error when the list is "
    "empty. The function accepts any iterable of numbers and never changes its argument.",
    "maximum file size for uploads",
    "Dear colleague, thank you for your message. I am away until Monday and will read it then. In urgent cases "
    "please write to the service desk or call extension 4471. Kind regards, Tomasz",
    "The central bank raised its policy rate by a quarter of a percentage point on Thursday and said that "
    "inflation, at 5.2 percent, was still well above its target. Markets had expected the move; the currency hardly "
    "changed.",
    "In the second act the brothers meet again at their father's house. Neither speaks of the letter. The younger "
    "one plays the piano in the dark while snow falls on the yard.",
    "All visitors must wear the safety helmet, goggles and steel-toed boots handed out at the gate. In case of fire "
    "leave by the nearest exit, do not use the lifts, and gather at assembly point C behind the warehouse.",
    "Does the warranty apply if the device was opened by a third party?",
    "Warranty: we repair or replace any part that fails within 24 months of purchase under normal use. The warranty "
    "ends if the serial number was removed or the housing was opened by anyone but an authorised workshop.",
    "Photosynthesis turns carbon dioxide and water into sugar and oxygen with the energy of light. It takes place "
    "in the chloroplasts, whose membranes hold the pigments that absorb red and blue light.",
    "Table 3. Median household income by region, 2019–2023, in thousands: North 41.2, 42.0, 42.8, 45.1, 47.7; South "
    "38.5, 38.9, 40.2, 41.6, 43.3; West 52.1, 51.4, 53.0, 55.9, 58.2.",
    "We review pull requests within one working day. A change needs one approval, passing tests and an entry in the "
    "change log. Large refactorings are discussed in an issue before any code is written.",
    "The tenant pays the rent in advance by the third working day of each month. The deposit equals three months' "
    "rent and is returned within six weeks after the end of the lease, less the cost of repairs beyond normal wear.",
    "Who approved the budget for 2023, and when?",
    "Grace Hopper was an American computer scientist and rear admiral of the United States Navy. She led the team "
    "that wrote one of the first compilers and popularised the idea of programming languages independent of "
    "machines.",
    "Step 1: Open Settings. Step 2: Choose Network. Step 3: Select Forget, then join the network again with the new "
    "password. If the light keeps blinking, hold the button for ten seconds to restore the factory state.",
    "Parental leave is granted for up to 36 weeks, of which 14 are fully paid. Both parents may share the leave. "
    "The request is made two months before the expected date, with a medical certificate.",
    "error code 0x80070057 when installing the update",
    "The vaccine is stored at 2–8 °C and must not be frozen. Once opened, a vial is used within six hours. The "
    "second dose follows after 21 days; persons with a known allergy to polyethylene glycol are not vaccinated.",
    "According to the auditors the company had understated its lease obligations by 38 million euros. The board "
    "accepted the finding, corrected the accounts and replaced the chief financial officer in September.",
    "Our mission is to make public services simple, fast and fair. We work in the open, test with real users, and "
    "publish what we learn so that other agencies can build on it.",
    "Bei Störungen wenden Sie sich bitte an den technischen Dienst. Le contrat est conclu pour une durée de deux "
    "ans. La solicitud debe presentarse antes del 15 de junio.",
)


def calibration_texts() -> list[str]:
    """Texts of a few to a few hundred words: each paragraph alone, in pairs, and in fives."""
    n = len(_PARAGRAPHS)
    pairs = [" ".join(_PARAGRAPHS[(i + step * 7) % n] for step in range(2)) for i in range(n)]
    fives = [" ".join(_PARAGRAPHS[(i * 5 + step * 11) % n] for step in range(5)) for i in range(n)]
    return [*_PARAGRAPHS, *pairs, *fives]
