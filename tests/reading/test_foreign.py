"""Questions in other languages than English: what they are about, and which sentence answers them."""

import pytest

from rag.core.types import Passage
from rag.encoders.minilm import Minilm
from rag.reading.features import units_of
from rag.reading.foreign import foreign_words
from rag.reading.forms import with_forms
from rag.reading.questions import answers_kind, asked_words
from rag.reading.readers.minilm import Minilm as Reader
from rag.reading.support import Support
from rag.scoring.words import content_words

LEASE = (
    "Das Mietverhältnis beginnt am 1. Mai 2026. Die Kaution beträgt 1.500 Euro und ist in drei Raten "
    "zahlbar. Haustiere sind nicht erlaubt. Die 2. Etage wird gemeinsam genutzt."
)
RULES = "Aylık bilet 450 liradır. Öğrenciler indirimli öder. Otopark kentin güneyindedir ve ücretsizdir."
GYM = "체육관은 오전 6시에 문을 엽니다. 수영모 착용은 의무입니다. 강습 담당자는 김민수입니다."


@pytest.mark.parametrize(
    ("question", "words"),
    [
        ("Wie hoch ist die Kaution?", ["kaution"]),
        ("Combien coûte l'abonnement ?", ["abonn"]),
        ("¿Cuánto cuesta el billete?", ["billet"]),
        ("Ile kosztuje bilet?", ["bilet"]),
        ("Сколько стоит билет?", ["билет"]),
        ("可以吸烟吗？", ["吸烟", "吸", "烟"]),
        ("強度は何年ですか", ["強度", "強", "度"]),
        ("Wieso denn das?", ["wieso", "denn", "das"]),  # nothing else is left
    ],
)
def test_words_that_only_ask_are_left_out(question: str, words: list[str]) -> None:
    assert list(foreign_words(question)) == words


def test_a_text_has_a_word_in_another_form() -> None:
    (unit,) = with_forms(["kent", "bilet"], units_of([passage("Otopark kentinde bulunur.")]))
    assert "kent" in unit.words
    assert "bilet" not in unit.words


@pytest.mark.parametrize(
    ("question", "text"),
    [
        ("Wann wurde Christina Huber geboren?", "Christian Huber wurde 1970 in Bern geboren."),
        ("Wo ist der Ausgang?", "Die Ausgabe ist im Erdgeschoss."),
    ],
)
def test_what_begins_alike_may_be_another_thing(question: str, text: str) -> None:
    assert SUPPORT.judge(question, [passage(text)]).answerability < 0.53


@pytest.mark.parametrize(
    "question", ["front door code", "non refundable deposit", "Vincent van Gogh email"]
)
def test_a_word_that_another_language_lists_too_is_asked_for(question: str) -> None:
    assert len(asked_words(question)) == len(content_words(question))


def test_an_amount_is_known_in_other_languages() -> None:
    assert answers_kind("Ne zaman açılır?", "Saat 9'da açılır.") == 1
    assert answers_kind("いつ開きますか", "休みです。") == -1
    assert answers_kind("Ali ile kim geldi?", "Veli.") == 0  # Turkish "ile" is "with", Polish "how much"


@pytest.mark.parametrize(
    ("question", "text", "answer"),
    [
        ("Wie hoch ist die Kaution?", LEASE, "1.500"),
        ("Wann beginnt das Mietverhältnis?", LEASE, "1. Mai 2026"),
        ("Aylık bilet ne kadar?", RULES, "450"),
        ("강습 담당자는 누구인가요?", GYM, "김민수"),
    ],
)
def test_the_sentence_that_answers_is_found(question: str, text: str, answer: str) -> None:
    judged = SUPPORT.judge(question, [passage(text)])
    assert judged.answerability > 0.53
    best = SUPPORT.rank(question, [passage(text)])[0]
    assert answer in text[best.start : best.end]


@pytest.mark.parametrize(
    ("question", "text"), [("Wer ist der Hausmeister?", LEASE), ("주차 요금은 얼마인가요?", GYM)]
)
def test_what_no_sentence_says_is_declined(question: str, text: str) -> None:
    assert SUPPORT.judge(question, [passage(text)]).answerability < 0.53


def passage(text: str) -> Passage:
    return Passage("c", "d", 1, "a.md", "", None, 0, len(text), 1.0, text)


SUPPORT = Support(Minilm(), Reader())
