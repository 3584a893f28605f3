"""Orders to search or to list, said as the questions that they are: "search for batteries".

Knows English; what is no such order is left as it is.
"""

import re

__all__ = ["as_question"]

_POLITE = r"\W*(?:please,? )?(?:(?:can|could|would) you (?:please )?)?"
_ABOUT = r"(?:information|something|anything|everything|what (?:there is|you have|you know))"
_SEARCH = re.compile(
    rf"{_POLITE}(?:search(?: the documents?)? for|look (?:in the documents? )?for"
    rf"|(?:find|show|give|get)(?: me)? {_ABOUT} (?:about|on)|{_ABOUT} (?:about|on))"
    r" (?P<what>[^?.!]{2,80}?)(?: please)?[\s?.!]*",
    re.IGNORECASE,
)
_LIST = re.compile(
    rf"{_POLITE}(?:list|name|show|give)(?: me)? (?:all|every one)(?: of)?(?: the| our| your)?"
    r" (?P<what>(?:[\w-]+ ){0,2}(?!documents|files|sources)[\w-]+s)"
    r"(?: that there are)?(?: please)?[\s?.!]*",
    re.IGNORECASE,
)


def as_question(order: str) -> str:
    """Give what is asked.

    >>> as_question("Search for batteries"), as_question("list all stations")
    ('Tell me about batteries', 'Which stations are there?')
    >>> as_question("Who searched for batteries?")
    'Who searched for batteries?'
    """
    if match := _SEARCH.fullmatch(order):
        return f"Tell me about {match['what']}"
    if match := _LIST.fullmatch(order):
        return f"Which {match['what']} are there?"
    return order
