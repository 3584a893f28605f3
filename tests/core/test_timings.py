import time

import pytest

from rag.core.timings import Timings


def test_what_is_added_to_a_stage_adds_up() -> None:
    timings = Timings()
    timings.add("encode", 1.5)
    timings.add("search", 0.25)
    timings.add("encode", 2.0)
    assert timings.as_dict() == {"encode": 3.5, "search": 0.25}


def test_stages_stand_in_the_order_of_their_first_use() -> None:
    timings = Timings()
    for name in ("z", "a", "m", "a", "z"):
        timings.add(name, 1.0)
    assert list(timings.as_dict()) == ["z", "a", "m"]


def test_milliseconds_are_given_to_a_hundredth_and_rounded_only_at_the_end() -> None:
    timings = Timings()
    for _ in range(10):
        timings.add("many", 0.004)
    timings.add("one", 1.23456)
    assert timings.as_dict() == {"many": 0.04, "one": 1.23}


def test_a_stage_takes_as_long_as_its_block_in_milliseconds() -> None:
    timings = Timings()
    started = time.perf_counter()
    with timings.stage("sleep"):
        time.sleep(0.02)
    elapsed = (time.perf_counter() - started) * 1000
    assert 20 <= timings.as_dict()["sleep"] <= elapsed + 0.01


def test_a_stage_entered_twice_adds_up() -> None:
    timings = Timings()
    for _ in range(2):
        with timings.stage("sleep"):
            time.sleep(0.01)
    assert timings.as_dict()["sleep"] >= 20


def test_a_stage_that_raises_is_timed_and_its_error_goes_on() -> None:
    timings = Timings()

    def work() -> None:
        with timings.stage("broken"):
            time.sleep(0.01)
            raise LookupError("gone")

    with pytest.raises(LookupError, match="gone"):
        work()
    assert timings.as_dict()["broken"] >= 10


def test_a_stage_inside_another_counts_for_both() -> None:
    timings = Timings()
    with timings.stage("total"):
        with timings.stage("part"):
            time.sleep(0.01)
        time.sleep(0.01)
    measured = timings.as_dict()
    assert measured["part"] >= 10
    assert measured["total"] >= measured["part"] + 10


def test_nothing_timed_is_nothing_and_each_search_has_a_clock_of_its_own() -> None:
    one, other = Timings(), Timings()
    one.add("encode", 1.0)
    assert other.as_dict() == {}


def test_what_is_counted_adds_up_beside_the_times() -> None:
    timings = Timings()
    timings.count("calls", 7)
    timings.count("calls")
    assert (timings.counts, timings.as_dict()) == ({"calls": 8}, {})
