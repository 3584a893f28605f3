import pytest
from _passages import passage
from hypothesis import given
from hypothesis import strategies as st

from rag.core.errors import InvalidInputError
from rag.core.generation import PassageOrder
from rag.core.layout import Box
from rag.core.protocols import GenerationOptions, GeneratorCapabilities, Message, Prompt
from rag.core.types import Passage
from rag.generation.answer import REFUSAL, CitedText, build_prompt, cite, refusal
from rag.generation.markers import AnswerStream
from rag.reading.support import Support

TEXT = "The depot opens at nine. The warranty of the outdoor sensor runs for sixty months. 🐝 Bees hum."
SUPPORT = Support()


def locate(document_id: str, version: int, start: int, end: int) -> tuple[int | None, tuple[Box, ...]]:
    return 7, ()


def cited(text: str, *passages: Passage, question: str = "") -> CitedText:
    return cite(text, passages, support=SUPPORT, locate=locate, questions=[question])


def prompt(
    question: str,
    *passages: Passage,
    context: int = 400,
    history: tuple[Message, ...] = (),
    order: PassageOrder = "best_first",
) -> Prompt:
    return build_prompt(
        question,
        passages,
        capabilities=GeneratorCapabilities("m", context, passage_order=order),
        options=GenerationOptions(max_tokens=50),
        count_tokens=lambda text: len(text.split()),
        history=history,
    )


def test_a_prompt_holds_the_question_and_the_passages_and_fits() -> None:
    made = prompt("When does the depot open?", passage(TEXT))
    assert made.messages[0].role == "system"
    assert made.messages[-1].content.endswith("When does the depot open?")
    assert TEXT in made.messages[-1].content
    assert made.passages == (passage(TEXT),)


@pytest.mark.parametrize("context", [200, 300, 500, 900])
def test_a_prompt_never_exceeds_the_context(context: int) -> None:
    many = [passage(f"{TEXT} {number}", document=f"d{number}") for number in range(60)]
    turns = tuple(Message("user", "How is it? " * 20) for _ in range(30))
    made = prompt("When?", *many, context=context, history=turns)
    assert sum(len(message.content.split()) for message in made.messages) + 50 <= context
    assert made.passages


def test_code_is_cited_whole_however_the_passage_indents_it() -> None:
    text = "Run it:\n\n  ```sh\n  make a. b\n\n  make c\n  ```\n\nRest."
    found = cited("Run it:\n\n```sh\nmake a. b\n\nmake c\n```", passage(text))
    assert [each.quote for each in found.citations] == ["Run it:", "```sh\n  make a. b\n\n  make c\n  ```"]
    assert all(each.relevance == 1.0 for each in found.citations)


def test_code_of_which_a_line_is_left_out_is_not_verbatim() -> None:
    text = "```sh\nmake alpha\nmake beta\n```"
    found = cited("```sh\nmake beta\n```", passage(text))
    assert [each.relevance == 1.0 for each in found.citations] in ([], [False])


def test_of_the_history_the_newest_turns_are_kept() -> None:
    turns = tuple(Message("user", f"turn {number} " * 10) for number in range(30))
    kept = [message.content for message in prompt("When?", passage(TEXT), history=turns).messages[1:-1]]
    assert kept == [turn.content for turn in turns[-len(kept) :]]
    assert 0 < len(kept) < 30


def test_in_the_stable_order_a_conversation_goes_on_as_it_began() -> None:
    passages = [passage(f"{TEXT} {number}", document=f"d{number}") for number in (1, 2)]
    first = prompt("When does it open?", *passages, order="stable")
    turns = (Message("user", "When does it open?"), Message("assistant", "At nine."))
    second = prompt("And when does it close?", *reversed(passages), order="stable", history=turns)
    assert second.messages[:-2] == first.messages
    assert [message.content for message in second.messages[-2:]] == [
        "At nine.",
        "Question: And when does it close?",
    ]
    third = prompt(
        "Where are the keys?",
        *passages,
        order="stable",
        history=(*turns, Message("user", "And when does it close?"), Message("assistant", "At five.")),
    )
    assert third.messages[:-2] == second.messages


def test_in_the_stable_order_an_answer_whose_question_was_cut_off_is_left_out() -> None:
    turns = (Message("assistant", "At nine."), Message("user", "Where?"), Message("assistant", "Here."))
    made = prompt("When?", passage(TEXT), order="stable", history=turns)
    assert [message.role for message in made.messages] == ["system", "user", "assistant", "user"]
    assert TEXT in made.messages[1].content


def test_a_question_that_leaves_no_room_is_refused_with_what_to_do() -> None:
    with pytest.raises(InvalidInputError, match=r"tokens for passages.*shorten it"):
        prompt("why " * 300, passage(TEXT))


def test_a_mark_within_a_mark_goes_with_it() -> None:
    stream = AnswerStream([])
    assert [stream.feed("00【[】"), stream.feed("\n"), stream.finish()] == ["00", "", ""]


