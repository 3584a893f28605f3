"""A follow-up, made to stand alone by rules of English; knows words and no model.

What stands alone is left as it is: a new subject must not be searched with the old one. What leans on the
conversation gets its subject from the question before, or from the answer to it. Of other languages only
the bare question words are known ("und wann?"); their other questions are taken to stand alone.
"""

import re
from collections.abc import Sequence

from agents._earlier import answering, with_item, with_number
from agents._topics import ARTICLE, NAME, PREPOSITION, is_function, topic
from agents.courtesy import without_courtesies
from rag.core.protocols import Message
from rag.scoring.words import content_words

__all__ = ["behind", "leans", "points_back", "stand_alone"]

_OWNERS = {"its", "his", "her", "hers", "their", "theirs"}
_PRONOUN = re.compile(
    r"\b(?:its|they|them|their|theirs|he|him|his|she|her|hers"
    r"|(?<!time is )(?<!day is )(?<!date is )(?<!month is )(?<!year is )it"
    r"(?!\s+(?:takes?|took|means?\s+to|rains?|snows?|possible|safe|legal|true|necessary)\b))\b(?![’']s\b)",
    re.IGNORECASE,
)
_POINTER = re.compile(
    r"\b(?:this|these|those)(?=\W*$|\s+(?:is|are|was|were|do|does|did|can|could|will|would|should|has|have"
    r"|apply|mean|work|happen|in|on|for|at|to|with|by)\b)"
    r"|(?<=\bis )that\b|(?<=\bwas )that\b|(?<=\bdoes )that\b|(?<=\bdid )that\b"
    r"|\b(?:that|(?<!other )(?<!which )(?<!each )(?<!every )(?<!same )(?<!no )"
    r"(?<!first )(?<!second )(?<!third )(?<!last )ones?)(?=\W*$)"
    r"|(?<!\bis )(?<!\bare )(?<!\bwas )(?<!\bwere )\bthere(?=\W*$)",
    re.IGNORECASE,
)
_OPENER = re.compile(
    r"^\W*(?:(?:and|but|so|or|ok|okay|then|also|no(?=[,;:.])|sorry|actually|rather|i meant?)\b[\s,;:.]*)*"
    r"(?:(?:what|how) about\b|what of\b)?\s*",
    re.IGNORECASE,
)
_ABOUT = re.compile(r"\b(?:what|how) about\b|\bwhat of\b", re.IGNORECASE)
_ASKING = re.compile(
    r"^\W*(?:(?:in|on|at|to|for|from|by|with|of|since|until)\s+)?"
    r"(?:who|whom|whose|what|which|when|where|why|how|is|are|was|were|do|does|did|can|could|will|would|should"
    r"|has|have|had|may|must|list|name|give|tell|show|explain|describe|define|compare|summari[sz]e|find)\b",
    re.IGNORECASE,
)
_LAST_PHRASE = re.compile(rf"\s({PREPOSITION})\s(?:(?!\b{PREPOSITION}\b)[^?])*\??\W*$", re.IGNORECASE)
_GOES_ON = re.compile(r"\W*(?:and|but|also)\b", re.IGNORECASE)
_MORE = re.compile(
    r"\W*(?:and )?(?:(?:tell|show|give) me )?(?:some )?(?:more|go on|continue|anything else|what else)"
    r"(?: (?:about|on) (?:it|that|this|them))?(?: please)?\W*",
    re.IGNORECASE,
)
_BARE = re.compile(  # nothing but a question word, in German, French, Spanish, Italian
    r"\W*(?:und |et |y |e )?(?:wann|wo|wer|warum|wieso|weshalb|wie|wie viele?|seit wann|quand|où|qui"
    r"|pourquoi|comment|combien|cu[aá]ndo|d[oó]nde|qui[eé]n|por qu[eé]|c[oó]mo|cu[aá]ntos?|quando|dove|chi"
    r"|perch[eé]|come|quanti)\W*",
    re.IGNORECASE,
)
_HOW_WHAT = (
    r"when|where|why|how(?: (?:long|much|many|often|far|hot|high|big))?"
    r"|(?:at|by|for|from|in|on|to|with) (?:what|which) (?!(?:else|ones?)\b)\w+"
    r"|(?:what|which) (?:time|year|month|day|date|temperature|colou?r|size)"
)
_WHEN_WHERE = re.compile(rf"\W*(?:and |but )?(?P<word>{_HOW_WHAT})\W*", re.IGNORECASE)
_ASKS_WHEN = re.compile(  # what another question word may stand for
    rf"\W*(?:{_HOW_WHAT})"
    r"(?= (?:is|are|was|were|do|does|did|can|could|will|would|should)\b)",
    re.IGNORECASE,
)
_PER = re.compile(r"\s+per\s+[\w-]+", re.IGNORECASE)
_WHO_DID = re.compile(
    r"who (?P<verb>\w+ed|wrote|built|made|led|drew|found) (?P<object>[^?]+)\?*", re.IGNORECASE
)
_PARTICIPLES = {"wrote": "written", "drew": "drawn"}
_DO_THAT = re.compile(
    r"(?P<word>when|where|why|how) did (?:he|she|they|it) do (?:that|this|it|so)\W*", re.IGNORECASE
)
_AGAIN = re.compile(
    r"\W*(?:please )?(?:(?:say|repeat|tell me) (?:that|it|this)(?: again| once more)?|repeat|again"
    r"|once more|pardon(?: me)?|come again|what was that)(?: please)?\W*",
    re.IGNORECASE,
)
_OF_ITS_OWN = re.compile(r"(?:its|his|her|their) \w+(?: \w+)?\W*", re.IGNORECASE)  # "and its price?"
_ONES = re.compile(r"(?P<modifier>(?:(?:the|an?|these|those) )?\w[\w’'-]*) ones?", re.IGNORECASE)
_DETERMINED = re.compile(
    r"\b(?P<modifier>(?:the|an?|this|that|these|those|our|your|my) (?P<word>[\w’'-]+)) (?P<noun>[\w’'-]+)",
    re.IGNORECASE,
)
_MAX_FRAGMENT = 4  # words; a longer one without a question word is a search of its own
_COUNTS = re.compile(r"\b(?:the (?:first|second|third|last)|ones?\W*$)", re.IGNORECASE)
_MAX_PHRASE = 6  # words of "in the archive?"
_MAX_BEFORE = 3  # content words before a pronoun; with more, it points to one of these
_MAX_JOINED = 4000  # characters of two questions; with more, the latter stands for itself


