"""Text -> sentences, as offsets; for chunking, extraction and citation alike.

Knows the sentence marks of the common scripts, abbreviations, initials, decimals and German dates. A blank
line ends a sentence, as do a heading with marks, the line before one, what underlines one, and the line
before a list item, a table row or what begins with its time, also where lines are quoted. A Markdown row is
one sentence, and so is code between fences. Does not know grammar.
"""

import re

from rag.scoring.fences import code_spans
from rag.scoring.quotations import blank_marks

__all__ = ["NUMBERED", "sentence_spans"]

_ABBREVIATIONS = frozenset(
    """al approx apr aug bros bzw ca cf co corp d.h dec dept dr ed eds eg e.g etc eq eqs esp est evtl excl
    exkl feb fig figs gen ggf i.e ie inc incl inkl jan jr jul jun lt ltd mar max mr mrs ms min mt nos nov
    oct op p.m a.m pp prof resp ref refs rev sec sep sept sr st tab u.k u.s u.n vgl viz vol vols vs z.b
    zzgl avda avv bijv dhr dott dra dña exma exmo geb mevr mlle mme sigg sra sres srta ул""".split()
)
# What is short for something only before a number or a code: "Art. 6", "No. GB 284", but "said no. Then".
_BEFORE_NUMBERS = frozenset(
    """abs apt art av ave bd blz ext fax godz kap kl mob no nr núm para pos pág sect str tel ver vers
    ziff д кв стр тел""".split()
)
_WEEKDAYS = frozenset("Mon Tue Tues Wed Weds Thu Thur Thurs Fri Mo Di Fr Sa".split())
_WORDS_OR_DAYS = frozenset("Sat Sun Mi Do So".split())  # days only before a time or date
_OF_DAY = re.compile(r"[|–-]|\d{1,2}(?:[.:]\d| ?(?:[–-]|to\b|bis\b|[ap]\.?m\b|Uhr\b))")
_DATE, _TIME = r"\d{1,4}[./-]\d{1,2}[./-]\d{1,4}", r"\d{1,2}:\d\d(?::\d\d)?(?: ?[AaPp][Mm])?"
# How a line of a chat, a log or a programme begins: "[10:02] ", "2026-05-09 10:02", "9:30 – 10:00 Talk".
_TIMED = (
    rf"[ \t]*(?:\[(?:{_DATE}[ T,]{{1,3}})?{_TIME}\]|{_DATE}[ T,]{{1,3}}{_TIME}"
    rf"|{_TIME}(?: ?[-–] ?{_TIME})?:?[ \t]+(?:[-–][ \t]+)?(?:[^\W\d_a-z]|[^\n:]{{1,30}}:[ \t]))"
)
NUMBERED = (
    r"(?:\d{1,3}\.|\(?(?:\d{1,3}|[a-z]|[ivx]{2,5})\)|[ivx]{2,5}\."
    r"|\d{1,3}(?:\.\d{1,3})+\.?(?=[ \t]+[^\W\d_a-z]))"
)
"""How an item that is counted begins: "4.", "4)", "(a)", "iv.", "4.1 Fees", but "4.1 million"."""
# The end of a sentence: a mark with its closing quotes before white space, a full-width mark, or a break.
# Look-behind and possessive runs keep the search linear on a line of a hundred thousand dots.
_END = re.compile(
    r"^[ \t]*(?:!!!|\?\?\?\+?)[ \t][^\n]*\n"  # "!!! note", as some Markdown opens a box
    r"|(?<![.!?])[.!?]++[\"'”’)\]»]*(?:[ \u00a0\u202f]»)?(?=\s)"
    r"|[。！？｡؟۔।]+[”’」』）]*"
    r"|\n[ \t]*(?=\n)"
    r"|^[ \t]*#{1,6}[ \t][^\n]*\n"  # a Markdown heading
    r"|(?<=\S\n)[ \t]*(?:={3,}|~{3,}|\^{3,}|-{3,})[ \t]*\n"  # what underlines one
    rf"|\n(?=[ \t]*(?:[-*•‣▪]|#{{1,6}}|{NUMBERED})[ \t])"
    r"|\n(?=[^\n]*[|\t])"
    rf"|\n(?={_TIMED})"
    r"|(?<!\S)\|(?=\s)[^\n|]*\n"  # from a row's last mark on: what follows the row is not of its last cell
    r"|^[ \t]*\|(?:[^\n|]*\|){2,}[ \t]*\n",  # a whole row without blanks
    re.MULTILINE,
)
# A row of Markdown: marks at both ends, with blanks beside them or several cells without.
_ROW = re.compile(r"\n?[ \t]*\|(?:(?=\s)[^\n]*(?<=\s)|[^\n|]*\|[^\n]*)\|(?=[ \t]*(?:\n|\Z))")
_COUNT = re.compile(r"\d+(?:\.\d+)*|[ivx]{2,5}")  # before the point of an item's number
_LAST_WORD = re.compile(r"[\w.]+$")
_CODE = re.compile(r"[A-Z]{1,4}[ -]?\d")
_NO_VOWEL = re.compile(
    r"(?![A-Z]+$)[B-DF-HJ-NP-TV-XZ][b-df-hj-np-tv-xz]+|[^\W\d_a-z]\w*str"
)  # "Nr", "Bldg", "Hauptstr"
_MEASURED = re.compile(r"\d\s?\w+$")  # "5 kg"
_GERMAN_MONTH = re.compile(  # and whether English has it too, and the year
    r"(?:Januar|Jänner|Februar|März|Mai|Juni|Juli|Oktober|Dezember|Feb|Mär|Okt|Dez"
    r"|(April|August|September|November|Jan|Apr|Jun|Jul|Aug|Sept?|Nov))\b(\.? \d{4}\b)?"
)
_GERMAN_ORDINAL = re.compile(r"\b(?:der|die|das|den|dem|des|im|jede[nmrs]?) \d{1,3}$", re.IGNORECASE)
_COUNTED = re.compile(
    r"(?:Absatz|Abschnitt|Artikel|Auflage|Etage|Geschoss|Halbjahr|Jahr|Kapitel|Klasse|Lebensjahr|Mal|Monat|Obergeschoss"
    r"|Person|Platz|Quartal|Rate|Runde|Satz|Schritt|Semester|Spieltag|Stock|Stufe|Tag|Teil|Weltkrieg|Woche)"
    r"[a-zäöüß]{0,9}\b"
)
_GERMAN_DAY = re.compile(r"\b(?:a[bm]|vom|bis|und|zum|de[mnr]|seit|\w*tag,|Mittwoch,) \d+$", re.IGNORECASE)


