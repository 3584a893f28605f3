"""Numbers and dates of a spreadsheet as a person reads them there.

Knows Excel's number formats: digits, thousands, percent, conditions, literals such as a currency;
fractions and powers are shown as plain numbers. A date is shown as 2020-01-31 whatever the format's
order of it, for that order depends on the reader's country.
"""

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from functools import lru_cache
from operator import eq, ge, gt, le, lt, ne

__all__ = ["BUILT_IN", "display"]

BUILT_IN = {  # the formats that a file names by number alone
    0: "General", 1: "0", 2: "0.00", 3: "#,##0", 4: "#,##0.00", 9: "0%", 10: "0.00%", 11: "0.00E+00",
    12: "# ?/?", 13: "# ??/??", 14: "m/d/yy", 15: "d-mmm-yy", 16: "d-mmm", 17: "mmm-yy", 18: "h:mm AM/PM",
    19: "h:mm:ss AM/PM", 20: "h:mm", 21: "h:mm:ss", 22: "m/d/yy h:mm", 37: "#,##0 ;(#,##0)",
    38: "#,##0 ;(#,##0)", 39: "#,##0.00;(#,##0.00)", 40: "#,##0.00;(#,##0.00)", 45: "mm:ss",
    46: "[h]:mm:ss", 47: "mm:ss.0", 48: "##0.0E+0", 49: "@",
    **dict.fromkeys((*range(27, 32), 36, *range(50, 59)), "yyyy-mm-dd"),  # of East Asian calendars
}  # fmt: skip
_TOKEN = re.compile(r'"[^"]*"?|\\.|[_*].|\[[^\]]*\]|AM/PM|A/P|General|.', re.IGNORECASE | re.DOTALL)
_CURRENCY = re.compile(r"\[\$([^-\]]+)[^\]]*\]")
_CONDITION = re.compile(r"\[(<=|>=|<>|[<>=])(-?\d+(?:\.\d+)?)\]")
_COMPARE = {"<": lt, "<=": le, ">": gt, ">=": ge, "=": eq, "<>": ne}
_THOUSAND = re.compile(r"(?<=\d)(?=(?:\d{3})+$)")
_ELAPSED = re.compile(r"\[(?:h+|m+|s+)\]", re.IGNORECASE)
_LARGEST = 1e15  # beyond it a number has no exact units
_SECONDS = 86_400
_DAY_ONE = {False: datetime(1899, 12, 30), True: datetime(1904, 1, 1)}
_LEAP = 60  # Excel counts a 29 February 1900, day 60, that never was


@dataclass(frozen=True, slots=True)
class _Pattern:
    prefix: str = ""
    inner: tuple[tuple[int, str], ...] = ()  # what stands so many digits before the end of the whole number
    suffix: str = ""
    min_digits: int = 0
    min_decimals: int = 0
    max_decimals: int = 0
    has_digits: bool = False
    has_thousands: bool = False
    is_percent: bool = False


@dataclass(frozen=True, slots=True)
class _Section:
    condition: tuple[str, float] | None
    pattern: _Pattern | None  # None: shown as a plain number


def display(value: float, number_format: str, *, is_1904: bool = False) -> str:
    r"""Give what the cell shows.

    >>> display(1234.5, "#,##0.00"), display(0.25, "0%"), display(-3, "0;(0)"), display(0.1 + 0.2, "")
    ('1,234.50', '25%', '(3)', '0.3')
    >>> display(43861.5, "d/m/yy h:mm"), display(1.25, "[h]:mm")
    ('2020-01-31 12:00', '30:00')
    >>> display(1234, "00000"), display(42, '"INV-"0000'), display(123456789, r"000\-00\-0000")
    ('01234', 'INV-0042', '123-45-6789')
    """
    parts = _parts(number_format)
    if isinstance(parts, str):
        return _moment(value, parts, is_1904=is_1904)
    pattern, is_signed = _choose(parts, value)
    if pattern is None or abs(value) >= _LARGEST:
        return _general(value)
    if not pattern.has_digits:
        return pattern.prefix
    number = Decimal(repr(abs(value))) * (100 if pattern.is_percent else 1)
    number = number.quantize(Decimal(1).scaleb(-pattern.max_decimals), ROUND_HALF_UP)
    whole, _, fraction = f"{number:f}".partition(".")
    for _ in range(pattern.max_decimals - pattern.min_decimals):
        fraction = fraction.removesuffix("0")
    digits = _whole(whole, pattern) + (f".{fraction}" if fraction else "")
    sign = "-" if value < 0 and is_signed and number else ""
    return f"{sign}{pattern.prefix}{digits}{pattern.suffix}".strip()


