"""What stands among sentences and is none (headings, addresses, code, fields of a header), and definitions.

Knows how such lines look; pure functions.
"""

import re
from collections.abc import Sequence

from rag.core.types import Passage
from rag.reading.questions import asked_words
from rag.scoring.words import content_words

__all__ = [
    "asks",
    "defines",
    "headings_above",
    "is_address",
    "is_code",
    "is_front_matter",
    "is_heading",
    "is_markup",
    "num_fields",
    "places_above",
    "without_underline",
]

_ONE_ADDRESS = r"(?:\[[^\]\n]{1,80}\]:?\s*)?_?(?:https?://|www\.)\S+"
_ADDRESS = re.compile(rf"\W*{_ONE_ADDRESS}(?:\s+[^\w\s\[]*{_ONE_ADDRESS})*\s*")
_CODE = re.compile(
    r"""\bdef\ \w+\( | ^\W*class\ \w+[(:] | \b\w+\ =\ [\w"'\[({] | -> | [{};]\s*$ | </\w+>
    | ^\s*(?:\$\ |>>>\ |from\ \S+\ import\ |import\ \w+\s*$)""",
    re.VERBOSE,
)
_MARKUP = re.compile(
    r"""\s*(?:!\ ?\[[^\]]*\]\([^)]*\)\s*)+
    | \s*(?:<(?:p|div|center|a|h\d)\b[^>]*>\s*)*
      <(?:img|picture|source|figure|figcaption|video|iframe|svg)\b.*
    | \s*(?:</?\w[^<>]*>\s*)+ | \s*(?:[/:!?]{3,4}\+?|\{[*%]).*""",
    re.VERBOSE | re.DOTALL | re.IGNORECASE,
)
_FRONT_MATTER = re.compile(r"---[ \t]*\n\s*[\w-]+:")
_MARKED_HEADING = re.compile(r"(?P<marks>#{1,6}|={1,6})[ \t]+(?P<text>\S[^\n]*)")  # Markdown, AsciiDoc
_UNDERLINED = re.compile(r"(?P<text>[^\n]+)\n[ \t]*(?P<mark>[=~^-])(?P=mark){2,}\s*")  # these and RST
_LEVELS = "=-~^"  # of what underlines
_NOT_A_HEADING = re.compile(r"[.!?。！？:;|\t\d]|^\s*[-*•‣▪`]")
_NUMBERED = re.compile(r"(?:\d{1,3}\.)*\d{1,3}[.)]?[ \t]+(?=\S)")  # "3. Products", "2.1 Batteries"
_MAX_HEADING_WORDS = 12
_FIELD = re.compile(r"(?:(?<=\s)|^)[A-Z][\w-]*: ")
_ASKS = ("?", "？", "؟")
_EMPHASIS = "*_"
_ASKS_DEFINITION = re.compile(
    r"^\W*(?:so |and )?(?:what(?:'s|’s|s| is| are)|define|explain)\b", re.IGNORECASE
)
_BEGINNING = 200  # characters of a sentence that a definition begins within
_DEFINED = re.compile(
    r"\W*(?!(?:if|when|where|while|although|as|since|because|unless|what|in|on|for|with|from|to)\b)"
    r"(?:(?:an?|the)\s+)?([^.;:|]{2,60}?)\s*(?:\([^()]{1,40}\))?,?"
    r"\s+(?:is|are|means?|refers?\ to|denotes?|describes?)\s+(?!not\b)",
    re.IGNORECASE,
)


def is_address(text: str) -> bool:
    r"""Say whether web addresses are all there is, each after its mark if it has one.

    >>> is_address("[1] https://b.com/a\n[the shop]: https://b.com"), is_address("See www.b.com for prices")
    (True, False)
    """
    return _ADDRESS.fullmatch(text) is not None


def is_markup(text: str) -> bool:
    """Say whether a picture, tags, or a mark of what follows are all there is, as Markdown is written.

    >>> is_markup('<p><img src="a.png"></p>'), is_markup("![A valve](a.png)"), is_markup("See ![it](a).")
    (True, True, False)
    >>> is_markup("<div class='note'>"), is_markup("!!! note"), is_markup("<b>Note</b> the valve.")
    (True, True, False)
    """
    return _MARKUP.fullmatch(text) is not None


