"""The text that is shown of what a model writes: without marks of its own making, and fetching nothing.

A model's "[1]" says nothing about where a sentence comes from; Grove finds that out itself. A mark that
the passages have in the same place belongs to the quoted text and stays. An image is fetched as soon as a
client shows it, and its address can carry away what the prompt held: a space takes it apart.
"""

import re
from collections.abc import Sequence

from rag.core.types import Passage

__all__ = ["AnswerStream", "shown_whole"]

_MAX_MARK = 40
_MARK = re.compile(
    rf"""[ \t]*(?:
      \[(?=[^\]\n]{{1,{_MAX_MARK}}}\])\s*\^?(?:(?:passage|source|document|doc|citation|reference|ref)s?\s*)?[\#:]?\s*
        \d{{1,3}}(?:\s*(?:,|;|-|–|and|&)\s*\^?\d{{1,3}})*\s*\]
    | 【[^】\n]{{0,{_MAX_MARK}}}】
    | \((?=[^)\n]{{1,{_MAX_MARK}}}\))\s*(?:passage|source|document|citation)s?\s*[\#:]?\s*
        \d{{1,3}}(?:\s*(?:,|;|-|–|and|&)\s*\d{{1,3}})*\s*\)
    )""",
    re.VERBOSE | re.IGNORECASE,
)
# How Markdown and HTML begin what a reader's browser fetches, or runs, unasked.
_FETCHED = re.compile(
    r"!(?=\[)|<(?=(?:img|image|picture|source|video|audio|track|iframe|frame|embed|object|script|svg|link"
    r"|meta|base|style|form|input|portal)\b)",
    re.IGNORECASE,
)
_BEGINNING = re.compile(r"(?:!|<\w{0,7})\Z")
# What may still become a mark or such a thing, with the white space before it.
_UNDECIDED = re.compile(
    rf"(?<!\s)\s*!?(?:<\w{{0,7}}|\[[^\]\n]{{0,{_MAX_MARK}}}|\([^)\n]{{0,{_MAX_MARK}}}|【[^】\n]{{0,{_MAX_MARK}}})?\Z"
)
_CONTEXT = 16
_NEAR = 6  # characters before a mark that are enough: what is quoted begins anew behind a short answer


class AnswerStream:
    """Turn a model's text, piece by piece, into what is shown.

    Law: the outputs joined depend on the inputs joined only, have no white space around them, and
    feeding them again changes nothing.

    >>> stream = AnswerStream([])
    >>> [stream.feed(" It is so ["), stream.feed("1]."), stream.feed("![x](http://a.b)"), stream.finish()]
    ['It is so', '.', '! [x](http://a.b)', '']
    """

    def __init__(self, passages: Sequence[Passage]) -> None:
        self._sources = ["".join(passage.text.split()) for passage in passages]
        self._pending = ""  # may still become a mark
        self._space = ""  # shown only when something follows
        self._tail = ""  # the end of what was shown, without white space

    def feed(self, text: str) -> str:
        """Take the next piece; give what can be shown now, which may be nothing."""
        self._pending += text
        cut = _decided(self._pending)
        ready, self._pending = self._pending[:cut], self._pending[cut:]
        return self._show(ready)

    def finish(self) -> str:
        """Give the rest."""
        ready, self._pending = self._pending, ""
        return self._show(ready)

    def _show(self, ready: str) -> str:
        ready = _FETCHED.sub(r"\g<0> ", ready)
        shown: list[str] = []
        position = 0
        for match in _MARK.finditer(ready):
            shown.append(self._emit(ready[position : match.start()]))
            if self._is_quoted(match.group()):
                shown.append(self._emit(match.group()))
            elif _BEGINNING.search(self._tail):
                shown.append(self._emit(" "))  # what the mark had kept apart stays so
            position = match.end()
        shown.append(self._emit(ready[position:]))
        return "".join(shown)

    def _emit(self, text: str) -> str:
        spaced = self._space + text
        shown = spaced.rstrip()
        if not shown:
            self._space = spaced if self._tail else ""
            return ""
        self._space = spaced[len(shown) :]
        if not self._tail:
            shown = shown.lstrip()
        self._tail = (self._tail + "".join(shown.split()))[-_CONTEXT:]
        return shown

    def _is_quoted(self, mark: str) -> bool:
        contexts = [before + "".join(mark.split()) for before in (self._tail, self._tail[-_NEAR:])]
        return bool(self._tail) and any(each in source for source in self._sources for each in contexts)


def shown_whole(text: str, passages: Sequence[Passage]) -> str:
    """Give what `AnswerStream` shows of a whole text.

    >>> shown_whole("It is so [1].", [])
    'It is so.'
    """
    stream = AnswerStream(passages)
    return stream.feed(text) + stream.finish()


def _decided(text: str) -> int:
    """Give up to where it is clear what is a mark: none that is complete is cut in two."""
    start = 0
    while True:
        match = _UNDECIDED.search(text, start)
        cut = match.start() if match else len(text)
        whole = next((mark for mark in _MARK.finditer(text) if mark.start() < cut < mark.end()), None)
        if whole is None:
            return cut
        start = whole.end()
