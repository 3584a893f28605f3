"""How something is done, where a section that is named so shows it in code.

Knows Markdown's headings and fences; pure functions.
"""

import re
from collections.abc import Iterator, Sequence

from rag.core.types import Passage
from rag.reading.prose import is_markup
from rag.reading.questions import asked_words, asks_how
from rag.scoring.fences import is_fenced
from rag.scoring.rows import is_row
from rag.scoring.sentences import sentence_spans
from rag.scoring.words import content_words

__all__ = ["asked_instructions"]

_HEADING = re.compile(r"#{1,6}[ \t]")
_INSIDE = re.compile(r"(?<=[a-z\d])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_DENIED = re.compile(r"(?:\b(?:not|no|never|without|cannot)\b|n['’]t\b)([^,;.:]{1,40})", re.IGNORECASE)
_MAX_OTHERS = 2  # words of a heading that the question does not have
_MAX_SENTENCES = 3  # before the code
_SHORT = 10  # lines of code, with its fences; longer ones show more than what is asked for
_Span = tuple[int, int]


def asked_instructions(question: str, passages: Sequence[Passage]) -> tuple[Passage, list[_Span]] | None:
    r"""Give the code and what leads to it of a section whose heading names what a question asks how to do.

    Each word of the question stands in the headings, the title or what is given, of long code in what leads
    to it; where the passage begins below the heading, in what is given or the title. The sentence before
    the code denies none of them that the question does not. Of such sections it is the one whose heading
    says least besides, in it the first code of those that have most of the words.

    >>> text = "## Sending JSON\n\nUse the keyword:\n\n```py\npost(url, json=data)\n```\n\nThat is all."
    >>> page = Passage("", "", 1, "", "Quick start", None, 0, len(text), 1.0, text)
    >>> passage, spans = asked_instructions("How do I send JSON?", [page])
    >>> [text[start:end] for start, end in spans]
    ['Use the keyword:', '```py\npost(url, json=data)\n```']
    >>> asked_instructions("How do I receive JSON?", [page]) is None
    True
    """
    asked = set(asked_words(question)) if asks_how(question) else set()
    found: list[tuple[tuple[int, int], Passage, list[_Span]]] = []
    for passage in passages if asked else ():
        above = _words(" ".join(part for part in passage.heading if not is_row(part)))
        titled = _words(passage.title)
        for heading, is_first, spans in _examples(passage.text):
            *leads, code = (passage.text[start:end] for start, end in spans)
            is_short = code.count("\n") <= _SHORT
            given = _words(" ".join((*leads, code) if is_short else leads))
            own = _words(heading)
            named = own | above if heading else asked & above
            is_said = asked <= given | titled | (named if heading else set())
            is_meant = not any(_denied(lead) & asked - _denied(question) for lead in leads[-1:])
            num_others = len({*content_words(_INSIDE.sub(" ", heading))} - asked)
            is_of_it = bool(asked & named) and (is_first or bool(asked & given))
            if is_of_it and is_said and is_meant and num_others <= _MAX_OTHERS:
                found.append(((num_others, -len(asked & given)), passage, spans))
    best = min(found, key=lambda each: each[0], default=None)
    return None if best is None else best[1:]


def _words(text: str) -> set[str]:
    """Give the words of a text, also those that its names are made of: `SessionMiddleware`."""
    return {*content_words(text), *content_words(_INSIDE.sub(" ", text))}


def _denied(text: str) -> set[str]:
    return set(content_words(" ".join(_DENIED.findall(text))))


def _examples(text: str) -> Iterator[tuple[str, bool, list[_Span]]]:
    """Give each block of code with what leads to it: first the heading above, if the text has that.

    Then whether it is the first one below.
    """
    heading, is_first, above = "", False, list[_Span]()
    for start, end in sentence_spans(text):
        sentence = text[start:end]
        if _HEADING.match(sentence):
            heading, is_first, above = sentence, True, []
        elif is_fenced(sentence):
            yield heading, is_first, [*above[-_MAX_SENTENCES:], (start, end)]
            is_first, above = False, []
        elif not is_markup(sentence):
            above.append((start, end))
