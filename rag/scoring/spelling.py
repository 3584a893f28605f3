"""Words of a question that are no words, but one slip away from one that a text has.

A slip is a letter too many, one too few, another one, or two exchanged (Damerau, A Technique for Computer
Detection and Correction of Spelling Errors, 1964); the first letter is right, as search engines assume of
queries, or the first two are exchanged. Knows no dictionary: the caller says which words are known.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence

from rag.scoring.words import analyze, content_words

__all__ = ["is_slip", "respellings", "spelt"]

_WORD = re.compile(r"(?<![\w.@-])[^\W\d_]+(?![\w@-])")
_PAIR = re.compile(r"(?<![\w.@-])(?=([^\W\d_]{2,})([ -])([^\W\d_]{2,})(?![\w@-]))")
_ASKING = "how much many long often what when where which does cost price".split()
_BRITISH = tuple(
    (re.compile(pattern), common)
    for pattern, common in (
        (r"(?<=\w{2})our(?!t|s?e|n)", "or"),  # colour, neighbours
        (r"(?<=\w{2})is(?=e[ds]?$|ing$|ations?$)", "iz"),  # organise
        (r"(?<=[btv])re(?=s?$)", "er"),  # centre, fibre
        (r"(?<=en)[cs](?=e[ds]?$)", "s"),  # licence, defence
        (r"(?<=[aeiou])ll(?=er$|ation$)", "l"),  # traveller
        (r"ogue(?=s?$)", "og"),  # catalogue
        (r"(?<=ogram)me(?=s?$)", ""),  # programme
        (r"^tyre", "tire"),
        (r"^grey", "gray"),
        (r"^cheque", "check"),
    )
)
_MIN_LETTERS = 5
_MIN_NAME_LETTERS = 6
_MIN_ASKING_LETTERS = 3


def respellings(question: str, texts: Iterable[str], is_known: Callable[[str], bool]) -> dict[str, str]:
    """Give each word of the question that is misspelt, and the word of the texts that it is read as.

    "License" is read as "licence" where the texts have that. Any other word is left alone where a text has
    it, it carries no content ("whats") or is known, where it is part of a code, and where it has fewer than
    five letters (a capitalised one six), unless it asks ("mcuh") or sounds alike ("foto"). Of several words
    the one that the texts have most often is taken.

    Args:
        question: what is asked.
        texts: what was found for it.
        is_known: whether a word in lower case is one, or may be.

    >>> texts = ["To cancel, write a letter. The warranty is void."]
    >>> respellings("how do I cancle the warrenty", texts, lambda word: word in ("how", "do", "i", "the"))
    {'cancle': 'cancel', 'warrenty': 'warranty'}

    What the texts write as one word, or as two, is read so.

    >>> respellings("how do I back up over wifi", ["A backup", "takes Wi-Fi."], lambda word: True)
    {'back up': 'backup', 'wifi': 'Wi-Fi'}
    """
    texts = list(texts)
    held = frozenset(word for text in texts for word in analyze(text))
    counts = Counter(word for text in texts for word in map(str.lower, _WORD.findall(text)))
    found = _compounds(question, texts, held)
    parts = {word for other in found for word in other.split()}
    for match in _WORD.finditer(question):
        word = match[0]
        if word in parts or held.issuperset(analyze(word)) or not content_words(word):
            continue
        is_name = word[0].isupper() and match.start() > 0
        if (other := _reading(word.lower(), counts, is_known, is_name=is_name)) is not None:
            found[word] = other
    return found


def _compounds(question: str, texts: Sequence[str], held: frozenset[str]) -> dict[str, str]:
    """Give what of the question the texts write as one word, or as two."""
    pairs = {first + second: first + gap + second for text in texts for first, gap, second in _pairs(text)}
    lowered = {pair.lower(): written for pair, written in pairs.items()}
    found = {}
    for first, gap, second in _pairs(question):
        one = (first + second).lower()
        if content_words(first) and one not in lowered and held.issuperset(analyze(one)):
            found[first + gap + second] = one
    ones = (word for word in _WORD.findall(question) if word.lower() in lowered)
    return found | {one: lowered[one.lower()] for one in ones if not held.issuperset(analyze(one))}


def _pairs(text: str) -> list[tuple[str, str, str]]:
    found: list[tuple[str, str, str]] = _PAIR.findall(text)
    return found


def _reading(
    word: str, counts: Mapping[str, int], is_known: Callable[[str], bool], *, is_name: bool
) -> str | None:
    """Give the word of the texts, by how often they have it, that another one is meant to be."""
    if same := [other for other in counts if other[0] == word[0] and _british(other) == _british(word)]:
        return same[0]
    if is_known(word):
        return None
    asking = [other for other in _ASKING if len(word) >= _MIN_ASKING_LETTERS and is_slip(word, other)]
    if asking and not is_name:
        return asking[0]
    if alike := [other for other in counts if _sound(other) == _sound(word)]:
        return alike[0]
    least = _MIN_NAME_LETTERS if is_name else _MIN_LETTERS
    others = [other for other in counts if len(other) >= _MIN_LETTERS - 1 and is_slip(word, other)]
    return max(others, key=lambda other: (counts[other], other)) if others and len(word) >= least else None


def is_slip(word: str, other: str) -> bool:
    """Say whether two words differ by one slip, and not in the first letter alone.

    >>> [is_slip("cancle", other) for other in ("cancel", "candle", "cancle", "cable", "uncle")]
    [True, True, False, False, False]
    """
    if word == other or abs(len(word) - len(other)) > 1:
        return False
    start = next((n for n, pair in enumerate(zip(word, other, strict=False)) if pair[0] != pair[1]), None)
    start = min(len(word), len(other)) if start is None else start
    rest, left = word[start:], other[start:]
    if rest[:2] == left[1::-1] and rest[2:] == left[2:] and len(left) > 1:
        return True
    return start > 0 and (rest[1:] == left[1:] or rest[1:] == left or rest == left[1:])


def _british(word: str) -> str:
    """Give what British and American spellings of a word have in common."""
    for pattern, common in _BRITISH:
        word = pattern.sub(common, word)
    return word


def _sound(word: str) -> str:
    return word.replace("ph", "f")


def spelt(text: str, slips: Mapping[str, str]) -> str:
    """Write a text with the words that its misspelt ones are read as.

    >>> spelt("how do I back up mcuh?", {"mcuh": "much", "back up": "backup"})
    'how do I backup much?'
    """
    keys = "|".join(map(re.escape, sorted(slips, key=len, reverse=True)))
    return (
        re.sub(rf"(?<![\w.@-])(?:{keys})(?![\w@-])", lambda match: slips[match[0]], text) if keys else text
    )
