"""In which encoding Cyrillic text is, where nothing says so: by how its words are written.

Short texts, as the names in a table, give no counts of letters that would tell.
"""

import re
from collections.abc import Sequence

__all__ = ["cyrillic_encoding"]

_ENCODINGS = ("cp1251", "koi8-r", "cp866")
_WORD = re.compile(r"[А-ЯЁЄІЇҐЎ]?[а-яёєіїґў]+")
_QUOTES = "«»“”„‘’…\N{NO-BREAK SPACE}"
_VOWEL = re.compile("[АЕИОаеиоё]")
_NO_HEBREW = re.compile("[А-ЯЁы-яё]")  # whose letters stand where cp1251 has other small ones
_MIN_SHARE = 0.8  # of the letters, in words that are small but for the first one
_MIN_VOWELS = 0.2  # of the letters: 0.35 is usual, 0.1 where Greek is read as cp1251


def cyrillic_encoding(words: Sequence[bytes]) -> str | None:
    """Give the encoding in which nearly all words have small letters, with perhaps a capital before them.

    Read as another one, they have capitals in their midst, or signs.

    >>> [cyrillic_encoding(["Пётр".encode(encoding)]) for encoding in ("cp1251", "koi8-r", "utf-8")]
    ['cp1251', 'koi8-r', None]
    """
    for encoding in _ENCODINGS:
        read = [word.decode(encoding, "replace").strip(_QUOTES) for word in words]
        letters = "".join(read)
        num_told = sum(len(word) for word in read if len(word) > 1 and _WORD.fullmatch(word))
        num_vowels = len(_VOWEL.findall(letters))
        is_likely = num_told > _MIN_SHARE * len(letters) and num_vowels > _MIN_VOWELS * len(letters)
        if is_likely and _NO_HEBREW.search(letters):
            return encoding
    return None
