"""The reading process with four more loaders, each of which does what a hostile file may bring one to."""

import os
import sys
import time

from indexing import parse
from indexing._reader_process import main
from rag.core.types import ParsedDocument


class Hang:
    suffixes: tuple[str, ...] = (".hang",)

    def load(self, content: bytes, *, name: str) -> ParsedDocument:
        time.sleep(60)
        raise AssertionError


class Hog:
    suffixes: tuple[str, ...] = (".hog",)

    def load(self, content: bytes, *, name: str) -> ParsedDocument:
        kept = []
        while True:
            kept.append(bytearray(50_000_000))


class Crash:
    suffixes: tuple[str, ...] = (".crash",)

    def load(self, content: bytes, *, name: str) -> ParsedDocument:
        os.abort()


class Flaw:
    suffixes: tuple[str, ...] = (".flaw",)

    def load(self, content: bytes, *, name: str) -> ParsedDocument:
        raise KeyError("a flaw")


if __name__ == "__main__":
    parse._loaders().update({loader.suffixes[0]: loader() for loader in (Hang, Hog, Crash, Flaw)})
    main(int(sys.argv[1]), int(sys.argv[2]))