def _whole(digits: str, pattern: _Pattern) -> str:
    digits = digits.zfill(pattern.min_digits)
    if pattern.has_thousands:
        return _THOUSAND.sub(",", digits)
    shown, last = "", 0
    for distance, literal in pattern.inner:
        place = max(len(digits) - distance, 0)
        shown += digits[last:place] + literal
        last = place
    return shown + digits[last:]


def _general(value: float) -> str:
    if value == int(value) and abs(value) < 1e21:
        return str(int(value))
    return f"{value:.15g}"


@lru_cache(maxsize=4096)
def _parts(number_format: str) -> str | tuple[_Section, ...]:
    """Give what of a moment the format shows (`date hours seconds`), else a number's sections."""
    sections: list[list[str]] = [[]]
    for piece in _TOKEN.findall(number_format):
        if piece == ";":
            sections.append([])
        else:
            sections[-1].append(piece)
    letters = {token[0].lower() for token in sections[0] if len(token) == 1 or token[0] in "aA"}
    elapsed = any(_ELAPSED.fullmatch(token) for token in sections[0])
    if not elapsed and not letters & set("ymdhs"):
        return tuple(_Section(_condition(tokens), _pattern(tokens)) for tokens in sections[:3])
    has_time = elapsed or bool(letters & set("hs"))
    has_date = not elapsed and bool(letters & set("yd") or ("m" in letters and not has_time))
    kinds = [("elapsed", elapsed), ("date", has_date), ("hours", has_time), ("seconds", "s" in letters)]
    return " ".join(kind for kind, is_shown in kinds if is_shown)


def _condition(pieces: list[str]) -> tuple[str, float] | None:
    matches = (_CONDITION.fullmatch(piece) for piece in pieces)
    return next(((match[1], float(match[2])) for match in matches if match), None)


def _pattern(pieces: list[str]) -> _Pattern | None:
    """Read one section; None for what is shown as a plain number."""
    literals: list[tuple[int, str]] = []  # each behind so many places
    places = ""
    is_percent = False
    for piece in pieces:
        if piece in "0#?.,":
            places += piece
        elif piece in ("/", "E", "e", "@") or piece.lower() == "general":
            return None
        else:
            is_percent = is_percent or piece == "%"
            literals.append((len(places.replace(",", "")), _literal(piece)))
    whole, _, fraction = places.partition(".")
    if whole.endswith(",") or not (places or any(text for _, text in literals)):
        return None  # counted in thousands, or hidden
    digits = whole.replace(",", "")
    return _Pattern(
        "".join(text for place, text in literals if place == 0).lstrip(),
        tuple((len(digits) - place, text) for place, text in literals if 0 < place < len(digits)),
        "".join(text for place, text in literals if place >= max(len(digits), 1)).rstrip(),
        min_digits=len(digits.lstrip("#?")),
        min_decimals=fraction.count("0"),
        max_decimals=len(fraction),
        has_digits=bool(places),
        has_thousands="," in whole,
        is_percent=is_percent,
    )


def _literal(token: str) -> str:
    if token.startswith('"'):
        return token.strip('"')
    if token.startswith("["):
        currency = _CURRENCY.fullmatch(token)
        return currency[1] if currency else ""  # else a colour, a condition, a language
    if len(token) > 1:
        return {"\\": token[1], "_": " "}.get(token[0], "")
    return token


def _choose(sections: tuple[_Section, ...], value: float) -> tuple[_Pattern | None, bool]:
    """Give the pattern for the value, and whether a minus is still to be written."""
    if any(section.condition for section in sections):
        return _choose_by_condition(sections, value), True
    if value < 0 and len(sections) > 1:
        return sections[1].pattern, False
    if value == 0 and len(sections) > 2:
        return sections[2].pattern, False
    return sections[0].pattern, True


def _choose_by_condition(sections: tuple[_Section, ...], value: float) -> _Pattern | None:
    for section in sections:
        if section.condition is None or _COMPARE[section.condition[0]](value, section.condition[1]):
            return section.pattern
    return None


def _moment(value: float, shown: str, *, is_1904: bool) -> str:
    if abs(value) >= _LARGEST:
        return _general(value)
    seconds = round(value * _SECONDS)
    has_seconds = "seconds" in shown
    if "elapsed" in shown:
        hours, rest = divmod(abs(seconds), 3600)
        clock = f"{hours}:{rest // 60:02}" + (f":{rest % 60:02}" if has_seconds else "")
        return f"-{clock}" if seconds < 0 else clock
    if not is_1904 and value < _LEAP:
        seconds += _SECONDS
    try:
        moment = _DAY_ONE[is_1904] + timedelta(seconds=seconds)
    except OverflowError:
        return _general(value)
    clock = moment.strftime("%H:%M:%S" if has_seconds else "%H:%M") if "hours" in shown else ""
    return f"{moment.date().isoformat() if 'date' in shown else ''} {clock}".strip()
