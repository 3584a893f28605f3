"""What a claim says otherwise than the sentences that seem to support it: amounts, names, yes or no.

Pure functions over words of English; how alike the rest is, is features.py's.
"""

import math
import re
from collections.abc import Callable, Collection, Sequence
from functools import lru_cache

from rag.reading.features import Unit, passage_words
from rag.scoring.languages import is_english
from rag.scoring.words import content_words

__all__ = ["agrees_in_negation", "contradiction", "missing_names", "missing_numbers"]

_NUMBER = re.compile(r"\d+(?:[.,]\d+)*")
_UNITS = "zero one two three four five six seven eight nine".split()
_TEENS = "ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen".split()
_TENS = "twenty thirty forty fifty sixty seventy eighty ninety".split()
_NUMBER_WORDS = {word: value for value, word in enumerate([*_UNITS, *_TEENS])} | {
    word: 10 * value for value, word in enumerate(_TENS, 2)
}
_MEASURES = {  # each way to write a unit -> one of them
    word: words.split()[0]
    for words in (
        "second seconds sec",
        "minute minutes min mins",
        "hour hours hr hrs h",
        "day days",
        "week weeks",
        "month months",
        "year years",
        "eur euro euros €",
        "usd dollar dollars $",
        "gbp £",
        "chf francs",
        "yen jpy ¥",
        "mm millimetres millimeters",
        "cm centimetres centimeters",
        "metre metres meter meters",
        "km kilometres kilometers",
        "mile miles",
        "gram grams g",
        "kg kilograms",
        "ml millilitres milliliters",
        "litre litres liter liters l",
        "% percent",
    )
    for word in words.split()
}
_UNIT = "|".join(sorted(map(re.escape, _MEASURES), key=len, reverse=True))
_LARGE = {"hundred": 100, "thousand": 1000, "million": 10**6, "billion": 10**9}
_MONEY = "eur|usd|gbp|chf|jpy|[$€£¥]"
_SHORT = {"k": 1000, "m": 10**6, "mn": 10**6, "b": 10**9, "bn": 10**9}  # of money alone
# "zero" and "one" alone are words like others: "no one", "one of them".
_NUMBER_WORD = re.compile(
    rf"\b(?:({'|'.join(_TENS)})(?:[- ]({'|'.join(_UNITS[1:])}))?|({'|'.join([*_UNITS[2:], *_TEENS])})"
    rf"|(one)(?=[- ](?:{'|'.join(_LARGE)}|{_UNIT})\b))\b"
)
_SINGLE = re.compile(rf"\ban?(?= (?:{'|'.join(_LARGE)}|{_UNIT})\b)", re.IGNORECASE)
_NO_CENTS = re.compile(r"(?<=\d)\.0+(?!\.?\d)")
_MEASURED = re.compile(
    rf"(?:(?P<before>{_MONEY})\s?)?(?P<number>{_NUMBER.pattern})"
    rf"(?:(?P<large>(?:[- ](?:{'|'.join(_LARGE)})\b)+)"
    rf"|\s?(?P<short>{'|'.join(_SHORT)})\b(?(before)|(?= ?(?:{_MONEY}))))?"
    rf"(?:[- ]?(?:(?:working|business|calendar|full) )?(?P<after>{_UNIT})(?!\w))?"
)
# A number as it is written, what it is with its "million", and its unit or currency ("" where unknown).
_Amount = tuple[str, str, str]


def missing_numbers(claim: str, texts: Sequence[str]) -> int:
    """Count the numbers of the claim that stand in none of the texts.

    >>> missing_numbers("It sold 1,200 in two years.", ["It sold 1200 units.", "Over 3 years"])
    1
    >>> missing_numbers("It took twenty-four of ninety days.", ["24 days of ninety-one"])
    1
    """
    held = _held(texts)
    return len({amount[:2] for amount in _amounts(claim) if not _units_of(amount, held)})


