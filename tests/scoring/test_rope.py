import numpy as np
import pytest
from _self_extend import self_extend_distances

from rag.scoring.rope import attention_scale, ntk_base, self_extend_plan


def test_distances_are_those_of_the_published_example() -> None:
    distances = self_extend_distances(10, window=4, group=2)
    assert distances[0].tolist() == [0, 1, 2, 3, 4, 4, 5, 5, 6, 6]
    assert distances[4].tolist() == [-4, -3, -2, -1, 0, 1, 2, 3, 4, 4]
    np.testing.assert_array_equal(distances, -distances.T)


def test_groups_of_one_change_no_distance() -> None:
    places = np.arange(12)
    exact = places[None] - places[:, None]
    np.testing.assert_array_equal(self_extend_distances(12, window=3, group=1), exact)


@pytest.mark.parametrize("times", [8.5, 16, 40])
def test_no_distance_is_beyond_what_was_trained(times: float) -> None:
    length, original = int(times * 128), 128
    window, group = self_extend_plan(length, original)
    distances = self_extend_distances(length, window=window, group=group)
    assert original - window < distances.max() < original


@pytest.mark.parametrize(("length", "factor"), [(300, 1), (512, 1), (1024, 3), (2048, 5), (4096, 10)])
def test_the_base_grows_as_published(length: int, factor: float) -> None:
    assert ntk_base(10_000, length, 512) == 10_000 * factor


def test_the_base_grows_with_the_length() -> None:
    bases = [ntk_base(10_000, length, 512) for length in range(100, 9000, 100)]
    assert bases == sorted(bases)


def test_attention_is_scaled_beyond_the_original_length_only() -> None:
    assert attention_scale(512, 512) == attention_scale(10, 512) == 1.0
    assert attention_scale(512**2, 512) == 2.0
