"""What a claim says otherwise than the sentences that seem to support it: numbers, names and negation.

Pure functions over words of English; how alike the rest is, is features.py's.
"""

import re
from collections.abc import Collection, Sequence

from rag.generation.features import Unit
from rag.scoring.words import content_words

__all__ = ["agrees_in_negation", "contradicts", "missing_names", "missing_numbers"]

_NUMBER = re.compile(r"\d+(?:[.,]\d+)*")
_UNITS = "zero one two three four five six seven eight nine".split()
_TEENS = "ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen".split()
_TENS = "twenty thirty forty fifty sixty seventy eighty ninety".split()
_NUMBER_WORDS = {word: value for value, word in enumerate([*_UNITS, *_TEENS])} | {
    word: 10 * value for value, word in enumerate(_TENS, 2)
}
# "zero" and "one" alone are words like others: "no one", "one of them".
_NUMBER_WORD = re.compile(
    rf"\b(?:({'|'.join(_TENS)})(?:[- ]({'|'.join(_UNITS[1:])}))?|({'|'.join([*_UNITS[2:], *_TEENS])}))\b"
)


def missing_numbers(claim: str, texts: Sequence[str]) -> int:
    """Count the numbers of the claim that stand in none of the texts.

    >>> missing_numbers("It sold 1,200 in two years.", ["It sold 1200 units.", "Over 3 years"])
    1
    >>> missing_numbers("It took twenty-four of ninety days.", ["24 days of ninety-one"])
    1
    """
    return len(_numbers(claim) - set[str]().union(*map(_numbers, texts)))


def _numbers(text: str) -> set[str]:
    lowered = text.lower()
    digits = {match.replace(",", "") for match in _NUMBER.findall(lowered)}
    spelled = {
        str(sum(_NUMBER_WORDS[word] for word in parts if word)) for parts in _NUMBER_WORD.findall(lowered)
    }
    return digits | spelled


_NEGATION = re.compile(
    r"\b(?:not|no|never|none|nobody|nothing|neither|nor|without|cannot)\b|n['’]t\b", re.IGNORECASE
)


def agrees_in_negation(claim: str, text: str) -> bool:
    """Say whether both deny or neither does.

    >>> agrees_in_negation("It isn't red.", "It is not red."), agrees_in_negation("It is.", "It is not.")
    (True, False)
    """
    return bool(_NEGATION.search(claim)) == bool(_NEGATION.search(text))


_CAPITALISED = re.compile(r"[^\W\d_a-z][\w'’-]*")
_TOKEN = re.compile(r"[\w'’-]+")


def missing_names(claim: str, words: Collection[str]) -> list[str]:
    """Give the names of the claim of which some word is not among `words`, stemmed as `content_words` does.

    A word in capitals is a name but at the start: there it is one if another follows, or if all else of
    the claim is among the words.

    >>> missing_names("Then Tesla met Edison.", content_words("He then met Edison."))
    ['Tesla']
    >>> missing_names("Tesla met Edison.", content_words("Bell met Edison."))
    ['Tesla']
    """
    first, *rest = _TOKEN.findall(claim) or [""]
    names = [token for token in rest if _CAPITALISED.fullmatch(token)]
    others = set(content_words(" ".join(rest)))
    if _CAPITALISED.fullmatch(first) and (rest[:1] == names[:1] or others <= set(words)):
        names.insert(0, first)
    return [name for name in names if not set(content_words(name)) <= set(words)]


def contradicts(claim: str, window: Sequence[Unit], known: Collection[str] = ()) -> bool:
    """Say whether the claim has a number or name that the window lacks, or only one of the two denies.

    Args:
        claim: a sentence.
        window: units of one passage.
        known: stemmed words whose names the claim may use without the window.
    """
    if missing_numbers(claim, [window[0].label, *(unit.text for unit in window)]):
        return True
    held = frozenset[str]().union(known, window[0].about, *(unit.words for unit in window))
    if missing_names(claim, held):
        return True
    words = frozenset(content_words(claim))
    closest = max(window, key=lambda unit: len(words & unit.words))
    return not agrees_in_negation(claim, closest.text)
