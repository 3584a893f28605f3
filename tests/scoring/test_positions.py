import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.scoring.positions import grouped, interpolated, parallel_windows, recurrent

MAPS = (grouped, interpolated, recurrent)


@given(length=st.integers(1, 64), original=st.integers(1, 64))
def test_nothing_changes_up_to_the_original_length(length: int, original: int) -> None:
    length = min(length, original)
    for place in MAPS:
        np.testing.assert_array_equal(place(length, original), np.arange(length))
    assert parallel_windows(length, original) == [(0, length)]


@given(length=st.integers(1, 500), original=st.integers(1, 64))
def test_every_position_is_one_that_the_model_knows(length: int, original: int) -> None:
    for place in MAPS:
        positions = place(length, original)
        assert positions.shape == (length,)
        assert positions.dtype == np.float32
        assert positions.min() >= 0
        assert positions.max() <= original - 1


@given(length=st.integers(1, 500), original=st.integers(1, 64))
def test_windows_hold_every_token_and_are_full(length: int, original: int) -> None:
    windows = parallel_windows(length, original)
    assert {token for start, end in windows for token in range(start, end)} == set(range(length))
    assert {end - start for start, end in windows} == {min(length, original)}


@pytest.mark.parametrize("times", [2, 4, 8])
def test_interpolated_positions_meet_the_original_ones(times: int) -> None:
    np.testing.assert_array_equal(interpolated(16 * times, 16)[::times], np.arange(16))
