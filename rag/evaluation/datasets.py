"""Evaluation sets on disk: a corpus, questions, and which documents are relevant to which."""

import gzip
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rag.core.errors import InvalidInputError

__all__ = ["Dataset", "Entry", "Question", "load_dataset", "numbered_lines"]


@dataclass(frozen=True, slots=True)
class Entry:
    """A document of the corpus."""

    id: str
    title: str
    text: str


@dataclass(frozen=True, slots=True)
class Question:
    """A query and, where the set has them, its accepted answers."""

    id: str
    text: str
    answers: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Dataset:
    """A corpus with questions that are judged."""

    name: str
    corpus: list[Entry]
    questions: list[Question]  # those with at least one relevant document
    relevant: Mapping[str, Mapping[str, float]]  # question id -> document id -> gain, above 0


def load_dataset(directory: Path, *, limit: int | None = None) -> Dataset:
    """Read corpus.jsonl[.gz], queries.jsonl[.gz] and qrels.tsv; `limit` keeps the first questions.

    A set with a folder `files/` has no corpus: its documents are those files, named by their paths in it.

    Raises:
        InvalidInputError: a file is missing, a line is not of the format, or no question is judged; the
            message says which.
    """
    relevant: dict[str, dict[str, float]] = {}
    for query_id, document_id, score in _judgements(directory / "qrels.tsv"):
        if score > 0:
            relevant.setdefault(query_id, {})[document_id] = score
    questions = [
        Question(str(row["id"]), str(row["text"]), tuple(map(str, row.get("answers") or ())))
        for row in _rows(directory, "queries")
        if str(row["id"]) in relevant
    ]
    if not questions:
        raise InvalidInputError(
            f"{directory / 'qrels.tsv'} names no query of {directory} with a score above 0;"
            " its first column is the id of a query"
        )
    rows = [] if (directory / "files").is_dir() else _rows(directory, "corpus")
    corpus = [Entry(str(row["id"]), str(row.get("title") or ""), str(row["text"])) for row in rows]
    return Dataset(directory.resolve().name, corpus, questions[:limit], relevant)


def numbered_lines(folder: Path, name: str) -> Iterator[tuple[str, str]]:
    """Give the lines of NAME.jsonl or NAME.jsonl.gz that are not blank, each after where it stands.

    Raises:
        InvalidInputError: there is no such file, or it is not UTF-8.
    """
    plain, packed = folder / f"{name}.jsonl", folder / f"{name}.jsonl.gz"
    path = plain if plain.exists() else packed
    if not path.exists():
        raise InvalidInputError(
            f"{folder} has no {name}.jsonl or {name}.jsonl.gz; docs/evaluation.md has the format"
        )
    yield from _lines(path)


def _lines(path: Path) -> Iterator[tuple[str, str]]:
    with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as lines:
        for number, line in enumerate(lines, 1):
            place = f"{path}, line {number}"
            try:
                text = line.decode("utf-8-sig")  # programs of Windows write such a mark
            except UnicodeDecodeError as error:
                raise InvalidInputError(f"{place}: not UTF-8: {error}") from error
            if text.strip():
                yield place, text


def _rows(directory: Path, name: str) -> Iterator[dict[str, Any]]:
    for place, line in numbered_lines(directory, name):
        try:
            row = json.loads(line)
            _ = row["id"], row["text"]
        except (ValueError, KeyError, TypeError) as error:
            raise InvalidInputError(
                f'{place}: each line is an object with "id" and "text", got {line[:80]!r}'
            ) from error
        yield row


def _judgements(path: Path) -> Iterator[tuple[str, str, float]]:
    if not path.exists():
        raise InvalidInputError(f"{path} does not exist; docs/evaluation.md has the format")
    for number, (place, line) in enumerate(_lines(path)):
        row = line.rstrip("\r\n").split("\t")
        try:
            query_id, document_id, score = row
            yield query_id, document_id, float(score)
        except ValueError as error:
            if number == 0:
                continue  # the header
            raise InvalidInputError(
                f"{place}: three columns query-id, corpus-id, score, got {row!r}"
            ) from error
