import numpy as np
from _passages import passage

from rag.core.types import AnswerSpan
from rag.generation.features import units_of
from rag.generation.reading import best_spans, likeliest


def test_the_likeliest_are_the_two_best_by_what_is_read_and_by_words() -> None:
    read = np.array([0.0, 5.0, 4.0, -1.0, -2.0], dtype=np.float32)
    words = np.array([0.0, 5.0, 1.0, -1.0, 6.0], dtype=np.float32)
    assert likeliest(read, words) == [1, 2, 4]


def test_all_of_a_few_are_likeliest() -> None:
    assert likeliest(np.zeros(1, np.float32), np.ones(1, np.float32)) == [0]
    assert likeliest(np.array([1, 0], np.float32), np.array([0, 1], np.float32)) == [0, 1]


def test_a_span_does_not_reach_over_the_border_of_a_cell() -> None:
    row = "Outdoor sensor | HX-240 | 60 | -40 to 70 °C | 149"
    table = passage(f"Product | Model | Warranty (months) | Operating range | Price (EUR)\n{row}")
    start = table.text.index("60")
    spans = [AnswerSpan(0, start, start + len("60 | -40"), 5.0)]
    (found,) = best_spans("How long is it?", units_of([table]), spans).values()
    assert table.text[slice(*found)] == "60"