def is_heading(passage: Passage, start: int, end: int) -> bool:
    """Say whether a span of a passage is a heading: by its mark, its number, or because it stands alone."""
    text = passage.text[start:end]
    if _heading(text) is not None or text in (passage.title, *passage.heading):
        return True
    begins = start == 0 or passage.text[max(start - 2, 0) : start] == "\n\n"
    stands_alone = begins and passage.text[end : end + 2] == "\n\n"
    if not stands_alone or len(text.split()) > _MAX_HEADING_WORDS:
        return False
    if (numbered := _NUMBERED.match(text)) is not None:
        is_list = _NUMBERED.match(passage.text, end + 2) is not None  # the next item, with nothing between
        return not is_list and not _NOT_A_HEADING.search(text, numbered.end())
    return not _NOT_A_HEADING.search(text)


def headings_above(sentences: Sequence[str]) -> list[list[str]]:
    r"""Give for each sentence of a text the headings above it, with marks or underlined, broadest first.

    >>> headings_above(["# Cakes", "## Plum", "Bake it.", "## Rye", "Wait.", "Soup\n====", "Stir."])
    [[], ['Cakes'], ['Cakes', 'Plum'], ['Cakes'], ['Cakes', 'Rye'], [], ['Soup']]
    """
    texts = [heading[1] if (heading := _heading(sentence)) else "" for sentence in sentences]
    return [[texts[number] for number in numbers] for numbers in places_above(sentences)]


def places_above(sentences: Sequence[str]) -> list[list[int]]:
    """Give for each sentence which of them are the headings above it, broadest first.

    >>> places_above(["# Cakes", "## Plum", "Bake it.", "## Rye", "Wait."])
    [[], [0], [0, 1], [0], [0, 3]]
    """
    found: list[list[int]] = []
    above: dict[int, int] = {}  # level -> number
    for number, sentence in enumerate(sentences):
        heading = _heading(sentence)
        if heading is not None:
            above = {level: place for level, place in above.items() if level < heading[0]}
        found.append(list(above.values()))
        if heading is not None:
            above[heading[0]] = number
    return found


def _heading(sentence: str) -> tuple[int, str] | None:
    """Give the level and the text of a heading that has marks or is underlined."""
    if (marked := _MARKED_HEADING.fullmatch(sentence)) is not None:
        return len(marked["marks"]), marked["text"]
    underlined = _UNDERLINED.fullmatch(sentence)
    if underlined is None or len(underlined["text"].split()) > _MAX_HEADING_WORDS:
        return None
    return _LEVELS.index(underlined["mark"]) + 1, underlined["text"]


def without_underline(text: str) -> str:
    r"""Give a heading without what underlines it.

    >>> without_underline("Soup\n===="), without_underline("Stir.")
    ('Soup', 'Stir.')
    """
    underlined = _UNDERLINED.fullmatch(text)
    return text if underlined is None else underlined["text"]


def asks(text: str) -> bool:
    """Say whether a text ends as a question does, be it in bold.

    >>> asks("**Is it open?**"), asks("It is open.")
    (True, False)
    """
    return text.rstrip(_EMPHASIS).endswith(_ASKS)


def is_front_matter(text: str) -> bool:
    r"""Say whether a text begins with the fields that stand before a Markdown text.

    >>> is_front_matter("---\ntitle: A lease\n---"), is_front_matter("--- so they say: never.")
    (True, False)
    """
    return _FRONT_MATTER.match(text) is not None


def is_code(text: str) -> bool:
    """Say whether a line is code rather than a sentence.

    >>> is_code("def trim(text): return text.strip()"), is_code("Tabs (or spaces) indent a line.")
    (True, False)
    """
    return _CODE.search(text) is not None


def num_fields(text: str) -> int:
    """Count the fields of a header: "Title: A lease Author: Ann Lee" has two.

    >>> num_fields("Title: A lease Author: Ann Lee"), num_fields("Note: no refunds.")
    (2, 1)
    """
    return len(_FIELD.findall(text))


def defines(question: str, sentence: str) -> bool:
    """Say whether a sentence begins by saying what the thing is that a question asks for.

    >>> defines("What is a namespace package?", "Namespace packages are a way to split a package.")
    True
    >>> defines("What is a namespace package?", "If a namespace package is found, it is created.")
    False
    """
    begins = " ".join(sentence[:_BEGINNING].split())
    if not _ASKS_DEFINITION.match(question) or (match := _DEFINED.match(begins)) is None:
        return False
    asked = set(asked_words(question))
    return bool(asked) and asked == set(content_words(match[1]))
