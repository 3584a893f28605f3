"""Text -> the words that search compares; every store indexes these, so all agree.

Knows Unicode words; _scripts.py knows inflection and the scripts that are written without spaces. Does
not know phrases, spelling or the language of a text: a word is analysed alike in documents and queries.
"""

import re
import unicodedata
from functools import lru_cache

from rag.scoring._scripts import CJK, SOUTHEAST, pieces, stem

__all__ = ["analyze", "content_words", "distinct", "query_words"]

_STOP_WORDS = frozenset(
    """a about after all also am an and any are as at be because been before being between both but by
    can could did do does doing during each for from further had has have having he her here hers
    him his how i if in into is it its itself just me more most my no nor not of off on once only or
    other our out over own same she should so some such than that the their them then there these
    they this those through to too under until up very was we were what when where which while who
    whom whose why will with would you your
    """.split()
)
_CONTRACTED = re.compile(
    r"\b(?:is|are|was|were|do|does|did|has|have|had|ca|could|would|should|must|might|need|wo|sha|ai)n['’]t\b"
    r"|(?<=[a-z])['’](?:re|ve|ll|d|m)\b",
    re.IGNORECASE,
)

# Marks belong to the letter before them, though \w lacks them: the vowels of Hindi, the points of Hebrew.
_MARKS = "".join(
    chr(code)
    for code in (*range(0x300, 0xFE00), *range(0xFE20, 0x10000))  # without variation selectors
    if unicodedata.category(chr(code)) in ("Mn", "Mc") and not re.match(f"[{SOUTHEAST}]", chr(code))
)
_LETTER = rf"[^\W_{CJK}{SOUTHEAST}]"
_NUMBER = r"\d+(?:[.,]\d+)+"
_WORD = re.compile(rf"([{CJK}]+|[{SOUTHEAST}]+)|({_NUMBER}|{_LETTER}+(?:[{_MARKS}]+{_LETTER}*)*)")
_ASCII_WORD = re.compile(rf"{_NUMBER}|[^\W_]+")
_PARTED_NUMBER = re.compile(r"\d[.,]\d")
_BETWEEN_WORDS = "".join(chr(code) if chr(code).isalnum() else " " for code in range(128))


def analyze(text: str) -> list[str]:
    """Give the words of a text in order: case, accents and inflection removed, stop words kept.

    Runs of scripts without spaces become overlapping pairs of characters, and Han characters alone.

    >>> analyze("The Cats' 3.5 running_speeds")
    ['the', 'cat', '3.5', 'run', 'speed']
    >>> analyze("検索, поиска")
    ['検索', '検', '索', 'поиск']
    """
    if text.isascii():  # most text, three times as fast
        return [_stem(word) for word in _ascii_words(text)]
    words: list[str] = []
    folded = unicodedata.normalize("NFKC", text).casefold()
    # Folding takes some letters apart, so the text is composed again.
    for run, word in _WORD.findall(unicodedata.normalize("NFKC", folded)):
        if word:
            words.append(_stem(word))
        else:
            words += pieces(run)
    return words


def distinct(text: str) -> frozenset[str]:
    """Give the words of a text, each once, in half the time of `analyze`.

    >>> sorted(distinct("The cats, the cat"))
    ['cat', 'the']
    """
    if text.isascii():
        return frozenset(map(_stem, set(_ascii_words(text))))
    pieces = text.split()  # no word reaches over a space
    words = set(_ascii_words(" ".join([piece for piece in pieces if piece.isascii()])))
    others = analyze(" ".join([piece for piece in pieces if not piece.isascii()]))
    return frozenset(map(_stem, words)).union(others)


def content_words(text: str) -> list[str]:
    """Give the words of a text without those that carry no content.

    >>> content_words("What is the warranty of a sensor?")
    ['warranti', 'sensor']
    >>> content_words("Why wouldn't they've rung Don?")
    ['rung', 'don']
    """
    if "'" in text or "’" in text:
        text = _CONTRACTED.sub(" ", text)
    return [word for word in analyze(text) if word not in _STOP_STEMS]


def query_words(text: str) -> list[str]:
    """Give the distinct words to search for: without stop words, unless there is nothing else.

    >>> query_words("the sensor of the sensor"), query_words("to be or not to be")
    (['sensor'], ['to', 'be', 'or', 'not'])
    """
    return list(dict.fromkeys(content_words(text) or analyze(text)))


def _ascii_words(text: str) -> list[str]:
    lowered = text.lower()
    if _PARTED_NUMBER.search(lowered):
        return _ASCII_WORD.findall(lowered)
    return lowered.translate(_BETWEEN_WORDS).split()  # half the time


@lru_cache(maxsize=200_000)
def _stem(word: str) -> str:
    return stem(word)


_STOP_STEMS = frozenset(_stem(word) for word in _STOP_WORDS) | {"s", "t"}
