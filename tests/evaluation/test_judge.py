import gzip
import json
from pathlib import Path

import _rag
import pytest

from rag.core.errors import InvalidInputError
from rag.encoders.hashing_late import HashingLate
from rag.evaluation.judge import evaluate_judge, judged_by_generator, judged_by_scorer, load_pairs
from rag.generation.backends.echo import Echo
from rag.generation.scorers.late import Late

LLMBAR = {
    "id": "1",
    "input": "When does the depot open?",
    "output_1": "Trees.",
    "output_2": "The depot opens at nine.",
    "label": 2,
}
PANDALM = {
    "instruction": "Name a colour.",
    "input": "",
    "response1": "A colour is red.",
    "response2": "Seven.",
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    votes = ((1, 1, 2), (0, 0, 2), (0, 1, 2))  # people prefer the first; a tie; they do not agree
    rows = [LLMBAR] + [
        {**PANDALM, **{f"annotator{at}": vote for at, vote in enumerate(each, 1)}} for each in votes
    ]
    with gzip.open(tmp_path / "data.jsonl.gz", "wt") as file:
        file.writelines(json.dumps(row) + "\n" for row in rows)
    return tmp_path


def test_a_judge_that_sees_no_order_is_consistent(folder: Path) -> None:
    pairs = load_pairs(folder)
    assert [(pair.question, pair.preferred) for pair in pairs] == [
        (LLMBAR["input"], 2),
        ("Name a colour.", 1),
    ]
    measures = evaluate_judge(pairs, judged_by_scorer(Late(HashingLate())))
    assert measures == {"agreement": 1.0, "position_consistency": 1.0, "n": 2}


def test_a_model_that_names_neither_is_never_right(folder: Path) -> None:
    measures = evaluate_judge(load_pairs(folder, limit=1), judged_by_generator(Echo()))
    assert measures == {"agreement": 0.0, "position_consistency": 0.0, "n": 1}


@pytest.mark.parametrize("content", ["{", '{"input": "x"}', json.dumps({**LLMBAR, "label": 3}), ""])
def test_what_holds_no_pairs_is_told(tmp_path: Path, content: str) -> None:
    (tmp_path / "data.jsonl").write_text(content)
    with pytest.raises(InvalidInputError, match=r"data\.jsonl"):
        load_pairs(tmp_path)


def test_the_scorer_of_the_settings_judges(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GROVE_SCORER__KIND", "late")
    monkeypatch.setenv("GROVE_LATE_ENCODER__KIND", "hashing_late")
    measures = _rag.rag("eval", "judge", "--data", folder, "--json").json
    assert (measures["judge"], measures["agreement"], measures["n"]) == ("scorer late", 1.0, 2)
