from collections.abc import Sequence
from functools import partial

import pytest
from _passages import passage
from _timing import least_seconds

from rag.core.types import AnswerSpan, Passage, Vector
from rag.encoders.minilm import Minilm
from rag.reading.candidates import Candidate, short_answer
from rag.reading.features import units_of
from rag.reading.readers.minilm import Minilm as Reader
from rag.reading.support import Support

HANDBOOK = [
    passage("The depot is at Kungsgatan 12. It is open from Monday to Thursday."),
    passage("Recalibration is due every 24 months for indoor models.", document="d2"),
    passage("Ada Lovelace wrote the first program, for the machine of Charles Babbage.", document="d3"),
    passage("The bumblebee is the largest bee of the valley and flies first in spring.", document="d4"),
]


@pytest.fixture(scope="module", params=["words and vectors", "words alone"])
def support(request: pytest.FixtureRequest) -> Support:
    return Support(Minilm() if request.param == "words and vectors" else None)


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        ("Where is the depot?", "Kungsgatan"),
        ("When does the bumblebee fly?", "spring"),
        ("How often is an indoor model recalibrated?", "24 months"),
        ("Who wrote the first program?", "Ada Lovelace"),
        ("Which is the largest bee of the valley?", "bumblebee"),
    ],
)
def test_a_question_that_a_passage_answers_is_answerable(
    support: Support, question: str, answer: str
) -> None:
    assert support.answerable(question, HANDBOOK) > 0.5
    best = support.rank(question, HANDBOOK)[0]
    assert answer in best.passage.text[best.start : best.end]


@pytest.mark.parametrize(
    "question",
    [
        "Who won the football world cup in 1998?",
        "What is the boiling point of ethanol?",
        "How do I reset my password?",
        "Which river flows through Paris?",
    ],
)
def test_a_question_about_something_else_is_not(support: Support, question: str) -> None:
    assert support.answerable(question, HANDBOOK) < 0.5


def test_no_passages_answer_nothing(support: Support) -> None:
    assert support.answerable("Where is the depot?", []) == 0.0
    assert support.rank("Where is the depot?", []) == []
    assert support.evidence("The depot is here.", []) is None


def test_probabilities_are_probabilities_and_ranked(support: Support) -> None:
    ranked = [each.relevance for each in support.rank("Where is the depot?", HANDBOOK)]
    assert ranked == sorted(ranked, reverse=True)
    assert all(0 <= relevance <= 1 for relevance in ranked)


def test_a_sentence_in_other_words_finds_its_span(support: Support) -> None:
    evidence = support.evidence("Indoor models are due for recalibration every 24 months.", HANDBOOK)
    assert evidence is not None
    assert evidence.passage.document_id == "d2"
    assert evidence.relevance > 0.5


