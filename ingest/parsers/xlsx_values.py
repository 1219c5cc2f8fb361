"""Excel's numbers as a reader sees them: dates as ISO, percentages, no noise of binary fractions."""

import datetime as dt
import re

from lxml import etree

from ingest.parsers.xml_tree import attribute, child, children

_BUILT_IN_DATES = frozenset((*range(14, 23), *range(27, 37), *range(45, 48), *range(50, 59)))
_BUILT_IN_PERCENT = {9: "0%", 10: "0.00%"}
_QUOTED = re.compile(r'"[^"]*"|\\.|_.|\*.|\[(?!h+\]|m+\]|s+\])[^\]]*\]', re.I)
_MAX_SERIAL = 2_958_466  # the day after 9999-12-31


class NumberFormats:
    """The number formats of a workbook's cell styles."""

    def __init__(self, styles: etree._Element | None, *, from_1904: bool) -> None:
        codes = {
            attribute(form, "numFmtId"): attribute(form, "formatCode")
            for form in children(child(styles, "numFmts"), "numFmt")
        }
        self._formats = [
            _format_of(attribute(xf, "numFmtId"), codes) for xf in children(child(styles, "cellXfs"), "xf")
        ]
        self._epoch = dt.datetime(1904, 1, 1) if from_1904 else dt.datetime(1899, 12, 30)

    def show(self, value: str, style: str) -> str:
        """A stored number as text by the format of its cell's style."""
        try:
            number = float(value)
        except ValueError:
            return value
        index = int(style) if style.isdecimal() and len(style) < 8 else -1
        form = self._formats[index] if 0 <= index < len(self._formats) else ""
        if form == "date" and 0 <= number < _MAX_SERIAL:
            return self._show_date(number)
        if form == "duration" and 0 <= number < _MAX_SERIAL:
            minutes = round(number * 1440)
            return f"{minutes // 60}:{minutes % 60:02}"
        if form.endswith("%"):
            return f"{number * 100:.{len(form) - 1}f}%"
        return value if value.isdecimal() and len(value) < 16 else f"{number:.15g}"

    def _show_date(self, serial: float) -> str:
        # Excel has a 29 February 1900; dates before it are one day off.
        early = self._epoch.year == 1899 and 1 <= serial < 60
        moment = self._epoch + dt.timedelta(days=int(serial) + early, seconds=round(serial % 1 * 86_400))
        if serial < 1:
            return moment.strftime("%H:%M:%S")
        is_day = moment.time() == dt.time()
        return moment.date().isoformat() if is_day else moment.isoformat(sep=" ", timespec="minutes")


def _format_of(identity: str, codes: dict[str, str]) -> str:
    """ "date", "duration", "%" with a dot for each decimal place before it, or "" for any other number."""
    number = int(identity) if identity.isdecimal() and len(identity) < 8 else 0
    code = codes.get(identity, _BUILT_IN_PERCENT.get(number, ""))
    if identity not in codes and number in _BUILT_IN_DATES:
        return "duration" if number == 46 else "date"
    plain = _QUOTED.sub("", code.split(";")[0]).lower()
    if "%" in plain:
        decimals = re.search(r"\.([0#?]+)", plain)
        return "." * (len(decimals.group(1)) if decimals else 0) + "%"
    if "[h" in plain or "[m" in plain or "[s" in plain:
        return "duration"
    is_date = bool(re.search(r"[ydhs]|m", plain)) and not re.search(
        r"[0#?]", plain.replace(".0", "").replace("ss.000", "")
    )
    return "date" if is_date and "general" not in plain else ""
