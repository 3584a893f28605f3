"""A follow-up, made to stand alone by the generator, and checked: what it must keep and may not add.

The rules of followups.py stand where there is no model that can, and where its text fails the check.
"""

import re
from collections.abc import Sequence

from rag.core.protocols import Message
from rag.scoring.words import content_words

__all__ = ["is_faithful"]

_TOKEN = re.compile(r"[^\W_][\w’'.-]*\w|\w")
_KATAKANA = re.compile("[ァ-ヴー]{2,}")  # Japanese writes foreign names so
_MAX_NEW = 2  # words that nobody said: a rewrite needs "of", "kept", no more
_MAX_CHARS = 400


def is_faithful(rewritten: str, question: str, history: Sequence[Message]) -> bool:
    """Say whether a rewrite keeps the question's names and figures and brings in nothing that nobody said.

    >>> said = [Message("user", "How long are readings kept in the archive of Oslo?")]
    >>> is_faithful("How long are readings kept on the HX-240?", "And on the HX-240?", said)
    True
    >>> is_faithful("How long are readings kept in Bergen?", "And on the HX-240?", said)
    False
    """
    if not rewritten or "\n" in rewritten or len(rewritten) > _MAX_CHARS:
        return False
    kept = _names(question) <= set(content_words(rewritten))
    said = " ".join([question, *(message.content for message in history)])
    new = set(content_words(rewritten)) - set(content_words(said))
    return kept and not _names(rewritten) & new and len(new) <= _MAX_NEW


def _names(text: str) -> set[str]:
    """Give the words of figures and of what is written with a capital, but for the first."""
    tokens = _TOKEN.findall(text)
    named = [
        token
        for at, token in enumerate(tokens)
        if any(character.isdigit() for character in token) or (at > 0 and token[0].isupper())
    ]
    return {word for name in (*named, *_KATAKANA.findall(text)) for word in content_words(name)}
