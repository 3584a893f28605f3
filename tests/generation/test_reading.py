import numpy as np

from rag.generation.reading import likeliest


def test_the_likeliest_are_the_two_best_by_what_is_read_and_by_words() -> None:
    read = np.array([0.0, 5.0, 4.0, -1.0, -2.0], dtype=np.float32)
    words = np.array([0.0, 5.0, 1.0, -1.0, 6.0], dtype=np.float32)
    assert likeliest(read, words) == [1, 2, 4]


def test_all_of_a_few_are_likeliest() -> None:
    assert likeliest(np.zeros(1, np.float32), np.ones(1, np.float32)) == [0]
    assert likeliest(np.array([1, 0], np.float32), np.array([0, 1], np.float32)) == [0, 1]
