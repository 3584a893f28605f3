"""Weights of hops.py, fitted: `python -m rag.training treehop --calibrate --write`."""

__all__ = ["MULTIHOP", "NAMES", "NAMES_AND_VECTORS", "VECTORS"]

NAMES_AND_VECTORS = (
    (-6.3, 3.0, 2.0, 0.0, 3.5, 0.75),
    (-6.0, 3.3, 2.9, 0.6, 0.7, 0.0, 0.0, 3.6),
)
NAMES = (
    (-6.3, 3.0, 2.0, 0.0, 3.5, 0.75),
    (-6.0, 3.3, 2.9, 0.6, 0.7, 0.0, 0.0, 3.6),
)
VECTORS = (
    (-6.3, 3.0, 2.0, 2.0, 0.0, 0.0),
    (-6.0, 0.0, 0.0, 0.0, 0.0, 5.0, 2.0, 2.0),
)
MULTIHOP = (0.0, 1.0, 1.0, 1.0, -1.0)
