"""Search by words is as good in many languages as with other people's tokenisers.

`python benchmarks/lexical_languages.py DATA --write tests/golden/lexical_languages.json` made the values.
"""

import json
from pathlib import Path

import numpy as np
import pytest

from rag.evaluation.datasets import Dataset, load_dataset
from rag.scoring.words import query_words
from rag.stores._tantivy import WordIndex, write_words

INDEPENDENT = json.loads((Path(__file__).parent / "lexical_languages.json").read_text())


@pytest.mark.data
@pytest.mark.parametrize("name", INDEPENDENT)
def test_a_language_is_searched_nearly_as_well_as_by_its_best_tokeniser(
    name: str, shared_data: Path, tmp_path: Path
) -> None:
    folder, _, language = name.partition("/")
    dataset = _of_language(load_dataset(shared_data / folder), language)
    assert _recall(dataset, tmp_path / "words") >= 0.95 * INDEPENDENT[name]["recall@10"]


def _of_language(dataset: Dataset, language: str) -> Dataset:
    corpus = [entry for entry in dataset.corpus if entry.id.startswith(f"{language}-" if language else "")]
    ids = {entry.id for entry in corpus}
    questions = [each for each in dataset.questions if ids >= dataset.relevant[each.id].keys()]
    return Dataset(dataset.name, corpus, questions, dataset.relevant)


def _recall(dataset: Dataset, directory: Path) -> float:
    write_words(directory, [f"{entry.title} {entry.text}".strip() for entry in dataset.corpus])
    index = WordIndex(directory)
    recalls = []
    for question in dataset.questions:
        found = index.search(dict.fromkeys(query_words(question.text), 1.0), None, 10)[:10]
        relevant = dataset.relevant[question.id]
        recalls.append(sum(dataset.corpus[row].id in relevant for row, _ in found) / min(len(relevant), 10))
    return float(np.mean(recalls))
