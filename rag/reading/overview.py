"""What a document or a section of it is about, in its own words: where it begins, it says so itself.

Knows how people ask for an overview, in English, and what titles and headings look like; pure functions.
"""

import re
from collections.abc import Sequence

from rag.core.types import Passage
from rag.reading.instructions import asked_instructions
from rag.reading.lists import asked_list, list_lead
from rag.reading.prose import is_heading
from rag.reading.tables.row_filters import asked_rows
from rag.scoring.rows import is_row
from rag.scoring.sentences import sentence_spans
from rag.scoring.words import analyze, content_words

__all__ = ["overview", "told_whole"]

_ASKS = re.compile(
    r"""^\W*(?:(?:please|(?:can|could|would)\ you|so|and),?\ )*
      (?: what\ (?:does|do)\ .+?\ (?:say|tell\ (?:me|us)|mention)\ (?:about|on|of)\ (?P<topic>.+?)
        | what(?:'s|\ is|\ are)\ (?P<a>.+?)\ (?:all\ )?about
        | what\ (?:does|do)\ (?P<b>.+?)\ (?:say|cover|contain|describe)
        | (?:summari[sz]e|sum\ up|describe|explain|what\ about|tell\ me\ (?:more\ )?about)\ (?P<c>.+?)
        | what\ are\ (?:the|your|our|my)\ (?P<heading>.+?)
        | (?:give\ (?:me\ )?)?(?:an?\ |the\ )?(?:(?:short|brief|quick)\ )?(?:summary|overview)\ of
          \ (?P<d>.+?)
        | (?!(?:who|what|when|where|why|how|which|is|are|was|were|do|does|did|can)\b)
          (?P<e>[\w-]+(?:\ [\w-]+){0,2})
      )\W*$""",
    re.VERBOSE | re.IGNORECASE,
)
_PAGE = re.compile(r"Summarize page (\d+) of (.+)")
_ANY_DOCUMENT = frozenset(analyze("document file text paper book report article page pdf whole entire"))
_ENDS = re.compile(r"[.!?。！？｡؟۔।:][\"'”’)\]」』）]*$")
_BULLET = re.compile(r"[-*•–]\s")
_NUMBER = re.compile(r"[\d.]+")
_NUMBERED = re.compile(r"\d{1,3}[.)]\s")
_FIELD = re.compile(r":\s")
_MAX_QUESTION = 200  # characters; the time of `_ASKS` grows with the square
_MAX_SENTENCES = 3
_BEGINNING = 50  # characters; a passage that starts later is not the first one, nor the next
_Told = tuple[Passage, list[tuple[int, int]]]


def told_whole(question: str, passages: Sequence[Passage]) -> _Told | None:
    """Give the code, list, rows, or first sentences of a section that a question wants as a whole."""
    found = asked_instructions(question, passages) or asked_list(question, passages)
    return found or asked_rows(question, passages) or overview(question, passages)


def overview(question: str, passages: Sequence[Passage]) -> _Told | None:
    r"""Give the first sentences of the document or section that a question wants an overview of.

    The question names a document by words of its title, or says "this document" where all passages are of
    one; it names a section by its heading, and "page 2 of" a title. None where it asks something else, or
    where the beginning is not among the passages.

    >>> text = "Field notes\n\nWe met on Monday.\n\n1. Weather\n\nIt rained."
    >>> notes = Passage("", "d", 1, "", "Field notes", None, 0, len(text), 1.0, text)
    >>> for question in ("What are the field notes about?", "What do they say about the weather?"):
    ...     passage, spans = overview(question, [notes])
    ...     print([text[start:end] for start, end in spans])
    ['We met on Monday.', 'It rained.']
    ['It rained.']
    >>> overview("When did they meet?", [notes]) is None
    True
    """
    if of_page := _PAGE.fullmatch(question):
        return _page(int(of_page[1]), of_page[2], passages)
    asks = _ASKS.match(question) if len(question) <= _MAX_QUESTION else None
    if asks is None:
        return None
    subject = set(content_words(next(filter(None, asks.groups()))))
    is_whole = not asks["topic"] and not asks["e"] and not asks["heading"]
    more = 0 if asks["heading"] else 1
    return (_document(subject, passages) if is_whole else None) or _section(subject, passages, more=more)


def _document(subject: set[str], passages: Sequence[Passage]) -> _Told | None:
    is_any = subject <= _ANY_DOCUMENT and len({passage.document_id for passage in passages}) == 1
    of_it = [each for each in passages if is_any or (subject and subject <= set(analyze(each.title)))]
    reach = _BEGINNING
    for passage in sorted(of_it, key=lambda each: each.start):
        if passage.start > reach:
            break
        if told := _told(passage, sentence_spans(passage.text), is_section=False):
            return told
        reach = passage.end + _BEGINNING  # a title page, or the fields of a header: it begins behind
    return None


def _page(number: int, title: str, passages: Sequence[Passage]) -> _Told | None:
    of_it = (each for each in passages if each.page == number and each.title == title)
    told = (_told(each, sentence_spans(each.text), is_section=False) for each in of_it)
    return next(filter(None, told), None)


def _section(subject: set[str], passages: Sequence[Passage], *, more: int) -> _Told | None:
    """Give how the section begins whose heading has the subject's words, and at most so many more.

    Where no heading has them an item of a list may, and is given with what it stands under.
    """
    items: list[_Told] = []
    for passage in passages if subject else ():
        spans = sentence_spans(passage.text)
        for number, (start, end) in enumerate(spans):
            line = passage.text[start:end]
            words = {word for word in content_words(line) if not _NUMBER.fullmatch(word)}
            if not subject <= words or len(words) > len(subject) + more:
                continue
            if _is_heading(passage, start, end):
                if told := _told(passage, spans[number + 1 :], is_section=True):
                    return told
            elif _BULLET.match(line) and more:
                lead = list_lead(passage.text, start)
                items.append((passage, [lead, (start, end)] if lead in spans else [(start, end)]))
    return next(iter(items), None)


def _is_heading(passage: Passage, start: int, end: int) -> bool:
    """Say whether a line begins a section: no item of a list, row, field ("Noise: 42 dB") or sentence."""
    text, line = passage.text, passage.text[start:end]
    if _ENDS.search(line):
        return False
    is_part = _BULLET.match(line) or _NUMBERED.match(line) or _FIELD.search(line) or is_row(line)
    begins = not text[:start].strip() or text[:start].rstrip(" \t").endswith("\n\n")
    return (begins and not is_part) or is_heading(passage, start, end)


def _told(passage: Passage, spans: list[tuple[int, int]], *, is_section: bool) -> _Told | None:
    """Give the sentences and items that come first; those of a section end with the next heading."""
    told: list[tuple[int, int]] = []
    for start, end in spans:
        text = passage.text[start:end]
        if _ENDS.search(text) or (is_section and _BULLET.match(text)):
            told.append((start, end))
        elif is_section:
            break
    return (passage, told[:_MAX_SENTENCES]) if told else None
