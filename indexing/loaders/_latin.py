"""In which encoding text of Latin letters is, where nothing says so: by the letters of its languages.

Knows how often languages use their letters beyond ASCII, roughly; does not know words.
"""

import math
import re
from functools import cache
from itertools import islice

__all__ = ["latin_encoding"]

# Of 1000 letters of running text; rounded from counts of letters that are published for each language.
_WEST = (
    "ü6 ä6 ö3 ß3",  # German
    "é19 à5 è3 ê2 ç1 â1 î1 ô1 û1 ù1 ë0.3 ï0.3 œ0.2",
    "ó8 í7 á5 é4 ñ3 ú2 ü0.2",  # Spanish
    "ã7 ç5 á5 é4 ê4 ó3 í2 ú2 õ1 à1 â1 ô1",
    "à6 è3 ù2 ò2 é1 ì1",  # Italian
    "å12 æ9 ø9 é0.2",
    "ä18 å13 ö13 é0.2",  # Swedish
    "í16 á18 ð44 æ9 ö8 þ15 ó10 ú6 ý2 é6",
    "é1 ë1 ï1 ö0.2 ü0.2",  # Dutch
)
_CENTRAL = (
    "ł18 ę11 ą10 ó8 ż8 ś7 ć4 ń2 ź0.6",  # Polish
    "í32 á22 ě16 é13 ř12 ž10 š8 č9 ý11 ů7 ú1 ť0.4 ň0.2 ď0.2",
    "á16 í10 é7 č11 ž10 š8 ý11 ú10 ľ4 ť6 ô2 ň2 ä1 ď2 ŕ0.1 ĺ0.1",  # Slovak
    "á35 é35 ö10 ó9 ő9 ü6 í6 ú3 ű2",
    "ă40 î12 ţ10 ş13 â9",  # Romanian
    "č10 š10 ž5 ć6 đ3",
)
_TURKISH = ("ı51 ü19 ş18 ç11 ğ11 ö8 â0.2 î0.1",)
_ENCODINGS: tuple[
    tuple[str, tuple[str, ...], float, float], ...
] = (  # what is taken off where nothing tells more, and the least mean; logarithms
    ("cp1252", _WEST, 0.0, -8.0),
    ("cp1250", _CENTRAL, 4.0, -8.0),
    ("cp1254", _TURKISH, 4.0, -8.0),
    ("iso8859-2", _CENTRAL, 5.0, -8.0),
    ("mac-roman", _WEST, 8.0, -6.0),
    ("cp850", _WEST, 8.0, -6.0),
)
_SIGNS = frozenset("“”„‘’‚–—…•€£¥°©®™§«»¿¡µ½¼¾²³·×±ªº\N{NO-BREAK SPACE}\N{SOFT HYPHEN}")
_INSIDE = frozenset("’\N{SOFT HYPHEN}·")  # signs that stand between letters, too
_ALONE = frozenset("àáéèóòíîyôêâú")  # letters that are words
_FOREIGN = math.log(0.02)
_SIGN, _OTHER, _CAPITAL = math.log(0.01), math.log(1e-6), math.log(0.3)
_BEYOND = re.compile(r"[^\x00-\x7f]")
_HIGH, _LETTER = re.compile(rb"[\x80-\xff]"), re.compile(rb"[A-Za-z\x80-\xff]")
_MAX_SHARE = 0.6  # of the letters that are beyond ASCII, in more than a word
_WORD = 4  # letters
_ENOUGH = 2000  # characters beyond ASCII


def latin_encoding(sample: bytes) -> str | None:
    """Give the likeliest encoding; None where no language has such letters, as in other scripts.

    >>> latin_encoding("Café, £20".encode("cp1252")), latin_encoding("było źle".encode("cp1250"))
    ('cp1252', 'cp1250')
    >>> latin_encoding("Все люди".encode("cp1251")) is None
    True
    """
    num_high, num_letters = len(_HIGH.findall(sample)), len(_LETTER.findall(sample))
    if num_high == 0 or (num_letters > _WORD and num_high > _MAX_SHARE * num_letters):
        return None
    scores = {}
    for encoding, languages, handicap, min_mean in _ENCODINGS:
        text = sample.decode(encoding, errors="replace")
        places = (match.start() for match in islice(_BEYOND.finditer(text), _ENOUGH))
        letters = [(text[max(at - 1, 0) : at], text[at], text[at + 1 : at + 2]) for at in places]
        best = max(sum(_fit(*each, shares) for each in letters) for shares in _shares(languages))
        if best > min_mean * len(letters):
            scores[encoding] = best - handicap
    return max(scores, key=scores.__getitem__, default=None)


def _fit(before: str, character: str, after: str, shares: dict[str, float]) -> float:
    """Give how likely a language has a character between two others."""
    letter = character.lower()
    is_joined = before.isalpha() or after.isalpha()
    if character in _SIGNS:
        return _SIGN if character in _INSIDE or not (before.isalpha() and after.isalpha()) else _OTHER
    if letter not in shares or not (is_joined or letter in _ALONE):
        return _OTHER
    if character == letter:
        return shares[letter]
    return _OTHER if before.islower() else shares[letter] + _CAPITAL


@cache
def _shares(languages: tuple[str, ...]) -> list[dict[str, float]]:
    """Give each language's letters, and with less those of the others: names come from everywhere."""
    own = [{part[0]: math.log(float(part[1:]) / 1000) for part in each.split()} for each in languages]
    foreign = {
        letter: max(each.get(letter, _OTHER) for each in own) + _FOREIGN for letter in set().union(*own)
    }
    return [foreign | each for each in own]
