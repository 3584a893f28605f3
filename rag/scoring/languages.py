"""The language of a text, as XMOD's adapters name it: by script, small words, and letters.

Light on purpose: a language that is missing here, or a text too short to tell, falls back to the script's
largest language, or the model's own default.
Source of the codes: Pfeiffer et al., Lifting the Curse of Multilinguality (X-MOD), 2022, appendix.
"""

import re
import unicodedata
from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from functools import lru_cache
from itertools import chain

import regex

from rag.scoring._small_words import LETTERS, SMALL_WORDS
from rag.scoring.words import content_words

__all__ = ["is_english", "language_of", "may_be_english"]

_SCRIPTS = {
    "KANA": "ja_XX",
    "HANGUL": "ko_KR",
    "CJK": "zh_CN",
    "THAI": "th_TH",
    "HEBREW": "he_IL",
    "GREEK": "el_GR",
    "DEVANAGARI": "hi_IN",
    "BENGALI": "bn_IN",
    "TAMIL": "ta_IN",
    "TELUGU": "te_IN",
    "ARMENIAN": "hy_AM",
    "GEORGIAN": "ka_GE",
    "ARABIC": "ar_AR",
    "LATIN": "",
    "CYRILLIC": "",
}
_MIN_SIGNS = 2  # words and letters: one alone is often a name
_MIN_EVIDENCE = 0.5
_KANA = ("HIRAGANA", "KATAKANA")
_MIN_KANA = 0.1  # of the letters of a Japanese text; Chinese ones have a kana now and then
_ENGLISH_QUESTIONS = frozenset(
    """who whom whose which when where why how did does do many much a an i we you my our your can could
    should would must may there any if per""".split()
)
_WORDS = {
    script: {language: frozenset(words.split()) for language, words in languages.items()}
    for script, languages in SMALL_WORDS.items()
}
_RIVALS = (
    "en_XX de_DE fr_XX es_XX it_IT pt_XX nl_XX pl_PL tr_TR vi_VN id_ID ro_RO".split()
)  # of English: one small word of theirs tells, of other languages two
# Words of English, and names.
_NO_SIGNS = frozenset("ai aus bao chi cine come comment dove kim oder ou sau".split())
_LATIN = {language: _WORDS["LATIN"][language] - _NO_SIGNS for language in _RIVALS}
_RARER = [
    frozenset(word for word in words if len(word) > 1)
    - _WORDS["LATIN"]["en_XX"].union(_NO_SIGNS, "by do may me men pre pro see so till".split())
    for language, words in _WORDS["LATIN"].items()
    if language not in _RIVALS
]
_WORDS["LATIN"]["en_XX"] |= _ENGLISH_QUESTIONS
# How many languages of a script have a small word, or a letter of their alphabet beside those all have.
_NUM_WITH_WORD = {script: Counter(chain.from_iterable(words.values())) for script, words in _WORDS.items()}
_NUM_WITH_LETTER = {
    script: Counter(chain.from_iterable(LETTERS.get(language, "") for language in words))
    for script, words in _WORDS.items()
}
# What questions of other languages have besides, but for words of English ("hat", "come", "hay").
_OTHER_QUESTIONS = frozenset(
    """wer wem wessen wann wo warum wieso welche welcher welches wieviel sind haben habe gibt wird werden
    kann können darf dürfen muss müssen soll wir unser combien où quand pourquoi qui peut puis faut avez
    cuánto cuánta cuántos cuántas cuanto cuando cuándo dónde donde quién cómo puedo tiene quanto quando
    perché onde quem posso waar wanneer hoeveel zijn ile kto kiedy gdzie czy vem vad när vilken kostar
    får kaç kaçta ne nerede nasıl hangi mı mü hvem hvad hvor hvornår kuka mikä missä milloin paljonko kolik
    kdo kdy koľko mennyi mikor kosten""".split()
)
_SPANISH = "¿¡"
_FOREIGN = 2  # small words of another language in a text that has some of English
_WORD = re.compile(r"[^\W\d_]+")
_WHOLE_WORD = regex.compile(r"[\p{L}\p{M}]+")
_SEEN = 2000  # characters; enough for any text that is in one language


