"""The reader that the package carries, on passages it has never seen."""

import pytest
import torch
from _passages import passage

from rag.core.types import Passage
from rag.encoders._minilm import Backbone
from rag.reading.readers._windows import MAX_TOKENS, padded, pieces, spans_of, strides
from rag.reading.readers.minilm import Minilm

HARBOUR = passage(
    "The harbour of Tarnholm was dug in 1874 by Ingrid Vessel. It froze in every winter until 1951. "
    "Today forty boats lie there, most of them red.",
    title="Tarnholm",
)
MILL = passage(
    "The mill at Osk grinds rye. Its wheel is nine metres wide and was made by Pieter Lund.",
    document="d2",
    title="Osk",
)
FILLER = "Nothing of note was seen on that day, and the crew went back to the village to rest. "


@pytest.fixture(scope="module")
def reader() -> Minilm:
    return Minilm()


def words(passages: list[Passage], reader: Minilm, question: str) -> str:
    best = reader.read(question, passages)[0]
    return passages[best.passage].text[best.start : best.end]


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        ("Who dug the harbour of Tarnholm?", "Ingrid Vessel"),
        ("when was the harbour of tarnholm dug", "1874"),
        ("Who made the wheel of the mill?", "Pieter Lund"),
        ("How wide is the wheel of the mill at Osk?", "nine metres"),
    ],
)
def test_it_finds_the_words_that_answer(reader: Minilm, question: str, answer: str) -> None:
    assert answer in words([HARBOUR, MILL], reader, question)
    assert answer in words([MILL, HARBOUR], reader, question)


def test_spans_are_of_the_passages_apart_and_best_first(reader: Minilm) -> None:
    passages = [HARBOUR, MILL]
    spans = reader.read("When did the harbour freeze?", passages)
    assert [span.score for span in spans] == sorted((span.score for span in spans), reverse=True)
    for span in spans:
        text = passages[span.passage].text
        assert 0 <= span.start < span.end <= len(text)
        assert text[span.start : span.end].strip() == text[span.start : span.end]
    for one in spans:
        for other in spans:
            if one is not other and one.passage == other.passage:
                assert one.end <= other.start or other.end <= one.start


def test_a_passage_that_answers_scores_above_one_that_does_not(reader: Minilm) -> None:
    best = {
        span.passage: span.score for span in reversed(reader.read("Who made the wheel?", [HARBOUR, MILL]))
    }
    assert best[1] > best[0]


def test_scores_do_not_depend_on_the_other_passages(reader: Minilm) -> None:
    question = "Who dug the harbour?"
    alone = reader.read(question, [HARBOUR])[0]
    together = next(span for span in reader.read(question, [MILL, HARBOUR]) if span.passage == 1)
    assert (alone.start, alone.end) == (together.start, together.end)
    assert alone.score == pytest.approx(together.score, abs=1e-3)


def test_a_passage_longer_than_a_window_is_read_to_its_end(reader: Minilm) -> None:
    long = passage(FILLER * 40 + "The bridge was built by Halvard Steen in 1902.", title="A diary")
    assert "Halvard Steen" in words([long], reader, "Who built the bridge?")


@pytest.mark.parametrize(
    "question", ["Wer hat den Hafen gebaut, und was war das?", "誰が港を掘りましたか", "?"]
)
def test_what_it_cannot_read_gives_nothing_or_spans(reader: Minilm, question: str) -> None:
    spans = reader.read(question, [HARBOUR])
    assert spans == [] or question == "?"


def test_passages_in_other_languages_are_left_out(reader: Minilm) -> None:
    german = passage("Der Hafen von Tarnholm ist im Jahr 1874 von der Stadt und dem König gebaut worden.")
    spans = reader.read("Who dug the harbour?", [german, HARBOUR])
    assert {span.passage for span in spans} == {1}


def test_a_word_of_another_language_is_not_read_in_english_passages(reader: Minilm) -> None:
    german = passage("Die Ruhezeit beginnt um 22 Uhr. Die Kaution ist nicht hoch.", document="d2")
    assert reader.read("Kaution?", [HARBOUR, german]) == []
    assert reader.read("Sind Haustiere erlaubt?", [HARBOUR, german]) == []
    assert {span.passage for span in reader.read("harbour winter", [HARBOUR, german])} == {0}


@pytest.mark.parametrize("text", ["", " ", "x", "\u200b\n"])
def test_texts_of_nothing_are_no_trouble(reader: Minilm, text: str) -> None:
    for span in reader.read("Who dug the harbour?", [passage(text), HARBOUR]):
        assert span.passage == 1 or text[span.start : span.end] == text.strip()
    assert reader.read("Who dug the harbour?", []) == []


def test_windows_hold_every_token_and_share_some() -> None:
    question, title, text = pieces(Backbone().tokenizer, ["Who dug it?", "Tarnholm", FILLER * 60])
    windows = strides(question, title, text)
    assert all(len(each.ids) <= MAX_TOKENS for each in windows)
    covered = [offset for each in windows for offset in each.offsets]
    assert set(covered) == set(text.offsets)
    assert len(covered) > len(text.offsets)
    ids, mask, segments = padded(windows)
    assert ids.shape == mask.shape == segments.shape
    assert segments[0, : windows[0].num_question].sum() == 0
    assert bool(segments[0, windows[0].num_question : len(windows[0].ids)].all())


def test_spans_equal_those_of_a_plain_search() -> None:
    question, title, text = pieces(Backbone().tokenizer, ["Who dug it?", "", HARBOUR.text])
    (part,) = strides(question, title, text)
    logits = torch.randn(len(part.ids), 2, generator=torch.Generator().manual_seed(0))
    length, most = len(part.offsets), 7
    slow = sorted(
        (
            (
                float(logits[part.first + a, 0] + logits[part.first + b, 1] - logits[0].sum()),
                part.offsets[a][0],
                part.offsets[b][1],
            )
            for a in range(length)
            for b in range(a, min(a + most, length))
        ),
        reverse=True,
    )
    fast = spans_of(part, logits, max_tokens=most, count=12)
    assert [place for _, *place in fast] == [place for _, *place in slow[:12]]
    assert [score for score, *_ in fast] == pytest.approx([score for score, *_ in slow[:12]], abs=1e-4)
