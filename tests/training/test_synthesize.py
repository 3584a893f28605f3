"""Made questions and negatives: resumed, filtered, and compared at equal size."""

import asyncio
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import cast

from rag.core.protocols import Delta, GenerationOptions, Prompt
from rag.encoders.minilm import Minilm
from rag.generation.backends.echo import Echo
from rag.training._late_pool import Columns, Pool, Query, encoded
from rag.training._synthetic import ARMS, FROM_PAIR, FROM_QUESTION, MINED, MIXED, Row, with_mined
from rag.training.synthesize import compare, make_rows

CORPUS = [
    "The depot at Kungsgatan sells snow shovels in winter. It opens at nine.",
    "Snow shovels were first patented in 1870. Their blades were made of wood.",
    "Tea is grown on the hills of Assam. It is picked by hand.",
    "Copper conducts heat better than iron. Pans are made of it.",
    "Sugar dissolves in warm water within a minute. Salt takes longer.",
    "The violin has four strings. They are tuned in fifths.",
]
DEPTHS, COLUMNS = Columns.of((6,))


class Counting(Echo):
    """Count what is generated."""

    calls = 0

    async def stream(self, prompt: Prompt, options: GenerationOptions) -> AsyncGenerator[Delta, None]:
        self.calls += 1
        async for piece in super().stream(prompt, options):
            yield piece


def pool() -> Pool:
    queries = [Query("Where does tea grow?", [2], "squad", dev=True)]
    return Pool("single", CORPUS, queries, encoded(CORPUS, DEPTHS), encoded([queries[0].text], DEPTHS))


def row(number: int, question: str) -> Row:
    written = {FROM_QUESTION: "Trains run on rails.", FROM_PAIR: "The town has a park with two ponds."}
    return Row(question, CORPUS[number], written)


ROWS = [row(0, "Where are snow shovels sold?"), row(3, "Which metal conducts heat well?")]


def test_rows_that_are_there_are_not_made_again(tmp_path: Path) -> None:
    generator, file = Counting(), tmp_path / "rows.jsonl"
    first = asyncio.run(make_rows(generator, pool(), file, count=2))
    made = generator.calls
    again = asyncio.run(make_rows(generator, pool(), file, count=3))
    assert again[:2] == first
    assert (made, generator.calls) == (6, 9)


def test_passages_of_held_out_questions_are_not_used(tmp_path: Path) -> None:
    rows = asyncio.run(make_rows(Echo(), pool(), tmp_path / "rows.jsonl", count=9))
    assert sorted(made.passage for made in rows) == sorted(set(CORPUS) - {CORPUS[2]})


def test_a_negative_that_answers_as_well_as_the_passage_is_dropped() -> None:
    question = "Where are snow shovels sold?"
    false = Row(
        question, CORPUS[0], {FROM_QUESTION: f"{question} Here they are sold.", FROM_PAIR: "Trains run."}
    )
    (found,) = with_mined([false], CORPUS, Minilm(), seed=0)
    assert FROM_QUESTION not in found.negatives
    assert found.negatives[FROM_PAIR] == "Trains run."


def test_the_mixed_arm_takes_mined_and_written_by_turns() -> None:
    first, second = with_mined(ROWS, CORPUS, Minilm(), seed=0)
    assert first.negatives[MIXED] == first.negatives[MINED] == CORPUS[1]
    assert second.negatives[MIXED] == second.negatives[FROM_PAIR]


def test_all_arms_train_on_equally_many(tmp_path: Path) -> None:
    full = with_mined(ROWS, CORPUS, Minilm(), seed=0)
    lines = compare(full, [pool()], COLUMNS, tmp_path, seeds=(0, 1))
    assert [line["arm"] for line in lines] == ["as shipped", *ARMS]
    assert {line["trained on"] for line in lines[1:]} == {2}
    (mined,) = (line for line in lines if line["arm"] == MINED)
    assert mined["beside mined"] == (0.0, 0.0)
    assert [len(cast("list[float]", line["seeds"])) for line in lines] == [1, 2, 2, 2, 2, 2]


def test_arms_without_true_negatives_are_counted_and_not_trained(tmp_path: Path) -> None:
    lines = compare([Row("Where?", CORPUS[0], {MINED: CORPUS[1]})], [pool()], COLUMNS, tmp_path, seeds=(0,))
    assert {str(line["arm"]): line["true negatives"] for line in lines} == {
        "as shipped": 0,
        **dict.fromkeys(ARMS, 0),
        MINED: 1,
    }
    assert [line["arm"] for line in lines if "held out" in line] == ["as shipped"]


def test_a_larger_share_lets_nearer_negatives_pass() -> None:
    question = "Where are snow shovels sold?"
    near = Row(question, CORPUS[0], {FROM_QUESTION: f"{question} Here they are sold."})
    (found,) = with_mined([near], CORPUS, Minilm(), seed=0, max_share=10.0)
    assert FROM_QUESTION in found.negatives