def language_of(text: str, known: Collection[str], default: str) -> str:
    """Give the adapter of a text's language.

    >>> languages = ["en_XX", "de_DE", "ja_XX"]
    >>> [language_of(text, languages, "en_XX") for text in ("Wie ist das Wetter?", "雪は白い")]
    ['de_DE', 'ja_XX']
    """
    seen = unicodedata.normalize("NFC", text[:_SEEN])
    scripts = Counter(_script(character) for character in seen if character.isalpha())
    num_kana = sum(scripts.pop(script, 0) for script in _KANA)
    if num_kana and num_kana >= _MIN_KANA * (num_kana + scripts["CJK"]):
        scripts["KANA"] = num_kana + scripts.pop("CJK", 0)
    named = [script for script, _ in scripts.most_common() if script in _SCRIPTS]
    if not named:
        return default
    script = named[0]
    found = (_by_words(seen, script) if script in _WORDS else "") or _SCRIPTS[script]
    return found if found in known else default


def is_english(text: str) -> bool:
    """Say whether a text may be English: mostly Latin letters, and few small words of other languages.

    >>> is_english("who sang la bamba"), is_english("can i drive"), is_english("Wer hat die Uhr erfunden?")
    (True, True, False)
    >>> is_english("Sind Haustiere erlaubt?"), is_english("¿Cuesta?"), is_english("Zürich fees")
    (False, False, True)
    """
    return _is_english(text[:_SEEN])


@lru_cache(maxsize=1024)
def _is_english(text: str) -> bool:
    scripts = Counter(_script(character) for character in text if character.isalpha())
    if not scripts or scripts.most_common(1)[0][0] != "LATIN":
        return not scripts
    english, others = _small_words(text)
    if not english and any(mark in text for mark in _SPANISH):
        return False
    said = [word.casefold() for word in _WORD.findall(text)]
    rarer = max(sum(word in small for word in said) for small in _RARER)
    return max(rarer, others) < max(_FOREIGN, english + 1) and (bool(english) or others == 0)


def may_be_english(question: str, texts: Iterable[str]) -> bool:
    """Say whether a question may be English; one that tells little, as "Kaution", if what has it may.

    Args:
        question: what is asked.
        texts: what was found for it; those that hold most of its words tell.
    """
    english, others = _small_words(question)
    asked = frozenset(content_words(question))
    is_asked_otherwise = not _OTHER_QUESTIONS.isdisjoint(_WORD.findall(question.casefold()))
    tells = english or others >= _FOREIGN or (others and is_asked_otherwise)
    if tells or not asked or (not others and not is_english(question)):
        return is_english(question)
    held = [(len(asked.intersection(content_words(text))), text) for text in texts]
    most = max((words for words, _ in held), default=0)
    if not most:
        return is_english(question)
    return any(is_english(text) for words, text in held if words == most)


def _small_words(text: str) -> tuple[int, int]:
    """Count the small words of English, and those of the other language that has most of them.

    A single one that has a capital may be a name, as in "Des Moines", or initials; it counts only if it
    begins a sentence with a full stop, or a question as few names do.
    """
    said = _WORD.findall(text[:_SEEN])
    english, others = _counted([word.casefold() for word in said])
    if not english and others == 1:
        begins = {word.casefold() for word in said[:1] if word.istitle()}
        if not text.rstrip().endswith("."):
            begins &= _OTHER_QUESTIONS
        others = _counted([*begins, *(word for word in said if word.islower())])[1]
    return english, others


def _counted(words: Sequence[str]) -> tuple[int, int]:
    counts = {language: sum(word in small for word in words) for language, small in _LATIN.items()}
    english = counts.pop("en_XX") + sum(word in _ENGLISH_QUESTIONS for word in words)
    return english, max(*counts.values(), sum(word in _OTHER_QUESTIONS for word in words))


def _script(character: str) -> str:
    return unicodedata.name(character, "").split(" ")[0].split("-")[0]


def _by_words(text: str, script: str) -> str:
    """Give the likeliest language of a script; none where too little tells.

    A word or letter counts once, and less when more languages have it; letters that a language has not
    count against it.
    """
    folded = text.casefold()
    num_with_word, num_with_letter = _NUM_WITH_WORD[script], _NUM_WITH_LETTER[script]
    words, letters = set(_WHOLE_WORD.findall(folded)), set(folded) & num_with_letter.keys()
    best, least = "", _MIN_EVIDENCE
    for language, small in _WORDS[script].items():
        own = letters & set(LETTERS.get(language, ""))
        found = words & small
        evidence = sum(1 / num_with_word[word] for word in found)
        evidence += sum(1 / num_with_letter[letter] for letter in own) - len(letters - own) / 2
        if len(found) + len(own) >= _MIN_SIGNS and evidence > least:
            best, least = language, evidence
    return best
