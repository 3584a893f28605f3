import pytest

from rag.core.types import Passage
from rag.reading.missing import missing, missing_text


def passage(text: str, title: str = "") -> Passage:
    return Passage("c", "d", 1, "s", title, None, 0, len(text), 1.0, text)


@pytest.mark.parametrize(
    ("question", "texts", "terms"),
    [
        ("Who painted the Mona Lisa?", ["The depot opens at nine."], ("painted", "Mona Lisa")),
        ("How long is the warranty of the HX 3000?", ["The warranty is long."], ("HX 3000",)),
        ("How long is the warranty?", ["Warranties of sensors."], ()),
        ("Wer hat die Mona Lisa gemalt?", ["Die Mona Lisa hat ein Rahmen."], ("gemalt",)),
        ("東京タワーの高さ", ["東京タワーは赤い。"], ("の高さ",)),
        ("كم ارتفاع البرج؟", ["البرج"], ("ارتفاع",)),
        ("Where?", ["Here."], ()),
        ("which plan is the cheapest", ["A plan."], ()),  # no text need compare
        ("do i need a visa", ["A passport."], ("visa",)),
    ],
)
def test_words_of_the_question_that_no_passage_holds(
    question: str, texts: list[str], terms: tuple[str, ...]
) -> None:
    gap = missing(question, question, [passage(text) for text in texts])
    assert gap.terms == terms
    assert gap.num_passages == len(texts)
    assert all(term in question for term in gap.terms)


def test_a_title_holds_words_too() -> None:
    assert missing("Where is Oslo?", "Oslo", [passage("It is north.", title="Oslo")]).terms == ()


@pytest.mark.parametrize(
    ("texts", "said"),
    [
        ([], "Nothing was found that could hold it."),
        (["The depot opens."], "The only passage found does not mention “Bergen”."),
        (["The depot opens."] * 2, "None of the 2 passages found mentions “Bergen”."),
        (
            ["The depot in Bergen opens."],
            "The only passage found does not answer it, though its words are there.",
        ),
    ],
)
def test_what_is_said_of_them(texts: list[str], said: str) -> None:
    question = "When does the depot in Bergen open?"
    assert missing_text(question, missing(question, question, [passage(text) for text in texts])) == said
