"""What a word's script says of it: where words end in scripts without spaces, and how words are inflected.

Knows one word or run at a time, folded and in NFKC. Does not know which language a Latin word is of: it
folds accents and takes English endings off, which harms no language measured
(docs/experiments/retrieval.md).
"""

import re
import unicodedata
from collections.abc import Callable
from itertools import pairwise

import Stemmer

__all__ = ["CJK", "SOUTHEAST", "pieces", "stem"]

# Han with its iteration mark and zero, kana without the middle dot and Hangul, for a character class.
_IDEOGRAPHS = "\u3005-\u3007\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
CJK = f"\u3041-\u30fa\u30fc-\u30ff\uac00-\ud7af{_IDEOGRAPHS}"
# Letters and marks of Thai, Lao, Burmese and Khmer; not their digits and punctuation.
SOUTHEAST = (
    "\u0e01-\u0e3a\u0e40-\u0e4e\u0e81-\u0ece\u0edc-\u0edf"
    "\u1000-\u103f\u1050-\u108f\u109a-\u109d\uaa60-\uaa7f\u1780-\u17d3\u17d7\u17dc\u17dd"
)
_SOUTHEAST = re.compile(f"[{SOUTHEAST}]")
_HAN = re.compile(f"[{_IDEOGRAPHS}]")
_MARKS = (
    "\u0e31\u0e34-\u0e3a\u0e47-\u0e4e\u0eb1\u0eb4-\u0ebc\u0ec8-\u0ece"
    "\u102b-\u103e\u1056-\u1059\u105e-\u1060\u1062-\u1064\u1067-\u106d\u1071-\u1074"
    "\u1082-\u108d\u108f\u109a-\u109d\uaa7b-\uaa7d\u17b4-\u17d3\u17dd"
)
# A letter with the vowel written before it, its marks, and the letters stacked below it.
_CLUSTER = re.compile(
    rf"[\u0e40-\u0e44\u0ec0-\u0ec4]?[^{_MARKS}](?:[\u1039\u17d2][^{_MARKS}]|[{_MARKS}])*|.", re.DOTALL
)


def pieces(run: str) -> list[str]:
    """Give the overlapping pairs of a run without spaces, and what may be a word alone.

    Alone stand Han characters, and in Thai, Lao, Burmese and Khmer letters with marks, often a syllable.

    >>> pieces("検索する"), pieces("กินข้าว")
    (['検索', '索す', 'する', '検', '索'], ['กิน', 'นข้', 'ข้า', 'าว', 'กิ', 'ข้'])
    """
    if _SOUTHEAST.match(run):
        characters = _CLUSTER.findall(run)
        alone = [character for character in characters if len(character) > 1]
    else:
        characters, alone = list(run), _HAN.findall(run)
    if len(characters) == 1:
        return characters
    return [first + second for first, second in pairwise(characters)] + alone


def stem(word: str) -> str:
    """Give a word without its inflection, by the rules of the language that its letters are of.

    >>> stem("running"), stem("cafés"), stem("книгами"), stem("والكتاب"), stem("٢٠٢٦")
    ('run', 'cafe', 'книг', 'كتاب', '2026')
    """
    if word.isascii():
        return _english(word)
    word = word.translate(_DIGITS)
    first = next((character for character in word if character > "\x7f"), "")
    for start, end, rules in _RULES:
        if start <= first <= end:
            return rules(word) or word
    return word


def _snowball(language: str) -> Callable[[str], str]:
    stem_word: Callable[[str], str] = Stemmer.Stemmer(language, 0).stemWord
    return stem_word


_english, _russian, _hindi = _snowball("english"), _snowball("russian"), _snowball("hindi")
_snowball_arabic, _snowball_greek = _snowball("arabic"), _snowball("greek")

_DIGITS = {
    code: str(unicodedata.decimal(chr(code)))
    for code in range(0x80, 0x20000)
    if unicodedata.decimal(chr(code), None) is not None
}
_UNDECOMPOSED = str.maketrans({"ı": "i", "ł": "l", "ø": "o", "æ": "ae", "œ": "oe"})
# Letters that only Vietnamese has: hook, horn, dot below a vowel, a tone above another mark.
_VIETNAMESE = re.compile("đ|[\u0309\u031b]|[aeiouy]\u0323|[\u0302\u0306][\u0300\u0301\u0303]")


def _without_accents(word: str) -> str:
    return "".join(part for part in unicodedata.normalize("NFD", word) if not unicodedata.combining(part))


def _latin(word: str) -> str:
    """Fold accents, as people leave them out; but in Vietnamese they part words."""
    if _VIETNAMESE.search(unicodedata.normalize("NFD", word)):
        return word
    return _english(_without_accents(word).translate(_UNDECOMPOSED))


def _greek(word: str) -> str:
    return _snowball_greek(_without_accents(word))


_STRESS = re.compile("[\u0300\u0301]")


def _cyrillic(word: str) -> str:
    return _russian(_STRESS.sub("", word).replace("ё", "е"))


_ARABIC_POINTS = re.compile("[\u0610-\u061a\u0640\u064b-\u065f\u0670\u06d6-\u06ed]")  # and tatweel
_ARABIC_SAME = str.maketrans("أإآٱىیکةؤئ", "ااااييكهوي")
_ARABIC_PREFIXES = ("ال", "بال", "كال", "فال", "لل")
_ARABIC_SUFFIXES = ("ها", "ان", "ات", "ون", "ين", "يه", "ه", "ي")


def _arabic(word: str) -> str:
    """Take off points, articles and endings, then what Snowball knows.

    Source: Larkey, Ballesteros & Connell, Light Stemming for Arabic Information Retrieval, 2007 (light10).
    """
    word = _ARABIC_POINTS.sub("", word).translate(_ARABIC_SAME)
    if word.startswith("و") and len(word) > 3:
        word = word[1:]
    for prefix in _ARABIC_PREFIXES:
        if word.startswith(prefix) and len(word) >= len(prefix) + 2:
            word = word[len(prefix) :]
            break
    for suffix in _ARABIC_SUFFIXES:
        if word.endswith(suffix) and len(word) >= len(suffix) + 2:
            word = word[: -len(suffix)]
    return _snowball_arabic(word)


# First and last character of a block, and the rules for words whose first letter outside ASCII is in it.
_RULES: tuple[tuple[str, str, Callable[[str], str]], ...] = (
    ("\u00aa", "\u036f", _latin),
    ("\u1e00", "\u1eff", _latin),
    ("\u0370", "\u03ff", _greek),
    ("\u1f00", "\u1fff", _greek),
    ("\u0400", "\u052f", _cyrillic),
    ("\u0600", "\u06ff", _arabic),
    ("\u0900", "\u097f", _hindi),
)