@pytest.mark.parametrize("size", [2000])
def test_a_long_passage_takes_time_in_proportion(size: int) -> None:
    words = Support()
    seconds = []
    for sentences in (size // 4, size):
        long = passage(" ".join(f"Row {number} holds value {number * 7}." for number in range(sentences)))
        assert words.evidence("The row 3 has a value of 21.", [long]) is not None
        seconds.append(least_seconds(partial(words.evidence, "The row 3 has a value of 21.", [long])))
    assert seconds[1] < 12 * seconds[0]  # four times the text; the square would take sixteen


@pytest.mark.parametrize(
    ("sentence", "is_supported"),
    [
        ("Ada Lovelace wrote the first program, for the machine of Charles Babbage.", True),
        ("According to the text, Ada Lovelace wrote the first program.", True),
        ("Mary Shelley wrote the first program, for the machine of Charles Babbage.", False),
        ("Ada Lovelace wrote the first program, for the machine of George Boole.", False),
        ("Ada Lovelace did not write the first program.", False),
        ("Recalibration is due every 24 months for indoor models.", True),
        ("Recalibration is due every 12 months for indoor models.", False),
        ("Recalibration is due every twenty-four months for indoor models.", True),
        ("Recalibration is not due every 24 months for indoor models.", False),
        ("The depot is at Vasagatan 12.", False),
    ],
)
def test_a_wrong_number_name_or_negation_is_not_supported(
    support: Support, sentence: str, is_supported: bool
) -> None:
    evidence = support.evidence(sentence, HANDBOOK)
    assert (evidence is not None and evidence.relevance >= 0.5) == is_supported


def test_a_name_of_the_question_needs_no_window_of_its_own(support: Support) -> None:
    bees = [passage("The bumblebee lives in Arvika. It flies first in spring.", title="Bees")]
    claim = "The bumblebee of Arvika flies first in spring."
    question = "When does the bumblebee of Arvika fly?"
    evidence = support.evidence(claim, bees, question=question)
    assert evidence is not None
    assert evidence.relevance >= 0.5


class _FixedReader:
    """Find the same words wherever they stand."""

    def __init__(self, *found: tuple[str, float]) -> None:
        self._found = found
        self.num_read = 0

    def read(self, question: str, passages: Sequence[Passage]) -> list[AnswerSpan]:
        self.num_read += len(passages)
        spans = [
            AnswerSpan(number, each.text.index(words), each.text.index(words) + len(words), score)
            for number, each in enumerate(passages)
            for words, score in self._found
            if words in each.text
        ]
        return sorted(spans, key=lambda span: -span.score)


def test_a_reader_decides_which_sentence_answers_and_with_which_words() -> None:
    support = Support(reader=_FixedReader(("Thursday", 9.0), ("Kungsgatan 12", 2.0)))
    best, *rest = support.rank("Where is the depot?", HANDBOOK)
    assert best.short_answer == "Thursday"
    assert best.passage.text[best.start : best.end] == "It is open from Monday to Thursday."
    assert short_answer("Where is the depot?", [best, *rest]) == "Thursday"
    assert short_answer("Why is the depot there?", [best, *rest]) is None
    evidence = support.evidence("Thursday", HANDBOOK, question="Where is the depot?")
    assert evidence is not None
    assert evidence.passage.text[evidence.start : evidence.end] == "Thursday"


def test_one_of_two_amounts_is_not_their_difference() -> None:
    offers = [passage("Nature Loo costs 3,900 euros and EcoCabin 4,350 euros.")]
    ranked = Support(reader=_FixedReader(("4,350 euros", 9.0))).rank("What is EcoCabin's price?", offers)
    assert short_answer("How much dearer is EcoCabin than Nature Loo?", ranked) is None
    assert short_answer("How much does EcoCabin cost?", ranked) == "4,350 euros"


def test_a_passage_is_read_once_for_a_question() -> None:
    reader = _FixedReader(("Kungsgatan 12", 9.0))
    support = Support(reader=reader)
    for _ in range(2):
        support.judge("Where is the depot?", HANDBOOK)
        support.rank("Where is the depot?", HANDBOOK[:2])
    assert reader.num_read == len(HANDBOOK)
    support.rank("Where is the shed?", HANDBOOK[:2])
    assert reader.num_read == len(HANDBOOK) + 2


class _CountingEncoder:
    """MiniLM that notes what it encodes."""

    def __init__(self) -> None:
        self._minilm = Minilm()
        self.fingerprint, self.dim, self.max_tokens = self._minilm.fingerprint, 384, 254
        self.encoded: list[str] = []

    def encode(self, texts: Sequence[str]) -> Vector:
        self.encoded += texts
        return self._minilm.encode(texts)

    def token_starts(self, text: str) -> list[int]:
        return self._minilm.token_starts(text)


def test_of_what_was_read_the_likeliest_sentences_alone_are_encoded() -> None:
    question = "Where is the depot?"
    read, unread = _CountingEncoder(), _CountingEncoder()
    reader = _FixedReader(("Thursday", 9.0), ("24 months", 2.0), ("spring", 1.0))
    Support(read, reader).judge(question, HANDBOOK)
    by_words = "The depot is at Kungsgatan 12."  # and "It is open ...", which stands behind it
    by_reader = [
        "It is open from Monday to Thursday.",
        "Recalibration is due every 24 months for indoor models.",
    ]
    sentences = [text for text in read.encoded if " " in text]  # words of nearly the same meaning besides
    assert sorted(sentences) == sorted(
        [question, *(f"Handbook. {each}" for each in (by_words, *by_reader))]
    )
    Support(unread).judge(question, HANDBOOK)
    assert len(unread.encoded) == 1 + len(units_of(HANDBOOK))


def test_a_word_that_no_passage_has_may_be_said_by_another() -> None:
    suitcases = [passage("Each of you may take one suitcase of 23 kg.", document="d1")]
    support = Support(Minilm(), _FixedReader(("one suitcase", 1.0)), min_answerability=0.5)
    (unit,) = support.units("how much luggage", suitcases, support.spans("how much luggage", suitcases))
    assert unit.words - units_of(suitcases)[0].words == {"luggag"}
    spans = support.spans("how much fuel", suitcases)
    assert support.units("how much fuel", suitcases, spans) == units_of(suitcases)


def test_a_sentence_that_is_not_encoded_does_not_decide_whether_there_is_an_answer() -> None:
    reader = _FixedReader(("Kungsgatan 12", 9.0), ("spring", 8.0))
    support = Support(Minilm(), reader)
    nothing = [passage("Nothing stands here. Grass grows.", document=f"n{number}") for number in range(5)]
    question = "Where is the depot?"
    few = support.answerable_unread(question, units_of(HANDBOOK), support.spans(question, HANDBOOK))
    every = support.answerable_unread(question, units_of(HANDBOOK), [])
    assert few == pytest.approx(every, abs=1e-5)
    # More passages that say nothing change how rare its words are, and nothing else.
    longer = [*HANDBOOK, *nothing]
    more = support.answerable_unread(question, units_of(longer), support.spans(question, longer))
    assert more == pytest.approx(support.answerable_unread(question, units_of(longer), []), abs=1e-5)


def test_the_better_the_span_the_likelier_there_is_an_answer() -> None:
    chances = [
        Support(reader=_FixedReader(("Kungsgatan 12", score))).answerable("Where is the depot?", HANDBOOK)
        for score in (-6.0, 0.0, 6.0)
    ]
    assert chances == sorted(chances)
    assert chances[0] < chances[-1]


def test_a_cell_of_a_table_is_an_answer() -> None:
    table = passage(
        "Product | Model | Warranty (months)\nIndoor sensor | HX-110 | 24\nOutdoor sensor | HX-240 | 60"
    )
    support = Support(reader=_FixedReader(("HX-110", 12.0)))
    question = "How long is the warranty of the outdoor sensor?"
    best = support.rank(question, [table])[0]
    assert (best.short_answer, best.told) == ("60", "Warranty (months): 60")
    evidence = support.evidence("Warranty (months): 60", [table], question=question)
    assert evidence is not None
    assert (table.text[evidence.start : evidence.end], evidence.is_verbatim) == ("60", True)
    other = support.evidence("Warranty (months): 24", [table], question=question)
    assert other is None or not other.is_verbatim


@pytest.mark.parametrize("column", ["", "Warranty " * 20, "Warranty. In months"])
def test_an_answer_begins_with_no_name_that_is_missing_long_or_several_sentences(column: str) -> None:
    row = passage("Outdoor sensor | 60")
    assert Candidate(row, 0, 19, 1.0, (17, 19), column).told == "60"


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        ("Is the depot open on Friday?", "open from Monday to Thursday"),
        ("Does the warranty cover water damage?", "does not cover damage by water"),
        ("Can the sensor be used outdoors?", "may be used outdoors"),
        ("How do I reset the sensor?", "Hold the button"),
        ("What is a node?", "A node is"),
    ],
)
def test_a_question_that_a_few_words_do_not_answer_gets_the_sentence_that_does(
    question: str, answer: str
) -> None:
    passages = [
        passage("The depot was built in 1901. It is open from Monday to Thursday.", title="Depot"),
        passage(
            "The warranty of the sensor is two years. It does not cover damage by water. Keep the receipt.",
            document="d2",
        ),
        passage(
            "Each node has a number. A node is a sensor with a radio. The sensor may be used outdoors. To"
            " reset it, hold the button for five seconds. Hold the button of the sensor until it blinks to"
            " reset it.",
            document="d3",
        ),
    ]
    support = Support(Minilm(), Reader())
    best = support.rank(question, passages)[0]
    assert answer.casefold() in best.passage.text[best.start : best.end].casefold()
    assert short_answer(question, support.rank(question, passages)) is None


def test_a_year_or_value_that_no_passage_holds_is_not_answered() -> None:
    found = [passage("The basic plan costs 12 dollars. The income was 412,000 pounds in 2023.")]
    support = Support(Minilm(), Reader())
    assert support.answerable("What was the income in 2023?", found) > 0
    for question in ("What was the income in 2021?", "Which plan costs 25 dollars?"):
        assert support.answerable(question, found) == 0
    for question in ("Was the income lower in 2021?", "How much do 25 basic plans cost?"):
        assert support.answerable(question, found) > 0
