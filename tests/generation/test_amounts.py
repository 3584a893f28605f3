import pytest
from _passages import passage

from rag.generation.conditions import asked_rows


@pytest.mark.parametrize("cells", ["500 bytes, 700 bytes", "500 bytes, 2 kB", "80 B, 1 MB"])
def test_bytes_are_a_unit_of_sizes(cells: str) -> None:
    small, large = cells.split(", ")
    table = passage(f"File | Size\nnotes | {small}\nphoto | {large}")
    found = asked_rows("Which files are larger than 600 bytes?", [table])
    assert found is not None
    assert [table.text[start:end] for start, end in found[1]] == ["File | Size", f"photo | {large}"]
