"""Files that a training goes on from."""

from contextlib import suppress
from pathlib import Path

import numpy as np

from rag.training._kept import whole


def test_a_file_has_its_name_only_when_it_is_whole(tmp_path: Path) -> None:
    file = tmp_path / "work" / "states.npz"
    with suppress(KeyboardInterrupt), whole(file) as partial:
        partial.write_bytes(b"half")
        raise KeyboardInterrupt
    assert not file.exists()
    with whole(file) as partial:
        np.savez(partial, rows=np.arange(3))
    assert np.load(file)["rows"].tolist() == [0, 1, 2]
    assert [path.name for path in file.parent.iterdir()] == ["states.npz"]
