"""What is said to a person and asks nothing of the documents: greetings, doubts, "what can you do?".

Knows whole utterances in a few languages; one word more and it is a question like any other.
"""

import re
from collections.abc import Sequence

from agents.abilities import declined
from rag.core.protocols import Message

__all__ = ["recalled", "reply_to", "without_courtesies"]

_HELLO = (
    r"hi(?: there| all)?|hello(?: there)?|hey(?: there)?|greetings|good (?:morning|afternoon|evening|day)"
    r"|how are you(?: doing)?(?: today)?|hallo|guten (?:tag|morgen|abend)|moin|servus|bonjour|bonsoir|salut"
    r"|hola|buenos d[ií]as|buenas tardes|ciao|buongiorno|ol[áa]|こんにちは|你好|مرحبا"
)
_THANKS = (
    r"(?:many |ok(?:ay)? )?(?:thanks|thank you)(?: a lot| so much| very much| again)?|thx|ta|cheers"
    r"|danke(?: sch[öo]n| sehr)?|vielen dank|merci(?: beaucoup)?|gracias|muchas gracias|grazie(?: mille)?"
    r"|obrigad[oa]|ありがとう(?:ございます)?|谢谢|شكرا"
)
_BYE = r"(?:good)?bye(?: bye)?|see you(?: later)?|good night|tsch[üu]ss|auf wiedersehen|au revoir|adi[óo]s"
_ABOUT_US = (
    r"who are you|what are you|what(?:['’]s| is) your name|what (?:can|do) you do(?: for me)?"
    r"|(?:how|what) can you help(?: me)?(?: with)?|how (?:do|can) i use (?:this|you)"
    r"|what can i ask(?: you)?|(?:please )?help(?: me)?|what languages (?:can|do) you (?:speak|know)"
    r"|are you (?:an? )?(?:human|person|robot|bot|chatbot|machine|ai|real|there)"
    r"|wer bist du|was kannst du|qui es-tu|que peux-tu faire|qui[eé]n eres"
)
_PRAISE = (
    r"(?:ok(?:ay)?|great|good|perfect|cool|nice|got it|i see|understood|alright|super|wonderful|excellent"
    r"|(?:that|this)(?:['’]s| is| was| were)? (?:very |really )?"
    r"(?:helps?|helped|helpful|great|good|all|perfect))"
)
_DOUBT = (
    r"(?:are you|you(?:['’]re| are)) (?:really |quite )?sure(?: (?:about|of) (?:that|it|this))?|really"
    r"|(?:is|was) (?:that|this) (?:really )?(?:true|right|correct)|how do you know(?: (?:that|this|it))?"
    r"|where (?:does it|do they|does the (?:document|text)) say (?:that|so|this|it)"
    r"|where (?:is|was) (?:that|this) from"
    r"|where (?:did|do) you (?:find|get|have) (?:that|this|it)(?: from)?"
    r"|(?:what(?:['’]s| is| are| was| were) )?(?:the |your )?sources?(?: (?:of|for) (?:that|this|it))?"
    r"|(?:on |in )?(?:which|what) (?:page|document|source|file)(?: is (?:that|this|it) (?:on|in|from))?"
    r"|who says (?:so|that)|says who"
)
_STUCK = (
    r"(?:sorry )?i (?:do not|don['’]?t|did not|didn['’]?t) (?:understand|get it|get that|follow)"
    r"(?: (?:you|it|that|this|the answer))?"
    r"|(?:no )?(?:that|this|it)(?:['’]s| is| was) (?:all |completely )?(?:wrong|not (?:right|correct|true)"
    r"|incorrect|false|nonsense|not what i (?:asked(?: for)?|meant|wanted))"
    r"|wrong|yes|yes please|yeah|yep|no|nope|hm+|huh"
)
_ANEW = (
    r"stop(?: it)?|start (?:over|again|anew)|never ?mind|forget (?:it|that)"
    r"|new (?:chat|conversation|topic|question)"
)
_FILE = r"\S+\.\w{2,5}"
_THE_DOCUMENTS = (
    r"(?:(?:the|this|that|these|those|my|our|all|an?|new|old|last|first) ){0,3}"
    r"(?:documents?|files?|collections?|handbooks?|pdfs?)"
)
_CHANGE = (
    r"(?:please )?(?:"
    rf"(?:delete|remove|upload|add|import|ingest|rename|edit|update|change) {_THE_DOCUMENTS}"
    rf"(?: (?:\d+|{_FILE}))?"
    rf"|(?:delete|remove|rename|upload|ingest) (?:the |my |this )?{_FILE})"
)
_BETWEEN = r"[\s,.!?;:–-]*"
_ASK_AGAIN = "Ask again in other words, as a whole question: I look for what the documents say."
_REPLIES = (  # a later kind is the answer where an utterance holds several: "thanks, bye"
    (_PRAISE, "Good. Ask on whenever you like."),
    (_HELLO, "Hello. Ask me about your documents; each answer names the passage that it rests on."),
    (_THANKS, "You are welcome."),
    (_BYE, "Goodbye."),
    (
        _ABOUT_US,
        "I answer questions from your documents and name the passages that an answer rests on. I say so"
        " where they hold none. I can also list the documents, find exact words in them, and reckon with"
        " numbers and dates.",
    ),
    (
        _DOUBT,
        "An answer rests on the passages that are named with it, by document and page: open one to read it"
        " in its place. Where I found nothing, other words may find more.",
    ),
    (_STUCK, _ASK_AGAIN),
    (_ANEW, "All right. A question that stands by itself is read without what was said before."),
    (
        _CHANGE,
        "I read documents and change none. They are taken in and deleted on the page of documents, with"
        " `rag ingest` and `rag delete`, or over HTTP.",
    ),
)
_ANY = "|".join(f"(?:{kind})" for kind, _ in _REPLIES)
_WHOLE = re.compile(rf"{_BETWEEN}(?:(?:{_ANY}){_BETWEEN})+", re.IGNORECASE)
_ASKED_BEFORE = re.compile(
    r"\W*(?:what did i (?:just )?ask(?: you)?(?: (?:before|last|first))?"
    r"|what (?:was|is) my (?P<which>first|last|previous) question"
    r"|(?:repeat|what was) (?:the|my) question)\W*",
    re.IGNORECASE,
)
_MAX_CHARS = 80


