"""Conditions on a text that no grammar says: a quotation stands in a passage, a citation names one.

Knows texts. Each is a value that depends on the text alone, so that drafts and branches can be judged in
any order; what a model may write next is found by asking (rejection.py).
"""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

from rag.core.errors import InvalidInputError
from rag.core.protocols import Condition
from rag.core.types import Passage
from rag.reading.verbatim import FINAL, squeeze

__all__ = ["CitationExists", "QuoteOccurs", "TokenCheck", "conditions_of"]

# A straight mark behind a digit is one of inches or seconds; single quotes are apostrophes.
_OPENING = re.compile(r'(?<!\d)"|[“„«]')
_CLOSING_MARKS = "“”»"
_CLOSING = {'"': '"', "“": "”", "„": "“”", "«": "»"}
_BEGUN = re.compile("[\udc80-\udcff]+$")  # bytes of a character that is not whole yet
_CITED = re.compile(
    r"""(?:\[\s*\^?(?:(?:passage|source|document|doc|citation|reference|ref)s?\s*)?
      | \(\s*(?:passage|source|document|citation)s?\s*
      | 【\s*)
    [\#:]?\s*(?P<numbers>\d+(?:\s*(?:,|;|-|–|and|&)\s*\^?\d+)*)""",
    re.VERBOSE | re.IGNORECASE,
)
_CONTEXT = 16  # characters before a mark that show that it is quoted with them, as in markers.py


@dataclass(frozen=True)
class QuoteOccurs:
    """What stands in quotation marks stands in a passage word for word, whatever the spaces and the case.

    It starts and ends with a word of the passage, and may end in a full stop or comma of its own, as people
    quote. Nested in a quotation, the same marks end it.

    >>> from rag.core.types import Passage
    >>> passage = Passage("c", "d", 1, "s", "t", None, 0, 24, 1.0, "The depot opens at nine.")
    >>> quote = QuoteOccurs((passage,))
    >>> [quote.allows_prefix(text) for text in ('It "opens a', 'It "opens at t', 'It "opens at nine," so')]
    [True, False, True]
    >>> quote.allows_complete('It "opens at nine'), quote.allows_complete('It "opens a"')
    (False, False)
    """

    passages: tuple[Passage, ...]

    def allows_prefix(self, text: str) -> bool:
        """Say whether all quotations occur; one that is not closed yet may go on as a passage does."""
        quotes = _quotations(text)
        return all(self._may_go_on(quote) if is_open else self._occurs(quote) for quote, is_open in quotes)

    def allows_complete(self, text: str) -> bool:
        """Say whether all quotations are closed and occur."""
        return all(not is_open and self._occurs(quote) for quote, is_open in _quotations(text))

    @cached_property
    def _sources(self) -> list[tuple[str, str, list[int]]]:
        return [(passage.text, *squeeze(passage.text)) for passage in self.passages]

    def _occurs(self, quote: str) -> bool:
        wanted = squeeze(quote)[0].rstrip(FINAL)
        return any(map(str.isalnum, wanted)) and any(
            _is_whole(text, before, after) for text, before, after in self._places(wanted)
        )

    def _may_go_on(self, quote: str) -> bool:
        known = _BEGUN.sub("", quote)
        begun = quote[len(known) :].encode(errors="surrogateescape")
        wanted = squeeze(known)[0]
        if not wanted:
            texts = (text for text, squeezed, _ in self._sources if any(map(str.isalnum, squeezed)))
            return any(_begins(begun, text) for text in texts)
        if self._occurs(known) and _begins(begun, _CLOSING_MARKS):
            return True
        # A character begun must be able to become the next one.
        following = (text[after:].lstrip()[:1] for text, _, after in self._places(wanted))
        return any(_begins(begun, character) for character in following)

    def _places(self, wanted: str) -> Iterator[tuple[str, int, int]]:
        """Give the passages where it stands from the start of a word on, and from where to where."""
        for text, squeezed, places in self._sources:
            at = squeezed.find(wanted)
            while at >= 0:
                before, after = places[at], places[at + len(wanted) - 1] + 1
                if not _is_inside_word(text, before):
                    yield text, before, after
                at = squeezed.find(wanted, at + 1)


