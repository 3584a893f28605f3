"""What stands for a secret in the database."""

from hashlib import sha256

__all__ = ["digest_of"]


def digest_of(secret: str) -> str:
    """Give the SHA-256, in hex."""
    return sha256(secret.encode()).hexdigest()