def _held(texts: Sequence[str]) -> frozenset[_Amount]:
    """Give the amounts of texts that may support a claim."""
    return frozenset[_Amount]().union(*map(_held_amounts, texts))


@lru_cache(maxsize=4096)
def _held_amounts(text: str) -> frozenset[_Amount]:
    return _amounts(_SINGLE.sub("1", text))  # "a year" has one


def _amounts(text: str) -> frozenset[_Amount]:
    """Give the numbers of a text, each with its unit.

    >>> sorted(_amounts("$2,000.00 in one year, of two thousand; 30-minute, £1.2bn"))
    [('1', '1', 'year'), ('1.2', '1200000000', 'gbp'), ('2', '2000', ''), ('2000', '2000', 'usd'), \
('30', '30', 'minute')]
    """
    lowered = _NUMBER.sub(lambda match: match[0].replace(",", ""), text.lower())
    digits = _NUMBER_WORD.sub(
        lambda match: str(sum(_NUMBER_WORDS[word] for word in match.groups() if word)), lowered
    )
    return frozenset(
        (match["number"], _whole(match), _MEASURES.get(match["before"] or match["after"] or "", ""))
        for match in _MEASURED.finditer(_NO_CENTS.sub("", digits))
    )


def _whole(match: re.Match[str]) -> str:
    number = match["number"]
    words = re.findall("[a-z]+", match["large"] or match["short"] or "")
    if not words or number.count(".") > 1:
        return number
    value = float(number) * math.prod(_LARGE.get(word) or _SHORT[word] for word in words)
    return f"{value:.6f}".rstrip("0").rstrip(".")


def _units_of(claimed: _Amount, held: Collection[_Amount]) -> set[str]:
    """Give the units that texts have a number in.

    "25 million" is in "25,000,000" and in "in millions: 25", not in "25 thousand"; 8 is in "8 million".
    """
    number, whole, _ = claimed
    return {unit for own, large, unit in held if whole in (own, large) or number == own == large}