@dataclass(frozen=True)
class CitationExists:
    """A mark such as [3] or (passage 3) names a passage of the prompt, counted from 1.

    A number in such brackets that is none is refused before the bracket closes. Marks that a passage has
    may be copied with the words before them.

    >>> from rag.core.types import Passage
    >>> text = "As shown before [12]."
    >>> cited = CitationExists((Passage("c", "d", 1, "s", "t", None, 0, 20, 1.0, text),))
    >>> [cited.allows_prefix(text) for text in ("So [1", "So [1, 2", "So [12", "As shown before [12")]
    [True, False, False, True]
    """

    passages: tuple[Passage, ...]

    def allows_prefix(self, text: str) -> bool:
        """Say whether all passages named so far exist."""
        return all(
            self._exist(match["numbers"]) or self._is_quoted(text[: match.start()], match.group())
            for match in _CITED.finditer(text)
        )

    def allows_complete(self, text: str) -> bool:
        """Say whether all passages named exist."""
        return self.allows_prefix(text)

    @cached_property
    def _sources(self) -> list[str]:
        return ["".join(passage.text.split()) for passage in self.passages]

    def _exist(self, numbers: str) -> bool:
        return all(1 <= int(number) <= len(self.passages) for number in re.findall(r"\d+", numbers))

    def _is_quoted(self, before: str, mark: str) -> bool:
        context = "".join(before.split())[-_CONTEXT:]
        return bool(context) and any(context + "".join(mark.split()) in source for source in self._sources)


@dataclass(frozen=True, slots=True)
class TokenCheck:
    """Whether a token may come next, for all conditions that a text is held to."""

    conditions: Sequence[Condition]
    text: Callable[[Sequence[int]], str]  # of tokens; bytes of a character begun as surrogates
    stop_ids: frozenset[int]

    @property
    def names(self) -> str:
        """Name the conditions, for messages."""
        return ", ".join(type(condition).__name__ for condition in self.conditions)

    def allows(self, written: Sequence[int], token_id: int) -> bool:
        """Say whether the text keeps them with this token: as a start, or as it is where it ends there."""
        if token_id in self.stop_ids:
            text = self.text(written)
            is_whole = _BEGUN.search(text) is None
            return is_whole and all(condition.allows_complete(text) for condition in self.conditions)
        text = self.text([*written, token_id])
        return all(condition.allows_prefix(text) for condition in self.conditions)


_NAMED: dict[str, Callable[[tuple[Passage, ...]], Condition]] = {
    "citations": CitationExists,
    "quotes": QuoteOccurs,
}


def conditions_of(names: Sequence[str], passages: Sequence[Passage]) -> tuple[Condition, ...]:
    """Give the conditions of these names, over the passages of a prompt.

    Raises:
        InvalidInputError: there is no such condition.
    """
    if unknown := [name for name in names if name not in _NAMED]:
        raise InvalidInputError(f"no condition {unknown[0]!r}; choose of: {', '.join(_NAMED)}")
    return tuple(_NAMED[name](tuple(passages)) for name in names)


def _quotations(text: str) -> Iterator[tuple[str, bool]]:
    """Give what stands in quotation marks, in order, and whether it is still open, as the last may be."""
    opening = _OPENING.search(text)
    while opening is not None:
        start = opening.end()
        ends = [end for mark in _CLOSING[opening.group()] if (end := text.find(mark, start)) >= 0]
        if not ends:
            yield text[start:], True
            return
        yield text[start : min(ends)], False
        opening = _OPENING.search(text, min(ends) + 1)


def _begins(begun: bytes, characters: str) -> bool:
    """Say whether bytes are the start of one of these characters; no bytes are the start of anything."""
    return not begun or any(character.encode().startswith(begun) for character in characters)


def _is_whole(text: str, start: int, end: int) -> bool:
    return not _is_inside_word(text, start) and not _is_inside_word(text, end)


def _is_inside_word(text: str, place: int) -> bool:
    """Say whether a word or number goes on across a place; scripts without cases may be cut anywhere."""
    pair = text[max(place - 1, 0) : place + 1]
    return place > 0 and len(pair) == 2 and (all(map(_has_case, pair)) or pair.isdigit())


def _has_case(character: str) -> bool:
    return character.lower() != character.upper()
