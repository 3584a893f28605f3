"""The names that a text mentions and the one that it is about: what leads from passage to passage.

Knows capitals, quotes and a few small words inside names; so it finds names in scripts with capitals
alone. Does not know which names are of people or places.
"""

import re
from collections.abc import Iterable, Sequence
from functools import lru_cache

from rag.scoring.words import content_words

__all__ = ["likeness", "name_words", "names", "nearest_name", "subjects"]

_CAPITAL = r"[^\W\d_a-zà-öø-ÿ]"  # or a letter of a script without case
_WORD = rf"(?:{_CAPITAL}\.(?!\w)|{_CAPITAL}[\w'’&-]*|\d{{4}})"  # an initial, a word, or a year
_SMALL = r"(?:of|the|de|del|di|da|du|des|la|le|van|von|der|den|and|&|in|on|at|for|to|y|e|et|und|al|bin|ibn)"
_RUN = rf"{_WORD}(?: (?:{_SMALL} ){{0,2}}{_WORD}){{0,9}}"
_NAME = re.compile(rf"{_RUN}(?:, {_RUN})?")  # a place and what it lies in; of longer lists, pairs
_QUOTED = re.compile(r"[\"“«]\s*([^\"”»]{2,80}?)\s*[\"”»]")
_PARTS = re.compile(r", | (?:and|&|in|at|on|for|to) (?:the )?")
_MONTHS = "January|February|March|April|May|June|July|August|September|October|November|December"
_DATE = re.compile(rf"(?:the |\d+|{_MONTHS}|\W)*")
_BRACKETS = re.compile(r"\s*\([^()]*\)\s*$")
_POSSESSIVE = re.compile(r"['’]s?$")
_OPENING = re.compile(rf"\W*(?:(?:The|A|An) )?({_RUN})")


@lru_cache(maxsize=20_000)
def names(text: str) -> tuple[str, ...]:
    """Give the names in a text, in order, each once: long ones, and the parts that they may be made of.

    >>> names("The film was directed by Shawn Levy in Montreal, Quebec.")
    ('Shawn Levy in Montreal, Quebec', 'Shawn Levy', 'Montreal', 'Quebec')
    """
    found: dict[tuple[str, ...], str] = {}
    spans = [(match.start(), match.group()) for match in _NAME.finditer(text)]
    spans += [(match.start(1), match.group(1)) for match in _QUOTED.finditer(text)]
    for _, span in sorted(spans):
        for part in (span, *_PARTS.split(span)):
            name = _POSSESSIVE.sub("", part.strip(" .,'’"))
            key = tuple(content_words(name))
            if key and len(name) > 2 and not _DATE.fullmatch(name):
                found.setdefault(key, name)
    return tuple(found.values())


def subjects(title: str, text: str) -> tuple[str, ...]:
    """Give what a passage may be about: its title, without brackets, and the name that it opens with.

    >>> subjects("Free Guy (film)", "Free Guy is a film by Shawn Levy.")
    ('Free Guy',)
    """
    opening = _OPENING.match(text[:200])
    given = (_BRACKETS.sub("", title), "" if opening is None else opening.group(1))
    return tuple(dict.fromkeys(name.strip(" .,") for name in given if content_words(name)))


def likeness(name: str, other: str) -> float:
    """Give the share of the words of two names that both have.

    >>> likeness("Shawn Levy", "Levy, Shawn"), likeness("Levy", "Shawn Levy")
    (1.0, 0.5)
    """
    return nearest_name([name_words(name)], [name_words(other)])


def nearest_name(own: Iterable[frozenset[str]], others: Sequence[frozenset[str]]) -> float:
    """Give the most likeness of one of the `own` names and one of the others, each as its words; 0 of none.

    >>> nearest_name([name_words("Shawn Levy")], [name_words("Levy"), name_words("Jane Okoro")])
    0.5
    """
    best = 0.0
    for mine in own:
        for yours in others:
            if not mine.isdisjoint(yours):
                shared = len(mine & yours)
                best = max(best, shared / (len(mine) + len(yours) - shared))
    return best


@lru_cache(maxsize=100_000)
def name_words(name: str) -> frozenset[str]:
    """Give the words of a name that carry content; of any other short text too.

    >>> sorted(name_words("The Zone"))
    ['zone']
    """
    return frozenset(content_words(name))