def stand_alone(question: str, history: Sequence[Message] = ()) -> str:
    """Give the question as it would be asked without the conversation.

    Args:
        question: the latest.
        history: what was said before it, oldest first.

    >>> said = [Message("user", "How long are readings kept in the archive?")]
    >>> stand_alone("And on the device?", said), stand_alone("What is a lease?", said)
    ('How long are readings kept on the device?', 'What is a lease?')
    """
    subject = answer = ""
    for message in without_courtesies(history):
        if message.role == "user":
            asked = message.content.strip()
            subject, answer = _continued(_resolved(asked, subject, answer), asked, subject), ""
        elif message.role == "assistant":
            answer = message.content
    return _resolved(question, subject, answer)


def points_back(question: str) -> bool:
    """Say whether a question by itself leaves open what it is about.

    >>> points_back("Who approved it?"), points_back("Who approved the plan?")
    (True, False)
    """
    return _pointer(_OPENER.sub("", question, count=1)) is not None


def leans(question: str) -> bool:
    """Say whether a question goes on from the one before by its first word, whatever else it says."""
    return _GOES_ON.match(question) is not None


def behind(before: str, question: str) -> str:
    """Give a question with the one before it, or by itself where both are too long to be searched."""
    joined = f"{before} {question}"
    return joined if len(joined) <= _MAX_JOINED else question


def _continued(resolved: str, asked: str, subject: str) -> str:
    """Keep the name that was spoken of where a question only goes on: "and how many people work there?"."""
    if not leans(asked) or not (name := NAME.findall(subject)) or NAME.search(resolved):
        return resolved
    return f"{resolved.rstrip(' ?')} ({name[-1]})?"


def _resolved(question: str, subject: str, answer: str) -> str:
    resolved = _named(question, subject, answer) if subject else question
    return resolved if len(resolved) <= _MAX_JOINED else question


def _named(question: str, subject: str, answer: str) -> str:
    question = with_item(question, answer) or question
    if (whole := _without_words_of_its_own(question, subject, answer)) is not None:
        return whole
    bare = _OPENER.sub("", question, count=1)
    if _OF_ITS_OWN.fullmatch(bare):
        bare = f"What is {bare}"
    if _is_fragment(question, bare):
        return _spliced(subject, bare)
    if (pointer := _pointer(bare)) is None:
        return question
    return _pointed(bare, pointer, answering(pointer[0], subject, answer) or topic(subject), subject)


def _without_words_of_its_own(question: str, subject: str, answer: str) -> str | None:
    """Read "times 2?", "more", "und wann?" and "when?", which are nothing without what was said before."""
    if (reckoned := with_number(question, answer)) is not None:
        return reckoned
    if _AGAIN.fullmatch(question):
        return subject
    if _MORE.fullmatch(question) and (about := topic(subject)):
        return f"Tell me more about {about}"
    if _BARE.fullmatch(question):
        return f"{subject} {question}"
    word = _WHEN_WHERE.fullmatch(question) or _DO_THAT.fullmatch(_OPENER.sub("", question, count=1))
    return _asked_by(word["word"].capitalize(), subject) if word else None


