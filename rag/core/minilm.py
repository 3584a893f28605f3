"""The name of the carried encoder, for whose vectors coefficients and small networks were fitted."""

__all__ = ["MINILM", "is_minilm"]

MINILM = "all-MiniLM-L6-v2"


def is_minilm(fingerprint: str) -> bool:
    """Say whether an encoder's vectors are MiniLM's.

    >>> is_minilm("all-MiniLM-L6-v2@0.1.0"), is_minilm("hashing:64")
    (True, False)
    """
    return fingerprint.startswith(f"{MINILM}@")
