"""What a question in another language than English is about: its words without those that carry no content.

The words left out are those of Stopwords ISO, and those that only ask. Scripts without spaces have no words
to compare: there what is listed is cut from the text.
"""

import re
from collections.abc import Sequence
from functools import lru_cache

import stopwordsiso

from rag.scoring.languages import language_of
from rag.scoring.words import analyze, content_words

__all__ = ["AMOUNT_ASKED", "AMOUNT_GIVEN", "foreign_words"]

_UNSPACED = ("ja_XX", "ko_KR", "th_TH", "zh_CN")
_SAME_WORDS = {"bs_BA": "hr"}  # languages that are not listed, and one that has their words
_SPACED = """ar_AR bg_BG bn_IN bs_BA ca_ES cs_CZ da_DK de_DE el_GR es_XX et_EE eu_ES fa_IR fi_FI fr_XX he_IL
    hi_IN hr_HR hu_HU hy_AM id_ID it_IT lt_LT lv_LV mr_IN ms_MY nl_XX no_XX pl_PL pt_XX ro_RO ru_RU sk_SK
    sl_SI sv_SE tl_XX tr_TR uk_UA ur_PK vi_VN""".split()
_LANGUAGES = frozenset((*_SPACED, *_UNSPACED))
_ENDED = re.compile(
    "[^\u3041-\u3096][\u3041-\u3096]|[\u3041-\u3096][^\u3041-\u3096]"
)  # hiragana beside another script
# What questions have besides, where the lists know only what texts say.
_ASKING = {
    "de_DE": "kostet kosten beträgt gilt liegt befindet dauert",
    "fr_XX": "coûte coûtent heure dure trouve",
    "es_XX": "cuesta cuestan hora dura encuentra",
    "it_IT": "costa costano ora dura trova quanti quante quanta",
    "nl_XX": "hoeveel hoe lang hoog groot oud vaak kost kosten duurt",
    "pt_XX": "custa custam hora horas dura fica",
    "pl_PL": "ile kosztuje wynosi trwa",
    "sv_SE": "kostar",
    "da_DK": "koster",
    "no_XX": "koster",
    "tr_TR": "kaça kaçta nedir",
    "ru_RU": "стоит стоят сколько находится какой каков",
    "hi_IN": "कितना कितनी कितने कब कहाँ कौन",
    "ja_XX": """いつ だれ 誰 どこ 何 どんな どれ いくつ いくら どのくらい どれくらい 何人 何年 何月 何日
        何時 何曜日 何歳 何回 ですか ますか でしょうか でしたか ましたか ません 教えて ください""",
    "ko_KR": "입니까 인가요 합니까 하나요 되나요 됩니까 있나요 있습니까 무엇인가요 언제인가요 몇",
    "th_TH": "ใคร ที่ไหน เมื่อไร เมื่อไหร่ เมื่อใด เท่าไร เท่าไหร่ เท่าใด กี่ ใด ไหม อย่างไร ทำไม",
    "zh_CN": "什么 哪 谁 多少 几 吗 呢 的 了 是 在 有 請問 请问 甚麼 誰 幾 嗎 哪裡 多久 有多大 可以",
}
# How much, how many, how long or when; a digit, or a number in Han, is what answers.
AMOUNT_ASKED = re.compile(
    r"""\b(?:wie\ (?:viele?[nmrs]?|lange?|hoch|oft|alt|groß|weit|teuer|schnell|schwer|tief)|wieviele?|wann
    |combien|quand|cu[aá]nt[oa]s?|cu[aá]ndo|quant[oaie]s?|quando|hoeveel
    |hoe\ (?:lang|oud|vaak|hoog|groot|ver)|wanneer|ilu|kiedy|kaç\w*|ne\ (?:kadar|zaman)
    |сколько|скільки|когда|коли|колко|кога|bao\ nhiêu|khi\ nào
    |mấy|c[aâ][tțţ][ie]|când|hur\ (?:många|mycket|länge|ofta|gammal|stor)
    |hvor\ (?:mange|meget|mye|lenge|længe|ofte|gammel|stor)|när|når|hvornår|kolik|kdy|koľko|kedy|hány\w*
    |mennyi\w*|mikor|koliko|berapa|kapan|πόσ\w+|πότε|milloin)\b
    |^\W*(?:ile|kuinka|kada)\b|كم|متى|कितन|कब|多少|几[^乎何]|幾|何时|什么时候|哪一?年
    |何[年月日時人歳回円個名冊度種]|いつ|いくつ|いくら|どれくらい|どのくらい|얼마|몇|언제|กี่|เท่า[ไใ]|เมื่อ[ไใ]""",
    re.IGNORECASE | re.VERBOSE,
)
AMOUNT_GIVEN = re.compile(r"\d|[一二三四五六七八九十百千万]")


@lru_cache(maxsize=256)
def foreign_words(question: str) -> tuple[str, ...]:
    """Give the words of a question without those that carry no content, unless there are no others.

    >>> foreign_words("Wie hoch ist die Kaution?"), foreign_words("保証金はいくらですか")
    (('kaution',), ('保証', '証金', '保', '証', '金'))
    """
    language = language_of(question, _LANGUAGES, "")
    if language in _UNSPACED:
        words = [word for word in analyze(_listed(language).sub(" ", question)) if not _ENDED.search(word)]
    else:
        asked = content_words(question)
        stop_words = _stop_words(language or _likeliest(asked))
        words = [word for word in asked if word not in stop_words]
    return tuple(words or content_words(question))


def _likeliest(words: Sequence[str]) -> str:
    """Give the language that has most of the words on its list, two at least: one may be of English."""
    counts = {language: sum(word in _stop_words(language) for word in words) for language in _SPACED}
    most = max(counts, key=counts.__getitem__)
    return most if counts[most] > 1 else ""


@lru_cache
def _stop_words(language: str) -> frozenset[str]:
    listed = stopwordsiso.stopwords(_SAME_WORDS.get(language, language[:2])).union(_asking(language))
    return frozenset(word for entry in listed if " " not in entry for word in analyze(entry))


@lru_cache
def _listed(language: str) -> re.Pattern[str]:
    """Match what is listed, longest first; single characters are parts of words more often than words."""
    listed = [word for word in stopwordsiso.stopwords(language[:2]) if len(word) > 1]
    phrases = sorted({*listed, *_asking(language)}, key=lambda phrase: (-len(phrase), phrase))
    return re.compile("|".join(map(re.escape, phrases)))


def _asking(language: str) -> list[str]:
    return _ASKING.get(language, "").split()