def _asked_by(word: str, subject: str) -> str | None:
    """Ask the question before with another question word: "Who built it?" or "When was it built?"."""
    if did := _WHO_DID.fullmatch(subject):
        verb = did["verb"].lower()
        return f"{word} was {did['object'].strip()} {_PARTICIPLES.get(verb, verb)}?"
    asks = _ASKS_WHEN.match(subject)
    if asks and word in ("Why", "How") and len(asks[0].split()) > 1:
        return None  # why it is as long as that
    return word + subject[asks.end() :] if asks else None


def _is_fragment(question: str, bare: str) -> bool:
    """Say whether it asks nothing by itself: "and in 2019?", "what about tabs?", "why?"."""
    if _ABOUT.search(question) or not content_words(bare):
        return _pointer(bare) is None
    most = _MAX_FRAGMENT
    if bare == question.strip():  # without "and" a phrase alone goes on: "at one reading a second?"
        is_phrase = bare.endswith("?") and re.match(rf"(?:{PREPOSITION}|per)\b", bare, re.IGNORECASE)
        most = _MAX_PHRASE if is_phrase and not _COUNTS.search(bare) else 0
    return _ASKING.match(bare) is None and len(bare.split()) <= most


def _pointer(question: str) -> re.Match[str] | None:
    """Find the first word that points back: nothing before it in its own question can be what it means."""
    found = [match for match in (_PRONOUN.search(question), _POINTER.search(question)) if match]
    first = min(found, key=lambda match: match.start(), default=None)
    if first is None or NAME.search(question[: first.start()]):
        return None
    most = 1 if first[0].lower() in _OWNERS else _MAX_BEFORE
    return first if len(content_words(question[: first.start()])) <= most else None


def _spliced(subject: str, fragment: str) -> str:
    """Put a fragment in the place of what it stands for: a phrase at the end, or what was asked about."""
    words = fragment.rstrip(" ?!.")
    if not content_words(words):
        return f"{subject} {fragment}".strip()
    if _PER.match(f" {words}"):
        return f"{_PER.sub('', subject.rstrip(' ?'))} {words}?"
    if (placed := _in_place(subject, words)) is not None:
        return placed
    last = _LAST_PHRASE.search(subject)
    end = last.start() if last else len(subject.rstrip(" ?"))
    if leads := re.match(rf"{PREPOSITION}\b", words, re.IGNORECASE):
        while last and last[1].lower() == "of" != leads[0].lower():  # it says which, not where or when
            last = _LAST_PHRASE.search(subject[: last.start()])
            end = last.start() if last else len(subject.rstrip(" ?"))
        return f"{subject[:end]} {words}?"
    is_place_or_time = last is not None and last[1].lower() in ("in", "on", "at", "during")
    if last and (not is_place_or_time or words[0].isupper() or words[0].isdigit()):
        return f"{subject[: last.end(1)]} {words}?"
    about = topic(subject[:end])
    return f"{subject[:end]}?".replace(about, words) if about and not last else f"{subject} {fragment}"


def _in_place(subject: str, words: str) -> str | None:
    """Put "the outdoor ones", or another phrase of the same noun, in the place of the one that is there."""
    if ones := _ONES.fullmatch(words):
        found = [
            each for each in _DETERMINED.finditer(subject) if not is_function(each["word"], each["noun"])
        ]
        if not found:
            return None
        start = found[-1].start() if ARTICLE.match(ones["modifier"]) else found[-1].start("word")
        return subject[:start] + ones["modifier"] + subject[found[-1].end("word") :]
    first, *others = [word for word in words.split() if content_words(word)] or [""]
    noun = others and re.search(rf"\b{re.escape(others[-1])}\b", subject, re.IGNORECASE)
    if not noun:
        return None
    before = subject[: noun.start()]
    head = re.search(rf"(?:\b(?:the|an?) )?\b{re.escape(first)}\b", before, re.IGNORECASE)
    head = head or re.search(
        r"\b(?:(?:the|an?|our|your|my) (?:[\w’'-]+ ){0,2}|[\w’'-]+ )$", before, re.IGNORECASE
    )
    if head is None or is_function(head[0].strip()):
        return None
    return subject[: head.start()] + words + subject[noun.end() :]


def _pointed(question: str, pointer: re.Match[str], about: str, subject: str) -> str:
    """Name what the pointer points to; where that has no name, the subject's question goes before."""
    if not about:
        return f"{subject} {question}"
    word = pointer[0].lower()
    if word == "there":
        about = f"in {about}"
    owns = word in _OWNERS and not (word == "her" and re.match(r"\W*$", question[pointer.end() :]))
    return question[: pointer.start()] + about + ("'s" if owns else "") + question[pointer.end() :]
