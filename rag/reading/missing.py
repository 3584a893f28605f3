"""What a question asks for and no passage holds: its own words, and what is said of them.

Knows words alone, of any script; it tells what was not found and never guesses what there is instead.
"""

import re
from collections.abc import Sequence

from rag.core.types import Missing, Passage
from rag.reading.forms import forms_of
from rag.reading.questions import asked_words, without_measure
from rag.reading.tables.superlatives import without_superlatives
from rag.scoring.languages import is_english
from rag.scoring.words import analyze, content_words

__all__ = ["missing", "missing_text"]

_TOKEN = re.compile(r"\d+(?:[.,]\d+)+|[^\W_]+(?:[’'][^\W_]+)*")
_MAX_TERMS = 8
_SHOWN_TERMS = 3
_MAX_NAME = 3  # words; a longer term that is the whole question names nothing


def missing(question: str, searched: str, passages: Sequence[Passage]) -> Missing:
    """Find the words of a question that no passage holds; those that stand side by side are one term.

    >>> found = [Passage("", "", 1, "", "Depot", None, 0, 21, 1.0, "The depot opens at 9.")]
    >>> missing("When does the Oslo depot open?", "the Oslo depot", found).terms
    ('Oslo',)
    >>> missing("How long must notes be kept?", "notes", found).terms
    ('notes', 'kept')
    >>> missing("Wie hoch ist die Kaution?", "die Kaution", found).terms
    ('Kaution',)
    """
    texts = (" ".join((passage.title, *passage.heading, passage.text)) for passage in passages)
    held = {word for text in texts for word in analyze(text)}
    asked = without_measure(question)
    telling = set(asked_words(without_superlatives(question)) or asked_words(question))
    if not is_english(question):
        held.update(*forms_of(telling, held).values())
    spans: list[tuple[int, int]] = []
    for token in _TOKEN.finditer(asked):
        for start, end in _missing_parts(token, held, telling):
            if spans and not asked[spans[-1][1] : start].strip():
                spans[-1] = (spans[-1][0], end)
            else:
                spans.append((start, end))
    terms = dict.fromkeys(asked[start:end] for start, end in spans)
    return Missing(searched, len(passages), tuple(terms)[:_MAX_TERMS])


def missing_text(question: str, gap: Missing) -> str:
    """Say what is missing, in one sentence.

    >>> missing_text("When does the Oslo depot open?", Missing("the Oslo depot", 1, ("Oslo",)))
    'The only passage found does not mention “Oslo”.'
    """
    if gap.num_passages == 0:
        return "Nothing was found that could hold it."
    is_one = gap.num_passages == 1
    subject = "The only passage found" if is_one else f"None of the {gap.num_passages} passages found"
    if not gap.terms:
        return f"{subject} {'does not answer' if is_one else 'answers'} it, though its words are there."
    is_all = set(asked_words(question)) <= set(analyze(gap.terms[0]))
    if is_all and len(content_words(gap.terms[0])) > _MAX_NAME:
        return f"{subject} {'has no' if is_one else 'has a'} word of the question."
    shown = [f"“{term}”" for term in gap.terms[:_SHOWN_TERMS]]
    listed = shown[0] if len(shown) == 1 else f"{', '.join(shown[:-1])} or {shown[-1]}"
    return f"{subject} {'does not mention' if is_one else 'mentions'} {listed}."


def _missing_parts(token: re.Match[str], held: set[str], telling: set[str]) -> list[tuple[int, int]]:
    """Give the spans of a token that no passage holds: the whole, or runs of a script without spaces."""
    text, offset = token.group(), token.start()
    words = [word for word in content_words(text) if word in telling]
    if not words or not any(word not in held for word in words):
        return []
    if not any(word in held for word in words):
        return [token.span()]
    # Some of it is held: a compound of such a script. What no held pair of characters covers is missing.
    covered = [False] * len(text)
    for at in range(len(text) - 1):
        if all(word in held for word in analyze(text[at : at + 2])):
            covered[at] = covered[at + 1] = True
    runs = re.finditer("0{2,}", "".join("01"[is_covered] for is_covered in covered))
    return [(offset + run.start(), offset + run.end()) for run in runs]
