"""What kind of answer a question asks for, by its words."""

import re

from rag.reading.foreign import AMOUNT_ASKED, AMOUNT_GIVEN, foreign_words
from rag.scoring.languages import is_english
from rag.scoring.words import analyze, content_words

__all__ = [
    "answers_kind",
    "asked_amount",
    "asked_speaker",
    "asked_words",
    "asks_how",
    "asks_several",
    "asks_yes_or_no",
    "naming_words",
    "wants_sentences",
    "without_measure",
]

_ASKED = (
    ("time", re.compile(r"\bwhen\b|\b(?:what|which) (?:year|date|day|month|century)\b")),
    ("number", re.compile(r"\bhow (?:many|much|long|old|far|tall|big|high|large|often|fast|deep)\b")),
    ("name", re.compile(r"\b(?:who|whose|whom|where)\b")),
)
_ASKED_ELSEWHERE = ("amount", AMOUNT_ASKED)  # in other languages than English
_AUXILIARY = "am|is|are|was|were|do|does|did|can|could|will|would|should|has|have|had|may|must"
_SUBJECT = "i|we|you|he|she|it|they|there|this|that|these|those|the|an?|my|our|your"
_WANTS_SENTENCES = re.compile(
    rf"""^\W*(?:(?:so|and|but|please),?\ )*
      (?: (?:{_AUXILIARY})\b  # yes or no
        | (?:the\ )?differences?\ between\b
        | who(?:'s|’s|\ is|\ was)\ (?-i:[A-Z])[\w'’-]+(?:\ (?-i:[A-Z])[\w'’-]+){{0,2}}\W*$  # who someone is
        | (?:why|how\ come|explain|describe|define|summari[sz]e|compare|tell\ me\ about)\b
        | what(?:'s|’s|\ is|\ was)\ (?:behind|the\ reason)\b
        | what\ (?:happens\ )?(?:if|when)\b
        | what\ (?:do|does|did)\ [^?]{{1,80}}?\ (?:say|tell|mention|write)\b
        | what\ (?:do|should|can|must)\ (?:i|we|you)\ do\b
        | how\ (?:to|do|does|did|can|should|is|are)\b
        | what(?:'s|\ is|\ are|\ does)\ (?:the\ (?:meaning|definition|difference|purpose)\b|mean\b
          | (?:an?\ )?(?!the\b)[\w-]+(?:\ [\w-]+)?\W*$  # a definition: one or two words
          | the\ (?:[\w-]+|(?-i:[A-Z])[\w-]*\ [\w-]+)\W*$)  # two words after "the" are mostly a property
      )""",
    re.VERBOSE | re.IGNORECASE,
)
# The same behind what a person says first: "I broke my arm, may I ...", "if it rains do we ...".
_WANTS_SENTENCES_AT_LAST = re.compile(
    rf"""^(?:(?!\b(?:who|whom|whose|what|which|when|where|how|why)\b)[^?])*
      (?: (?:[.,;:!–—]|\ [–—-])\ (?:(?:so|and|but|please),?\ )*
          (?: (?:{_AUXILIARY})\ (?:{_SUBJECT})\b
            | why\b | how\ (?:to|do|does|can|should)\b | what\ now\b
            | what\ (?:do|should|can|must)\ (?:i|we|you)\ do\b)
        | (?<![^\W_])(?:if|once|after)\ (?:(?!\b(?:what|which|who|how|where|when|why)\b)[^?])*?
          \ (?:do|does|can|could|will|should|may|must|am)\ (?:i|we|you|he|she|it|they)\b
      )""",
    re.VERBOSE | re.IGNORECASE,
)


_TELL_ME = re.compile(  # before what is asked; "tell me if it is open" asks yes or no as it stands
    r"^\W*(?:so |and )?(?:please,? )?"
    r"(?:(?:(?:can|could|would) you (?:please )?)?(?:tell|show) me|(?:do|would) you (?:happen to )?know"
    r"|i(?:'d|’d| would) like to know|i (?:want|need) to know),?"
    r" (?=(?:who|whom|whose|what|which|when|where|why|how)\b)",
    re.IGNORECASE,
)


def wants_sentences(question: str) -> bool:
    """Say whether a few words cannot answer: yes or no, why, how to, what then, what something is.

    >>> [wants_sentences(each) for each in ("How do I reset it?", "What is a lease?", "what if it rains")]
    [True, True, True]
    >>> wants_sentences("I broke my arm, may I rest?"), wants_sentences("In what year, if any, was it?")
    (True, False)
    >>> wants_sentences("Who is Jonas Ek?"), wants_sentences("Who is the chair?")
    (True, False)
    >>> wants_sentences("How many are there?"), wants_sentences("What is the sum insured?")
    (False, False)
    >>> wants_sentences("tell me how to reset it"), wants_sentences("can you tell me how long it is?")
    (True, False)
    """
    question = _TELL_ME.sub("", question)
    return any(each.search(question) for each in (_WANTS_SENTENCES, _WANTS_SENTENCES_AT_LAST))


_ASKS_YES_OR_NO = re.compile(
    rf"(?:^\W*|[.,;:!–—]\s+)(?:(?:so|and|but|please),? )*(?:{_AUXILIARY})\b", re.IGNORECASE
)


