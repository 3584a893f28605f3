import pytest
from _passages import passage

from rag.reading.tables.amounts import is_time
from rag.reading.tables.row_filters import asked_rows


@pytest.mark.parametrize("cells", ["500 bytes, 700 bytes", "500 bytes, 2 kB", "80 B, 1 MB"])
def test_bytes_are_a_unit_of_sizes(cells: str) -> None:
    small, large = cells.split(", ")
    table = passage(f"File | Size\nnotes | {small}\nphoto | {large}")
    found = asked_rows("Which files are larger than 600 bytes?", [table])
    assert found is not None
    assert [table.text[start:end] for start, end in found[1]] == ["File | Size", f"photo | {large}"]


@pytest.mark.parametrize(
    ("name", "is_of_times"),
    [
        ("Lap (s)", True),
        ("Lap, min", True),
        ("Response speed (ms)", True),
        ("Time in h", True),
        ("Duration / s", True),
        ("Driver's top speed", False),
        ("Driver’s laps", False),
        ("Distance in 24 h (km)", False),
        ("Words in 5 min", False),
        ("Pages / minute", False),
    ],
)
def test_a_column_is_of_times_by_its_name(name: str, is_of_times: bool) -> None:
    assert is_time(name, "") == is_of_times