def reply_to(utterance: str) -> str | None:
    """Give the reply to what is no question to the documents; None where it may be one.

    >>> reply_to("Thanks, bye!"), reply_to("Thanks to whom was it built?")
    ('Goodbye.', None)
    """
    if not re.search(r"\w", utterance):
        return _ASK_AGAIN
    if len(utterance) > _MAX_CHARS or not _WHOLE.fullmatch(utterance):
        return None
    kinds = [
        reply for kind, reply in _REPLIES if re.search(rf"\b(?:{kind})(?!\w)", utterance, re.IGNORECASE)
    ]
    return kinds[-1]


def recalled(utterance: str, history: Sequence[Message]) -> str | None:
    """Give the reply to a person who asks what they asked before; None for anything else.

    >>> recalled("What was my first question?", [Message("user", "How deep is it?")])
    'You asked: “How deep is it?”'
    """
    match = _ASKED_BEFORE.fullmatch(utterance)
    if match is None:
        return None
    asked = [message.content for message in history if message.role == "user"]
    if not asked:
        return "You have asked nothing yet."
    return f"You asked: “{asked[0 if match['which'] == 'first' else -1]}”"


def without_courtesies(history: Sequence[Message]) -> list[Message]:
    """Give what was asked of the documents and answered: all else is no subject to go on from."""
    kept: list[Message] = []
    is_kept = True
    for message in history:
        if message.role == "user":
            said = message.content
            is_kept = not (reply_to(said) or declined(said) or _ASKED_BEFORE.fullmatch(said))
        if is_kept:
            kept.append(message)
    return kept