def asks_yes_or_no(question: str) -> bool:
    """Say whether a question, or what is asked behind what a person says first, is one of yes or no.

    >>> [asks_yes_or_no(each) for each in ("Is it covered?", "I broke it, is it covered?", "What is it?")]
    [True, True, False]
    >>> asks_yes_or_no("Can you tell me when it opens?"), asks_yes_or_no("Can you tell me if it is open?")
    (False, True)
    """
    return _ASKS_YES_OR_NO.search(_TELL_ME.sub("", question)) is not None


_ASKS_HOW = re.compile(r"\bhow (?:to|do|does|can|could|should|would)\b", re.IGNORECASE)


def asks_how(question: str) -> bool:
    """Say whether a question asks how something is done.

    >>> asks_how("How do I reset it?"), asks_how("and how to undo that"), asks_how("How long is it?")
    (True, True, False)
    """
    return _ASKS_HOW.search(question) is not None


_MEASURE = re.compile(
    r"\bhow (?:many (?:people|(?:pairs|pieces|units|copies|boxes|bottles|packs|bags|rolls|sheets|sets) of)"
    r"|many|much|long|old|far|tall|big|high|large|often|fast|deep)\b",
    re.IGNORECASE,
)
_GIVEN = {
    "time": re.compile(
        r"\b(?:1\d{3}|20\d\d|BC|AD|January|February|March|April|May|June|July|August|September|October"
        r"|November|December)\b"
    ),
    "number": re.compile(
        r"\d|\b(?:one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|hundred|thousand|million"
        r"|billion|dozen)\b",
        re.IGNORECASE,
    ),
    "name": re.compile(r"(?<=[a-z,;:)] )[A-Z][a-z]+"),
    "amount": AMOUNT_GIVEN,
}


def asked_amount(question: str) -> re.Pattern[str] | None:
    """Give what the amount or time that a question asks for looks like; None if it asks for neither."""
    kind = _asked_kind(question)
    return _GIVEN[kind] if kind in ("time", "number") else None


def _asked_kind(question: str) -> str | None:
    lowered = question.lower()
    asked = _ASKED if is_english(question) else (*_ASKED, _ASKED_ELSEWHERE)
    return next((kind for kind, pattern in asked if pattern.search(lowered)), None)


def answers_kind(question: str, text: str) -> float:
    """Give 1 if the text holds the kind of thing the question asks for, -1 if not, 0 if that is open.

    >>> answers_kind("Wann wird geöffnet?", "Um 9 Uhr.")
    1.0
    >>> answers_kind("When was it built?", "It was built in 1901."), answers_kind("Who?", "It was red.")
    (1.0, -1.0)
    """
    kind = _asked_kind(question)
    if kind is None:
        return 0.0
    return 1.0 if _GIVEN[kind].search(text) else -1.0


_ASKING = frozenset(
    analyze(
        """must shall may might need please tell give show find say says mention get got go goes going
        happen happens want use make thing things stuff work know possible exactly ok okay now whos hows
        anything something anyone someone anybody somebody everything purpose meaning definition im ive dont
        doesnt cant wont isnt arent"""
    )
)


_SAYS = re.compile(
    r"\W*what (?:do|does|did) ([^?]{1,80}?) (?:say|tell (?:me|us)|mention|write) about (.{2,80})",
    re.IGNORECASE,
)


def asked_words(question: str) -> list[str]:
    """Give the words that an answer is about: no measures, and none that only ask if others are left.

    >>> asked_words("how much rye flour do i need"), asked_words("what happens then")
    (['rye', 'flour'], ['happen'])
    >>> asked_words("What does the handbook say about batteries?")
    ['batteri']
    >>> asked_words("Wie hoch ist die Kaution?")
    ['kaution']
    """
    if not is_english(question):
        return list(foreign_words(question))
    said = _SAYS.match(question)
    words = content_words(without_measure(said[2] if said else question))
    return [word for word in words if word not in _ASKING] or words or content_words(question)


def asked_speaker(question: str) -> str:
    """Give who or what is to say something about a subject, or nothing.

    >>> asked_speaker("What does the handbook say about batteries?"), asked_speaker("Who says so?")
    ('the handbook', '')
    """
    said = _SAYS.match(question)
    return said[1] if said else ""


_PLURAL = re.compile(
    r"\b(?:what|which)(?: [\w-]+)? (?:(?!does|has|was|is)\w+[^\Ws]s|people|children)\b", re.IGNORECASE
)


def asks_several(question: str) -> bool:
    """Say whether a question asks which rows or items, not which one.

    >>> asks_several("which plans do you sell"), asks_several("Which plan is the cheapest?")
    (True, False)
    """
    return _PLURAL.search(question) is not None


_VERB = re.compile(r"\b(?:i|we|you|they|he|she|it|to) (?:have to |need to |want to )?([^\W\d_]+)")


def naming_words(question: str) -> list[str]:
    """Give the asked words without verbs, as they follow "I" and "to", if others are left.

    A text says a verb in many ways: who cancels a contract may end or leave it.

    >>> naming_words("how do i cancel my contract"), naming_words("how do i uninstall it")
    (['contract'], ['uninstal'])
    """
    words = asked_words(question)
    verbs = set(content_words(" ".join(_VERB.findall(question.lower()))))
    return [word for word in words if word not in verbs] or words


def without_measure(question: str) -> str:
    """Leave out what is to be measured: `long` of "how long" stands in no answer, nor need `people`.

    >>> without_measure("how many pairs of gloves are left")
    'how gloves are left'
    """
    return _MEASURE.sub("how", question)