@given(st.text(alphabet=st.sampled_from("ab [](),;【】1290 \n.-"), max_size=60), st.data())
def test_what_streams_does_not_depend_on_how_it_is_cut(text: str, data: st.DataObject) -> None:
    cuts = sorted(data.draw(st.lists(st.integers(0, len(text)), max_size=6)))
    pieces = [text[start:end] for start, end in zip([0, *cuts], [*cuts, len(text)], strict=True)]
    whole, cut = AnswerStream([]), AnswerStream([])
    expected = whole.feed(text) + whole.finish()
    assert "".join([*map(cut.feed, pieces), cut.finish()]) == expected
    again = AnswerStream([])
    assert again.feed(expected) + again.finish() == expected == expected.strip()


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("It is so [1].", "It is so."),
        ("It is so [1][2], and [3, 4] more.", "It is so, and more."),
        ("So it is (source 2).", "So it is."),
        ("So it is【4†source】.", "So it is."),
        ("An array a[i] stays, and so does [sic].", "An array a[i] stays, and so does [sic]."),
    ],
)
def test_marks_of_the_models_own_are_taken_out(written: str, shown: str) -> None:
    stream = AnswerStream([])
    assert stream.feed(written) + stream.finish() == shown


def test_a_mark_that_the_passage_has_is_part_of_the_quotation() -> None:
    stream = AnswerStream([passage("As shown in [3], bees hum.")])
    assert stream.feed("As shown in [3], bees hum.") + stream.finish() == "As shown in [3], bees hum."


def test_a_mark_of_a_quotation_behind_a_short_answer_stays() -> None:
    stream = AnswerStream([passage("orders[1].item: Crown\norders[1].price: 900")])
    written = "900 orders[1].item: Crown orders[1].price: 900. So it is [1]."
    assert stream.feed(written) + stream.finish() == written.replace(" [1]", "")


SENTENCES = st.lists(
    st.lists(
        st.sampled_from("the depot opens at nine warranty runs months 𝔘 東京 é sensor of sixty".split()),
        min_size=1,
        max_size=8,
    ).map(lambda some: " ".join(some).capitalize() + "."),
    min_size=1,
    max_size=4,
).map(" ".join)


@given(SENTENCES, SENTENCES, st.integers(0, 1000))
def test_a_citation_quotes_its_document_and_bounds_its_sentence(text: str, source: str, start: int) -> None:
    document = " " * start + source
    answer = cited(text, passage(source, start=start))
    bounds = {(sentence.start, sentence.end): sentence for sentence in answer.sentences}
    for citation in answer.citations:
        assert document[citation.start : citation.end] == citation.quote != ""
        assert bounds[citation.answer_start, citation.answer_end].supported
        assert 0.5 <= citation.relevance <= 1
    assert sum(sentence.supported for sentence in answer.sentences) == len(answer.citations)


@pytest.mark.parametrize("question", ["When is payment due for invoice 8?", "When must Sand Cafe pay?"])
def test_a_sentence_of_several_documents_is_cited_to_the_one_asked_about(question: str) -> None:
    due = "Payment is due within 30 days."
    seven = passage(f"Customer: Holm Bakery.\n\n{due}", document="d7", title="Invoice 7")
    eight = passage(f"Customer: Sand Cafe.\n\n{due}", document="d8", title="Invoice 8")
    (citation,) = cited(due, seven, eight, question=question).citations
    assert (citation.title, citation.quote) == ("Invoice 8", due)


def test_a_quotation_is_cited_where_it_stands() -> None:
    answer = cited("🐝 Bees hum. The depot opens at nine.", passage(TEXT, start=100))
    assert [citation.quote for citation in answer.citations] == ["🐝 Bees hum.", "The depot opens at nine."]
    assert [citation.start for citation in answer.citations] == [100 + TEXT.index("🐝"), 100]
    assert {citation.page for citation in answer.citations} == {7}


@pytest.mark.parametrize(
    "claim",
    [
        "The moon is made of cheese.",
        "The warranty of the outdoor sensor runs for ninety months.",
        "The depot does not open at nine.",
        "The warranty of the outdoor sensor runs for 12 months.",
    ],
)
def test_what_no_passage_says_is_marked(claim: str) -> None:
    answer = cited(f"The depot opens at nine. {claim}", passage(TEXT))
    assert [sentence.supported for sentence in answer.sentences] == [True, False]
    assert len(answer.citations) == 1


@pytest.mark.parametrize("lead", ["", "The answer is: ", "Answer: ", "The answer to the question is "])
def test_words_that_only_announce_an_answer_need_no_support(lead: str) -> None:
    answer = cited(
        f"{lead}4 spaces per indentation level.",
        passage("Use 4 spaces per indentation level. Tabs are for old code."),
        question="How many spaces per indentation level should Python code use?",
    )
    assert [citation.quote for citation in answer.citations] == ["Use 4 spaces per indentation level."]
    assert answer.citations[0].answer_start == 0


def test_nothing_and_a_models_refusal_are_refusals() -> None:
    assert cited("  [1] ", passage(TEXT)) == refusal()
    for words in ("I could not find this in the documents.", "The passages do not mention a moon."):
        answer = cited(words, passage(TEXT))
        assert (answer.text, answer.refused, answer.citations) == (words, True, ())
    assert refusal().text == REFUSAL


def test_a_document_that_speaks_like_a_refusal_can_be_quoted() -> None:
    text = "I cannot find my keys, said the keeper of the depot."
    assert not cited(text, passage(text)).refused
