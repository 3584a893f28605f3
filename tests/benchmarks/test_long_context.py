import gzip
import json
from collections.abc import Sequence
from pathlib import Path

import pytest

from benchmarks._long_context import LENGTHS, needles, passkeys
from benchmarks.longcontext import facts
from rag.evaluation.datasets import Dataset

FACTS = [(f"The mill of number {number} is red.", f"Which mill is red? {number}") for number in range(8)]
HAYSTACK = [" ".join(["one two three"] * 3000), " ".join(["four five six"] * 2000)]


def made(name: str, length: int) -> Dataset:
    if name == "passkey":
        return passkeys(length, documents=8, questions=5)
    return needles(length, HAYSTACK, FACTS, questions=5)


@pytest.mark.parametrize("name", ["passkey", "needle"])
@pytest.mark.parametrize("length", LENGTHS)
def test_documents_have_the_length_that_is_asked_for(name: str, length: int) -> None:
    for entry in made(name, length).corpus:
        assert len(entry.text.split()) == round(length * 0.75)


@pytest.mark.parametrize("name", ["passkey", "needle"])
def test_each_question_has_one_document_and_the_others_distract(name: str) -> None:
    dataset = made(name, 512)
    assert len(dataset.corpus) == 8
    assert len(dataset.questions) == 5
    assert all(dataset.relevant[question.id] == {question.id: 1.0} for question in dataset.questions)
    assert made(name, 512) == dataset, "it always comes out the same"


def test_the_fact_stands_whole_and_anywhere() -> None:
    dataset = made("needle", 1024)
    places = [entry.text.index(FACTS[int(entry.id)][0]) / len(entry.text) for entry in dataset.corpus]
    assert max(places) - min(places) > 0.3


def test_no_needle_is_a_question_that_the_late_head_was_trained_on(tmp_path: Path) -> None:
    asked = ["Which colour has the mill by the river Alba?", "Which colour has the barn by the river Bova?"]
    contexts = [
        f"The {what} has been painted in a deep red since 1908. It is old." for what in ("mill", "barn")
    ]
    pairs = list(zip(asked, contexts, strict=True))
    written(
        tmp_path / "train_qa_english",
        [
            {"dataset": "qed_nq", "title": text, "context": text, "question": question}
            | {"answers": [{"start": 4}]}
            for question, text in pairs
        ],
    )
    positive = {"title": "", "text": contexts[0]}
    written(
        tmp_path / "train_retrieval_english",
        [{"dataset": "qed_nq", "query": asked[0], "positive": positive}],
    )
    assert [question for _, question in facts(tmp_path, 2)] == asked[1:]


def written(folder: Path, records: Sequence[dict[str, object]]) -> None:
    folder.mkdir()
    with gzip.open(folder / "train.jsonl.gz", "wt", encoding="utf-8") as file:
        file.writelines(f"{json.dumps(record)}\n" for record in records)
