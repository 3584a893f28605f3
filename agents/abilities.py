"""Requests that what only quotes cannot do: to translate, to shorten, to write something of its own.

Knows whole utterances in English; a question about translating is a question like any other.
"""

import re

__all__ = ["declined"]

_POLITE = r"(?:please,? )?(?:(?:can|could|would|will) you (?:please )?)?(?:now )?"
_IT = r"(?:it|that|this|them|the (?:last |whole )?(?:answer|text|document|handbook|page|result))"
_TONGUE = (
    r"(?:english|german|french|spanish|italian|portuguese|dutch|swedish|polish|russian|turkish|arabic|hindi"
    r"|chinese|japanese|korean|another language)"
)
_REQUESTS = (
    rf"(?:translate|rephrase|reword|paraphrase|rewrite|shorten|simplify|expand on)(?: {_IT})?",
    rf"translate .{{1,80}} (?:in)?to {_TONGUE}",
    rf"(?:(?:say|write|explain|put|repeat|answer|give)(?: {_IT}| me)?(?: again)? )?in (?:{_TONGUE}|(?:other"
    r"|simple|simpler|plain|fewer|your own) (?:words|terms|english))",
    rf"(?:make|keep|explain|say|put) {_IT} (?:more |less )?"
    r"(?:short|shorter|brief|briefer|simple|simpler|simply|longer|clearer|clearly|formal|detailed)",
    r"(?:more )?(?:shorter|simpler|briefly)",
    r"(?:write|compose|draft|make)(?: me| us)? (?:an?|some|the) (?:\w+ )?"
    r"(?:poem|song|haiku|story|e-?mail|mail|letter|essay|speech|tweet|blog post|article|code)"
    r"(?: (?:about|on|for|to|from|that|of|in|with) .*)?",
    r"(?:tell|give) (?:me|us) an? (?:\w+ )?(?:joke|story|riddle)\b.*",
)
_WHOLE = re.compile(rf"\W*{_POLITE}(?:{'|'.join(_REQUESTS)})(?:,? please)?\W*", re.IGNORECASE)
_REPLY = (
    "I quote the documents in their own words; I do not translate, shorten or write. With a language model"
    " as the generator I can (docs/generation.md). Ask me what the documents say."
)
_MAX_CHARS = 160


def declined(utterance: str) -> str | None:
    """Give the reply to a request for words that no document holds; None for anything else.

    >>> declined("Translate the notes into German, please!") is None, declined("Who may translate them?")
    (False, None)
    """
    return _REPLY if len(utterance) <= _MAX_CHARS and _WHOLE.fullmatch(utterance) else None
