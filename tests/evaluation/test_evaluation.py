import gzip
import json
from pathlib import Path

import pytest

from rag.core.errors import InvalidInputError
from rag.core.layout import Box
from rag.core.types import Answer, Citation
from rag.evaluation.answers import evaluate_answers
from rag.evaluation.datasets import load_dataset
from rag.evaluation.retrieval import evaluate_retriever


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    documents = [{"id": f"d{n}", "title": "", "text": f"text {n}"} for n in range(3)]
    with gzip.open(tmp_path / "corpus.jsonl.gz", "wt") as file:
        file.writelines(json.dumps(each) + "\n" for each in documents)
    queries = [
        {"id": "q0", "text": "zero?", "answers": ["text 0"]},
        {"id": "q1", "text": "one?", "answers": ["1"]},
    ]
    queries.append({"id": "unjudged", "text": "none?"})
    (tmp_path / "queries.jsonl").write_text("".join(json.dumps(each) + "\n" for each in queries))
    (tmp_path / "qrels.tsv").write_text("query-id\tcorpus-id\tscore\nq0\td0\t1\nq1\td1\t1\nq1\td2\t0\n")
    return tmp_path


def test_a_perfect_search_scores_one_and_an_empty_one_zero(folder: Path) -> None:
    dataset = load_dataset(folder)
    assert [question.id for question in dataset.questions] == ["q0", "q1"]
    best = evaluate_retriever(dataset, lambda text, k: ["d0"] if "zero" in text else ["d1"])
    worst = evaluate_retriever(dataset, lambda text, k: [])
    assert {best[name] for name in ("ndcg@10", "recall@5", "mrr@10", "success@1")} == {1.0}
    assert {worst[name] for name in ("ndcg@10", "recall@100", "mrr@10", "success@1")} == {0.0}


def test_judgements_may_have_no_header(folder: Path) -> None:
    known = load_dataset(folder).relevant
    judgements = folder / "qrels.tsv"
    judgements.write_text(judgements.read_text().partition("\n")[2])
    assert load_dataset(folder).relevant == known


def test_repeated_documents_count_once(folder: Path) -> None:
    measures = evaluate_retriever(load_dataset(folder, limit=1), lambda text, k: ["d1", "d1", "d0"])
    assert measures["mrr@10"] == 0.5


def answer_with(text: str, source: str, quote: str, *, refused: bool = False) -> Answer:
    citation = Citation(
        0,
        len(text),
        "id",
        1,
        "id.1.0",
        source,
        "",
        None,
        (Box(1, 0, 0, 1, 1),),
        0,
        len(quote),
        quote,
        1.0,
        1.0,
    )
    return Answer(text, None, refused, (), () if refused else (citation,), "run", {"total": 10.0})


def test_right_answers_with_right_citations_and_refusals_score_one(folder: Path) -> None:
    def answer(question: str, hidden: object) -> Answer:
        if hidden:
            return answer_with("", "", "", refused=True)
        return (
            answer_with("text 0", "d0", "text 0")
            if "zero" in question
            else answer_with("1", "d1", "text 1")
        )

    measures = evaluate_answers(load_dataset(folder), answer)
    wanted = ("em", "f1", "contains", "citation_precision", "citation_recall", "answered", "refusal_recall")
    assert {measures[name] for name in wanted} == {1.0}
    assert (measures["false_refusals"], measures["n"], measures["p50_ms"]) == (0.0, 2, 10.0)
    assert measures["right_when_hidden"] == 0.0


def test_a_citation_of_another_document_or_of_other_words_is_wrong(folder: Path) -> None:
    def answer(question: str, hidden: object) -> Answer:
        return (
            answer_with("text 0", "d2", "text 0") if "zero" in question else answer_with("1", "d1", "other")
        )

    measures = evaluate_answers(load_dataset(folder), answer)
    assert (measures["citation_precision"], measures["citation_recall"], measures["refusal_recall"]) == (
        0,
        0,
        0,
    )
    assert measures["right_when_hidden"] == 1.0  # another document says so too


def test_a_citation_is_right_where_it_bears_the_answer_and_not_where_it_bears_a_wrong_one(
    folder: Path,
) -> None:
    def answer(question: str, hidden: object) -> Answer:
        return answer_with("0", "d0", "0") if "zero" in question else answer_with("7", "d1", "of 7")

    measures = evaluate_answers(load_dataset(folder), answer)
    assert (measures["citation_precision"], measures["citation_recall"]) == (0.5, 0.5)


def test_a_question_without_accepted_answers_is_neither_right_nor_wrong(folder: Path) -> None:
    def answer(question: str, hidden: object) -> Answer:
        return answer_with("text 0", "d0", "text 0")

    rows = [json.loads(line) for line in (folder / "queries.jsonl").read_text().splitlines()]
    del rows[1]["answers"]
    (folder / "queries.jsonl").write_text("".join(json.dumps(each) + "\n" for each in rows))
    measures = evaluate_answers(load_dataset(folder), answer)
    wanted = ("em", "f1", "contains", "right_when_hidden", "n")
    assert [measures[name] for name in wanted] == [1.0, 1.0, 1.0, 1.0, 2]
    del rows[0]["answers"]
    (folder / "queries.jsonl").write_text("".join(json.dumps(each) + "\n" for each in rows))
    with pytest.raises(InvalidInputError, match='has "answers" to measure by'):
        evaluate_answers(load_dataset(folder), answer)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("queries.jsonl", "{broken\n", "line 1"),
        ("queries.jsonl", '{"id": 1}\n', "line 1"),
        ("queries.jsonl", '{"id": "1", "text": "caf\xe9"}\n', "line 1: not UTF-8"),
        ("qrels.tsv", "header\nq0 d0 1\n", "line 2"),
        ("qrels.tsv", "header\nq0\tcaf\xe9\t1\n", "line 2: not UTF-8"),
    ],
)
def test_a_wrong_line_is_named(folder: Path, name: str, content: str, message: str) -> None:
    (folder / name).write_text(content, encoding="latin-1")
    with pytest.raises(InvalidInputError, match=message):
        load_dataset(folder)


def test_marks_of_windows_and_blank_lines_are_no_content(folder: Path) -> None:
    before = load_dataset(folder)
    for name in ("queries.jsonl", "qrels.tsv"):
        text = (folder / name).read_text().replace("\n", "\r\n\r\n")
        (folder / name).write_text(text, encoding="utf-8-sig", newline="")
    with gzip.open(folder / "corpus.jsonl.gz", "rt") as file:
        text = file.read()
    (folder / "corpus.jsonl").write_text(text + "\n", encoding="utf-8-sig")
    assert load_dataset(folder) == before


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(InvalidInputError, match=r"qrels\.tsv"):
        load_dataset(tmp_path)


def test_judgements_of_no_query_are_told(folder: Path) -> None:
    (folder / "qrels.tsv").write_text("query-id\tcorpus-id\tscore\nQ-0\td0\t1\nq1\td1\t0\n")
    with pytest.raises(InvalidInputError, match=r"names no query of .* with a score above 0"):
        load_dataset(folder)


def test_a_set_of_files_needs_no_corpus(folder: Path) -> None:
    (folder / "corpus.jsonl.gz").unlink()
    with pytest.raises(InvalidInputError, match=r"no corpus\.jsonl"):
        load_dataset(folder)
    (folder / "files").mkdir()
    dataset = load_dataset(folder)
    assert (dataset.corpus, len(dataset.questions)) == ([], 2)
