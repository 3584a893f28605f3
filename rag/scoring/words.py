"""Text -> the words that search compares; every store indexes these, so all agree.

Knows Unicode words, English inflection and that Chinese, Japanese and Korean are written without
spaces. Does not know phrases, spelling or other languages' inflection.
"""

import re
import unicodedata
from functools import lru_cache

import Stemmer

__all__ = ["analyze", "content_words", "query_words"]

_STOP_WORDS = frozenset(
    """a about after all also am an and any are as at be because been before being between both but by
    can could did do does doing during each for from further had has have having he her here hers
    him his how i if in into is it its itself just me more most my no nor not of off on once only or
    other our out over own same she should so some such than that the their them then there these
    they this those through to too under until up very was we were what when where which while who
    whom whose why will with would you your
    """.split()
)

_CJK = "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af\uf900-\ufaff"
# Marks belong to the letter before them, though \w lacks them: the vowels of Hindi, the points of Hebrew.
_MARKS = "".join(
    chr(code)
    for code in (*range(0x300, 0xFE00), *range(0xFE20, 0x10000))  # without variation selectors
    if unicodedata.category(chr(code)) in ("Mn", "Mc")
)
_WORD = re.compile(rf"[{_CJK}]+|\d+(?:[.,]\d+)+|[^\W_{_CJK}]+(?:[{_MARKS}]+[^\W_{_CJK}]*)*")
_IS_CJK = re.compile(f"[{_CJK}]")


def analyze(text: str) -> list[str]:
    """Give the words of a text in order: case and inflection removed, stop words kept.

    Runs of Chinese, Japanese or Korean characters become overlapping pairs.

    >>> analyze("The Cats' 3.5 running_speeds")
    ['the', 'cat', '3.5', 'run', 'speed']
    >>> analyze("検索拡張")
    ['検索', '索拡', '拡張']
    """
    words: list[str] = []
    folded = unicodedata.normalize("NFKC", text).casefold()
    for word in _WORD.findall(unicodedata.normalize("NFKC", folded)):  # folding takes some letters apart
        if _IS_CJK.match(word):
            words += [word[i : i + 2] for i in range(len(word) - 1)] or [word]
        else:
            words.append(_stem(word))
    return words


def content_words(text: str) -> list[str]:
    """Give the words of a text without those that carry no content.

    >>> content_words("What is the warranty of a sensor?")
    ['warranti', 'sensor']
    """
    return [word for word in analyze(text) if word not in _STOP_STEMS]


def query_words(text: str) -> list[str]:
    """Give the distinct words to search for: without stop words, unless there is nothing else.

    >>> query_words("the sensor of the sensor"), query_words("to be or not to be")
    (['sensor'], ['to', 'be', 'or', 'not'])
    """
    return list(dict.fromkeys(content_words(text) or analyze(text)))


_STEMMER = Stemmer.Stemmer("english", 0)


@lru_cache(maxsize=200_000)
def _stem(word: str) -> str:
    stem: str = _STEMMER.stemWord(word)
    return stem


_STOP_STEMS = frozenset(_stem(word) for word in _STOP_WORDS) | {"s", "t"}
