"""Numbers in an answer of ours, as the calculator reads them."""

import re

__all__ = ["NUMBER", "numbers_in"]

_WORDS = {"k": "thousand", "m": "million", "b": "billion", "bn": "billion"}
NUMBER = re.compile(
    r"(?P<money>[$€£¥]\s?)?(?<![\w.])(?P<digits>-?\d+(?:,\d{3})*(?:\.\d+)?)"
    r"(?: (?P<word>thousand|million|billion)\b|(?(money)\s?(?P<letter>k|m|bn?)\b))?(?!\w|[.,]\d)",
    re.IGNORECASE,
)


def numbers_in(text: str) -> list[str]:
    """Give the numbers of a text, with the word for thousands; not those that stand within a word.

    >>> numbers_in("$1.5M, or 3.1 million"), numbers_in("40m of HX-240b, from 1,500k")
    (['1.5 million', '3.1 million'], [])
    """
    return [
        " ".join(
            filter(None, (match["digits"], match["word"] or _WORDS.get((match["letter"] or "").lower())))
        )
        for match in NUMBER.finditer(text)
    ]
