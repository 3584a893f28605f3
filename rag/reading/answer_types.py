"""Whether words can be the time, the number, port or variable that a question asks for; those of English.

Knows what such words look like, not what is true; pure functions.
"""

import re

__all__ = ["is_of_other_unit", "may_be_asked"]

_NUMBERS = """
two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen
eighteen nineteen twenty thirty forty fifty sixty seventy eighty ninety hundreds? thousands? millions?
billions? dozens? one once twice half quarter double every each daily weekly monthly yearly annual
annually quarterly hourly nightly fortnightly biweekly bimonthly regularly rarely seldom occasionally
frequently sometimes always never no none nothing all any several few many most much little free
unlimited as until till up less more over under about
""".split()
_TIMES = """
(?:mon|tues|wednes|thurs|fri|satur|sun)days? january february march april may june july august september
october november december in on at by after before during from within between since while when whenever
upon following now today tonight tomorrow yesterday mornings? noon afternoons? evenings? nights? midnight
dawn dusk spring summer autumn fall winter seasons? weekends? weekdays? days? weeks? months? years?
decades? century centuries ages? eras? times? ago later earlier early late soon immediately christmas
easter
""".split()
_UNITS = "second|minute|hour|day|night|week|fortnight|month|quarter|season|year|decade|century|lifetime"
_NUMBER = re.compile(rf"\d|\b(?:{'|'.join(_NUMBERS)}|an? (?:{_UNITS}))\b", re.IGNORECASE)
_TIME = re.compile(rf"\d|\b(?:{'|'.join((*_NUMBERS, *_TIMES))}|if|as soon as)\b", re.IGNORECASE)
_ASKS_NUMBER = re.compile(r"\W*(?:and |so )?how (many|much|often|long|far|old|tall)\b", re.IGNORECASE)
_WITHOUT_NUMBER = {  # how a text says so much, so long, so far without a number
    "much": r"includ\w+|complimentary|without charge|gratis|pinch|handful|dash|splash|drizzle|to taste",
    "often": (
        r"(?:mon|tues|wednes|thurs|fri|satur|sun|week)days?|weekends?|mornings?|afternoons?|evenings?|nights?"
        r"|spring|summer|autumn|winter|when(?:ever)?|after|before|during"
    ),
    "long": r"lifetime|for life|as long as|whole|entire|permanent(?:ly)?|indefinite(?:ly)?",
    "far": r"walk\w*|next|near(?:by)?|close|opposite|adjacent|across|corner|doorstep",
}
_ASKS_TIME = re.compile(
    r"\W*(?:and |so |since |until )?(?:when|(?:what|which) (?:year|date|day|month|century|time))\b",
    re.IGNORECASE,
)
_ASKS_DURATION = re.compile(
    r"\W*(?:and |so |in |for |within |after )?how many (?:second|minute|hour|day|week|month|year)s?\b",
    re.IGNORECASE,
)
_OTHER_UNIT = re.compile(
    r"\d ?(?:[kM]?Wh?|m?Ah|[kc]?g|[ckm]m|ml|l|EUR|USD|GBP|°[CF]|[%€$£])(?!\w)|[€$£] ?\d"
)
_SIZES = "long|deep|wide|broad|high|tall|thick"
_SAME_SIZE = {"broad": "wide", "tall": "high"}
_ASKS_SIZE = re.compile(rf"\W*(?:and |so )?how ({_SIZES})\b", re.IGNORECASE)
_TOLD_SIZE = re.compile(
    r"\b(?:[ckm]?m|(?:centi|milli|kilo)?met(?:re|er)s?|f(?:ee|oo)?t|inch(?:es)?|yards?|miles?)"
    rf" ({_SIZES})\b",
    re.IGNORECASE,
)
_NO_SIZE = re.compile(r"\d ?(?:°[CF]|[kM]?Wh?|m?Ah|k?g|ml|l|lit(?:re|er)s?|t|tonn?e?s?|pounds?)(?!\w)")
_ASKS_WHEN = re.compile(r"\W*(?:and |so )?when\b", re.IGNORECASE)
_ONLY_LENGTH = re.compile(
    rf"\b(?:up to|for|at most|at least) (?:\d+|an?|two|three|four|five|six|seven|eight|nine|ten|twelve)"
    rf" (?:{_UNITS})s?\W*$",
    re.IGNORECASE,
)
_COUNTED_FROM = re.compile(
    r"\W*(?:before|after|prior|ahead|from|of|in|during|until|at|on)\b", re.IGNORECASE
)
_TECHNICAL = (
    (
        re.compile(r"\b(?:what|which) (?:environment |env )?variable\b", re.IGNORECASE),
        re.compile(r"[A-Z]_[A-Z]"),
    ),
    (re.compile(r"\b(?:what|which)(?: \w+){0,4} port\W*$", re.IGNORECASE), re.compile(r"\b\d{2,5}\b")),
    (
        re.compile(r"\b(?:what|which) temperature\b|\bhow (?:hot|warm|cold)\b", re.IGNORECASE),
        re.compile(
            r"°|\d$|\d ?[CFK]\b|\b(?:degrees?|hot|warm|cold|cool|lukewarm|room|boiling|freezing|mark)\b",
            re.I,
        ),
    ),
    (
        re.compile(r"\b(?:what|which) (?:percentage|per ?cent|share|proportion)\b", re.IGNORECASE),
        re.compile(
            r"%|\d$|\b(?:per ?cent\w*|half|thirds?|quarters?|fifths?|tenths?|one in|all|none|most)\b",
            re.I,
        ),
    ),
)


