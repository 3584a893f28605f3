"""What is compared of the stores is of one kind."""

from benchmarks.multivector import _Built, _measures, _Spent


def test_cpu_time_that_is_not_all_of_it_is_not_compared() -> None:
    found, best = [["a"]] * 2, [{"a"}] * 2
    measures = _measures(found, [_Spent(20, 1)] * 2, best, [_Spent(100, 100)] * 2)
    assert (measures["speedup"], measures["clock_speedup"]) == (100.0, 5.0)
    alone, served = (_Built("store", 1, list, {}, has_server=each) for each in (False, True))
    assert alone.seen(measures) == measures
    shown = served.seen(measures)
    assert (shown["speedup"], shown["clock_speedup"]) == (5.0, 5.0)
    assert not [name for name in shown if "cpu" in name]
