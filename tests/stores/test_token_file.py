"""What was written before there were vectors of the whole text is read as it is."""

from pathlib import Path

import numpy as np

from rag.core.types import Row
from rag.stores._token_file import TokenFile, write_tokens
from rag.stores._tokens import Packed, floats_of


def rows(count: int) -> list[Row]:
    rng = np.random.default_rng(0)
    tokens = rng.normal(size=(count, 6, 32)).astype(np.float32)
    tokens /= np.linalg.norm(tokens, axis=2, keepdims=True)
    vector = np.eye(1, 8, dtype=np.float32)[0]
    return [Row(str(n), "d.1", "word", vector, tokens=each) for n, each in enumerate(tokens)]


def test_a_segment_that_says_nothing_of_wholes_has_none(tmp_path: Path) -> None:
    packed = Packed.of(rows(20), coded_tokens=1)
    write_tokens(tmp_path / "tokens", packed)
    layout = tmp_path / "tokens" / "layout.npz"
    with np.load(layout) as arrays:
        older = {name: arrays[name] for name in arrays.files if name != "has_whole"}
    np.savez(layout, **older)
    file = TokenFile(tmp_path / "tokens")
    for row, kept in enumerate(packed.tokens):
        found = file.tokens(row)
        assert kept is not None
        assert found is not None
        assert not file.has_whole(row)
        np.testing.assert_array_equal(floats_of(found), floats_of(kept))