def sentence_spans(text: str, *, start: int = 0, end: int | None = None) -> list[tuple[int, int]]:
    """Give the sentences of text[start:end] as offsets into text, without the white space around them.

    The spans ascend and are disjoint; every character that is not white space is in one of them.

    >>> sentence_spans("Dr. Who paid 3.50. Why?")
    [(0, 18), (19, 23)]
    """
    stop = len(text) if end is None else end
    unmarked = blank_marks(text)
    spans: list[tuple[int, int]] = []
    begin = start
    for code in code_spans(text, start=start, end=stop):
        spans += _prose(text, unmarked, begin, code[0])
        spans.append(code)
        begin = code[1]
    return [*spans, *_prose(text, unmarked, begin, stop)]


def _prose(text: str, unmarked: str, start: int, stop: int) -> list[tuple[int, int]]:
    spans: list[tuple[int, int]] = []
    first = begin = start
    row_end = _row_end(unmarked, start, stop)
    for match in _END.finditer(unmarked, start, stop):
        if match.end() <= row_end:
            continue
        if match.group().startswith(".") and _continues(unmarked, begin, match.start(), match.end()):
            continue
        if not unmarked[begin : match.end()].isspace():  # else its marks go to the next one
            _append(spans, text, first, match.end())
            first = match.end()
        begin = match.end()
        row_end = _row_end(unmarked, begin, stop)
    _append(spans, text, first, stop)
    return spans


def _row_end(text: str, begin: int, stop: int) -> int:
    """Give where the last mark of a Markdown row stands that begins here; `begin` where none does."""
    row = _ROW.match(text, begin, stop)
    return row.end() - 1 if row else begin


def _continues(text: str, begin: int, dot: int, after: int) -> bool:
    before = text[max(begin, dot - 12) : dot]
    word = _LAST_WORD.search(before)
    following = text[after : after + 40].lstrip()
    if following[:1].islower():
        return True
    if word is None:
        return False
    last = word.group().lower().strip(".")
    is_initial = len(last) == 1 and last.isalpha() and last != "i"
    is_list_number = _COUNT.fullmatch(text[begin:dot].strip()) is not None
    is_day = last.isdigit() and len(last) <= 2 and _is_german_ordinal(before, following)
    return (
        is_initial
        or is_list_number
        or is_day
        or last in _ABBREVIATIONS
        or (last in _BEFORE_NUMBERS and _CODE.match(following) is not None)
        or (re.match(r"[\d|–-]", following) is not None and _is_short_for(word.group(), before, following))
    )


def _is_german_ordinal(before: str, following: str) -> bool:
    """Say whether a number is counted, as in "am 3. Oktober" and "die 2. Etage"."""
    month = _GERMAN_MONTH.match(following)
    if month is None:
        return _GERMAN_ORDINAL.search(before) is not None and _COUNTED.match(following) is not None
    if month[1] is None or month[2] is not None:
        return True
    return _GERMAN_DAY.search(before) is not None


def _is_short_for(word: str, before: str, following: str) -> bool:
    """Say whether a word before a number is cut short: "Fri", "tel", "Bldg", but not the "kg" of "5 kg"."""
    if word in _WEEKDAYS or word.lower() in _BEFORE_NUMBERS:
        return True
    if word in _WORDS_OR_DAYS:
        return _OF_DAY.match(following) is not None
    return _NO_VOWEL.fullmatch(word) is not None and _MEASURED.search(before) is None


def _append(spans: list[tuple[int, int]], text: str, start: int, end: int) -> None:
    piece = text[start:end]
    trimmed = piece.strip()
    if trimmed:
        offset = start + len(piece) - len(piece.lstrip())
        spans.append((offset, offset + len(trimmed)))
