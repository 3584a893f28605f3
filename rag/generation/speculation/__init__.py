"""Proposers of speculative decoding, one a file; verification is one shared piece (_verification.py)."""