def _lacks_amount(claimed: Collection[_Amount], texts: Sequence[str]) -> bool:
    """Say whether a number stands in no text, or with other units alone: "30 hours" for "30 minutes"."""
    held = _held(texts) if claimed else frozenset()
    for amount in claimed:
        units = _units_of(amount, held)
        if not units or (amount[2] and units.isdisjoint((amount[2], ""))):
            return True
    return False


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
    the claim is among the words. A currency is none.

    >>> missing_names("Then Tesla met Edison.", content_words("He then met Edison."))
    ['Tesla']
    >>> missing_names("Tesla met Edison.", content_words("Bell met Edison."))
    ['Tesla']
    """
    first, *rest = _TOKEN.findall(claim) or [""]
    names = [
        token for token in rest if _CAPITALISED.fullmatch(token) and not re.fullmatch(_MONEY, token.lower())
    ]
    others = set(content_words(" ".join(rest)))
    if _CAPITALISED.fullmatch(first) and (rest[:1] == names[:1] or others <= set(words)):
        names.insert(0, first)
    return [name for name in names if not set(content_words(name)) <= set(words)]


_OPPOSITES = (  # and whether one is the other denied
    (r"allow(?:s|ed)?|permit(?:s|ted)?", r"prohibit(?:s|ed)?|forb[ia]d(?:s|den)?|ban(?:s|ned)?", True),
    (r"includ(?:es?|ed|ing)", r"exclud(?:es?|ed|ing)", True),
    (r"accept(?:s|ed)?", r"reject(?:s|ed)?|refus(?:es?|ed)", True),
    ("possible", "impossible", True),
    ("open(?:s|ed|ing)?", "clos(?:es|ed|ing)|shuts", False),
    ("increas(?:es?|ed)|r[io]ses?|risen|grew|grown", "decreas(?:es?|ed)|f[ae]ll(?:s|en)?|dropped", False),
    ("maximum|at most|up to", "minimum|at least", False),
    ("more than", "less than|fewer than", False),
    ("highest|largest", "lowest|smallest", False),
    ("indoors?", "outdoors?", False),
)
_SIDES = tuple(
    (re.compile(rf"\b(?:{own})\b", re.I), re.compile(rf"\b(?:{other})\b", re.I), is_denial)
    for first, second, is_denial in _OPPOSITES
    for own, other in ((first, second), (second, first))
)
_CLAUSE = re.compile(r"[,;]\s|\b(?:and|while|but)\b", re.IGNORECASE)
_POINTING = re.compile(r"\b(?:it|its|they|their|he|his|she|her|this|these|that)\b", re.IGNORECASE)
_TELLING = 2  # words of a claim beside its names and numbers


def contradiction(
    claim: str, units: Sequence[Unit], asked: Collection[str] = ()
) -> Callable[[Sequence[Unit]], bool]:
    """Make what says of a window of units whether it contradicts a claim.

    It lacks a number or name of the claim or has the number in another unit, only one of the two denies,
    one says the opposite, or the passage says this of another subject.

    Args:
        claim: a sentence.
        units: of all passages.
        asked: stemmed words of the question; names that it and a passage have, a window need not have.
    """
    held, claimed, words = passage_words(units), _amounts(claim), frozenset(content_words(claim))
    sides = [
        (words.difference(content_words(" ".join(own.findall(claim)))), own, other, is_denial)
        for own, other, is_denial in _SIDES
        if own.search(claim) and not other.search(claim)
    ]
    of_another = {
        number
        for number in held
        if _is_of_another(claim, [unit for unit in units if unit.passage == number])
    }

    def contradicts(window: Sequence[Unit]) -> bool:
        number = window[0].passage
        texts = [window[0].label, *(unit.text for unit in window)]
        if number in of_another or _lacks_amount(claimed, texts):
            return True
        known = held[number].intersection(asked)
        if missing_names(claim, known.union(window[0].about, *(unit.words for unit in window))):
            return True
        closest = max(window, key=lambda unit: len(words & unit.words)).text
        opposed = [
            (rest, other, is_denial)
            for rest, own, other, is_denial in sides
            if other.search(closest) and not any(own.search(text) for text in texts)
        ]
        if not agrees_in_negation(claim, closest):  # "prohibited" is "not allowed"
            return not any(is_denial for *_, is_denial in opposed)
        return any(_is_said(rest, other, closest) for rest, other, _ in opposed)

    return contradicts


def _is_said(words: Collection[str], verb: re.Pattern[str], sentence: str) -> bool:
    """Say whether a clause of a sentence has a word of a kind and all of some others, stemmed."""
    return any(
        verb.search(clause) and frozenset(words) <= frozenset(content_words(clause))
        for clause in _CLAUSE.split(sentence)
    )


def _is_of_another(claim: str, units: Sequence[Unit]) -> bool:
    """Say whether a passage has a claim's names or numbers in sentences of another subject alone.

    "The roof was repaired by Brandt. The lift was repaired by Holm." has all else of "The lift was repaired
    by Brandt" with another name; what has Brandt has no lift and does not point back.
    """
    words, (names, numbers) = frozenset(content_words(claim)), _values(claim)
    rest = words - names - numbers
    if len(rest) < _TELLING or not is_english(claim):
        return False
    for unit in units:
        values = _values(unit.text) if rest <= unit.words else ()
        for mine, others in zip((names, numbers), values, strict=False):
            missing = mine - unit.words
            holders = [each for each in units if missing & each.words] if others - words else []
            if holders and not any(
                rest <= each.words | each.about or _POINTING.search(each.text) for each in holders
            ):
                return True
    return False


def _values(text: str) -> tuple[frozenset[str], frozenset[str]]:
    """Give the stemmed words of a text that are names, and those that are numbers."""
    numbers = frozenset(word for word in content_words(text) if word[0].isdigit())
    return frozenset(content_words(" ".join(missing_names(text, ())))), numbers