def may_be_asked(question: str, words: str, behind: str = "") -> bool:
    """Say whether words can be the time, number, port or variable that a question begins by asking for.

    Args:
        question: what is asked.
        words: those that may answer, with one or two before them: "after the war".
        behind: the word after them: "22 metres" is another size before "long" than before "wide".

    >>> [may_be_asked("When was it built?", words) for words in ("was first", "after the war")]
    [False, True]
    >>> [may_be_asked(question, "nobody else") for question in ("How many came?", "Who came?")]
    [False, True]
    >>> [may_be_asked("Which variable sets the home?", words) for words in ("this", "APP_HOME")]
    [False, True]
    >>> [may_be_asked("At what temperature does it bake?", words) for words in ("30 minutes", "200 °C")]
    [False, True]
    """
    if not all(look.search(words) for asks, look in _TECHNICAL if asks.search(question)):
        return False
    if is_of_other_unit(question, words) or _is_of_other_size(question, f"{words} {behind}"):
        return False
    if _ASKS_WHEN.match(question) and _ONLY_LENGTH.search(words) and not _COUNTED_FROM.match(behind):
        return False
    if _ASKS_TIME.match(question):
        return _TIME.search(words) is not None
    asks = _ASKS_NUMBER.match(question)
    if asks is None or _NUMBER.search(words):
        return True
    others = _WITHOUT_NUMBER.get(asks[1].casefold())
    return others is not None and re.search(rf"\b(?:{others})\b", words, re.IGNORECASE) is not None


def _is_of_other_size(question: str, words: str) -> bool:
    """Say whether words are of a length where a width is asked for, or of no size: "28 °C" for how deep."""
    asks = _ASKS_SIZE.match(question)
    if asks is None:
        return False
    asked, told = asks[1].lower(), [size.lower() for size in _TOLD_SIZE.findall(words)]
    is_told = _SAME_SIZE.get(asked, asked) in (_SAME_SIZE.get(size, size) for size in told)
    return (bool(told) and not is_told) or (
        asked in ("deep", "tall", "thick", "wide", "broad") and bool(_NO_SIZE.search(words))
    )


def is_of_other_unit(question: str, words: str) -> bool:
    """Say whether words are an amount of something else than the time that a question asks for.

    >>> [is_of_other_unit("How many hours does it take?", words) for words in ("500 Wh", "3.5", "4 h")]
    [True, False, False]
    """
    return _ASKS_DURATION.match(question) is not None and _OTHER_UNIT.search(words) is not None
