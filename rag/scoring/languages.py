"""The language of a text, as XMOD's adapters name it: by script; Latin and Cyrillic ones by small words.

Light on purpose: a language that is missing here, or a text too short to tell, falls back to the
model's own default.
Source of the codes: Pfeiffer et al., Lifting the Curse of Multilinguality (X-MOD), 2022, appendix.
"""

import re
import unicodedata
from collections import Counter
from collections.abc import Collection

__all__ = ["is_english", "language_of"]

_SCRIPTS = {
    "HIRAGANA": "ja_XX",
    "KATAKANA": "ja_XX",
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
_SMALL_WORDS = {
    "en_XX": "the of and to in is that for it was on are as with his they at be this from have or what",
    "de_DE": "der die und das den von zu mit ist des auf für im dem nicht ein eine als auch es an wie was",
    "fr_XX": "le la les des et est dans une du que pour par sur pas au plus ce avec sont il quel quelle",
    "es_XX": "el la los las de que y en un una es por con para se del al como lo su más fue qué cuál está",
    "it_IT": "il lo gli di che è un una per non sono con del della nel alla dei da come anche si più qual",
    "pt_XX": "o os as de que e do da em um uma para com não por mais dos das ao foi são na no qual é",
    "nl_XX": "de het een van en in is dat op te zijn voor met die niet aan er om ook als door wat hoe",
    "pl_PL": "w i na z się do nie jest to że o od przez jak po za jego który była czy są oraz co",
    "tr_TR": "ve bir bu için ile de da olarak olan en gibi daha çok kadar sonra ne değil mi nedir hangi",
    "vi_VN": "là của và các có được trong cho một người không với này những đã khi về như gì nào để",
    "id_ID": "yang dan di dari untuk dengan pada adalah ini itu tidak dalam oleh sebagai ke akan juga apa",
    "ro_RO": "și de la în a un o că nu cu pe este din care mai pentru fost sunt prin ce al",
    "ru_RU": "и в не на что с по как это из у за от о для был была его он она они который какой где",
    "uk_UA": "і в не на що з та як це із у за від про для був була його він вона вони який яка де є",
    "bg_BG": "и в не на че с по как това от за е са да се той тя който къде",
}
_ENGLISH_QUESTIONS = frozenset(
    """who whom whose which when where why how did does do many much a an i we you my our your can could
    should would must may there any if per""".split()
)
_SETS = {language: frozenset(words.split()) for language, words in _SMALL_WORDS.items()}
_FOREIGN = 2  # small words of another language in a text that has some of English
_WORD = re.compile(r"[^\W\d_]+")
_SEEN = 2000  # characters; enough for any text that is in one language


def language_of(text: str, known: Collection[str], default: str) -> str:
    """Give the adapter of a text's language.

    >>> languages = ["en_XX", "de_DE", "ja_XX"]
    >>> [language_of(text, languages, "en_XX") for text in ("Wie ist das Wetter?", "雪は白い")]
    ['de_DE', 'ja_XX']
    """
    seen = text[:_SEEN]
    scripts = Counter(_script(character) for character in seen if character.isalpha())
    named = [script for script, _ in scripts.most_common() if script in _SCRIPTS]
    if not named:
        return default
    if named[0] == "CJK" and {"HIRAGANA", "KATAKANA"} & set(named):
        return "ja_XX" if "ja_XX" in known else default
    found = _SCRIPTS[named[0]] or _by_small_words(seen)
    return found if found in known else default


def is_english(text: str) -> bool:
    """Say whether a text may be English: mostly Latin letters, and few small words of other languages.

    >>> is_english("who sang la bamba"), is_english("can i drive"), is_english("Wer hat die Uhr erfunden?")
    (True, True, False)
    """
    scripts = Counter(_script(character) for character in text[:_SEEN] if character.isalpha())
    if not scripts or scripts.most_common(1)[0][0] != "LATIN":
        return not scripts
    words = [word.casefold() for word in _WORD.findall(text[:_SEEN])]
    counts = {language: sum(word in small for word in words) for language, small in _SETS.items()}
    english = counts.pop("en_XX") + sum(word in _ENGLISH_QUESTIONS for word in words)
    return max(counts.values()) < (max(_FOREIGN, english + 1) if english else 1)


def _script(character: str) -> str:
    return unicodedata.name(character, "").split(" ")[0].split("-")[0]


def _by_small_words(text: str) -> str:
    words = [word.casefold() for word in _WORD.findall(text)]
    counts = {language: sum(word in small for word in words) for language, small in _SETS.items()}
    best = max(counts, key=lambda language: counts[language])
    return best if counts[best] else ""
