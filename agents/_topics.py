"""What a question is about, by its names and its words; those of English."""

import re

from rag.reading.dates import DAYS
from rag.scoring.words import content_words

__all__ = ["ARTICLE", "NAME", "PREPOSITION", "is_function", "topic"]

PREPOSITION = r"(?:in|on|at|for|from|to|with|by|of|during|under|over|after|before|between|without|near)"
_NAME_PART = r"(?:[A-Z][\w’'-]*|\d[\w.]*)"
NAME = re.compile(rf"(?<!^)\b(?:the\s+)?[A-Z][\w’'-]+(?:\s+(?:(?:of|the|de|van|and)\s+)*{_NAME_PART})*")
_NOT_OF_A_TOPIC = re.compile(
    r"(?:who|whom|whose|what|which|when|where|why|how|many|much|long|old|often|is|are|was|were|be|been|do|does"
    r"|did|can|could|will|would|should|has|have|had|may|might|must|i|we|you|my|our|your|me|us|to|and|or|if|it"
    r"|that|ones?|say|says|said|about|most|least|more|less|there|not|by|in|on|at|from|with|as|than)",
    re.IGNORECASE,
)
ARTICLE = re.compile(r"the|an?", re.IGNORECASE)
_VERB_AT_END = re.compile(  # "what does the basic plan *cost*?"
    r"\b(?:do|does|did|can|could|will|would|should|may|might|must)\s+(?!(?:i|you|we|one|they|he|she|it)\b)"
    rf"(?:(?!(?:and|or|{PREPOSITION.replace('of|', '')[3:-1]})\b)[\w’'.-]+\s+)+(?P<verb>[\w’'-]+)\W*$",
    re.IGNORECASE,
)
_PARTICIPLE_AT_END = re.compile(  # "when was the company *founded*?"
    r"\b(?:is|are|was|were)\s+(?:the|an?|our|your|my)\s+(?:[\w’'-]+\s+){1,4}"
    r"(?P<verb>\w+ed|built|made|written|held|kept|sold|found|born|open)\W*$",
    re.IGNORECASE,
)
_BEHIND_PREPOSITION = re.compile(r"\b(?:in|at|on|to|from|near|via|through|until|since)\s+$", re.IGNORECASE)
_GOES = re.compile(r"\b(?:leave|arrive|depart|run)s?\b", re.IGNORECASE)
_ON_DAY = re.compile(rf" (?:on|until|from) (?:{'|'.join(DAYS)})s?\b", re.IGNORECASE)
_WHO_VERB = re.compile(r"\W*who\s+[^\W\d_]+\s+(?=\w)", re.IGNORECASE)
_MAX_CHARS = 300  # at the end of a question, where its verb is sought


def topic(subject: str) -> str:
    """Give what a question is about: its last name, else its longest run of words that mean something.

    The day on which it is is not what is spoken of, nor where a thing leaves for or arrives, if that is
    named as well.

    >>> topic("Who designed the Analytical Engine?"), topic("Who teaches maths?")
    ('the Analytical Engine', 'maths')
    >>> topic("When does the Fenland Express to Oslo leave?"), topic("When was Oslo founded?")
    ('the Fenland Express', 'Oslo')
    >>> topic("When did Marie Curie move to Paris?")
    'Paris'
    """
    subject = _ON_DAY.sub("", subject)
    names = [*NAME.finditer(subject)]
    if names:
        goes = _GOES.search(subject) is not None
        own = [
            name for name in names if not (goes and _BEHIND_PREPOSITION.search(subject, 0, name.start()))
        ]
        return re.sub(r"[’']s?$", "", (own or names)[-1][0])
    before = max(len(subject) - _MAX_CHARS, 0)
    if verb := _VERB_AT_END.search(subject, before) or _PARTICIPLE_AT_END.search(subject, before):
        subject = subject[: verb.start("verb")]
    subject = _WHO_VERB.sub("", subject, count=1)
    runs: list[list[str]] = [[]]
    for word in re.findall(r"[\w’'.-]*\w", subject):
        if _NOT_OF_A_TOPIC.fullmatch(word):
            runs.append([])
        elif ARTICLE.fullmatch(word):
            runs.append([word])
        else:
            runs[-1].append(word)
    return " ".join(max(reversed(runs), key=lambda run: len(content_words(" ".join(run)))))


def is_function(*words: str) -> bool:
    """Say whether one of the words has no meaning of its own, as "the" and "in" of "in the archive"."""
    return any(
        _NOT_OF_A_TOPIC.fullmatch(word) or re.fullmatch(PREPOSITION, word, re.IGNORECASE) for word in words
    )
