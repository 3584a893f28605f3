"""What `make gpu-check` packs on a GPU, on the CPU with tiny shapes."""

from benchmarks._gpu_packing import packing


def test_every_row_compares_what_was_written_behind_a_smaller_cache() -> None:
    rows = packing("cpu", tokens=200, heads=4, kept_heads=2, dims=8)
    assert [row["check"] for row in rows] == [
        "packing_streaming",
        "packing_keydiff",
        "packing_snapkv",
        "packing_h2o",
        "packing_ems",
    ]
    assert all(row["equal"] and row["error"] == 0 for row in rows)
