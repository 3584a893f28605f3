"""`python -m rag.training NAME`: train the part of that name."""

import importlib
import sys

from rag.core.errors import InvalidInputError

_PARTS = (
    "calibrate", "feedback", "foreign", "fspad", "hidden-transfer", "late", "reader", "support",
    "synthesize", "tools", "treehop",
)  # fmt: skip


def main() -> None:
    """Hand the arguments that follow the name to the part's own command."""
    if len(sys.argv) < 2 or sys.argv[1] not in _PARTS:
        sys.exit(f"usage: python -m rag.training NAME ...; NAME is one of: {', '.join(_PARTS)}")
    name = sys.argv.pop(1)
    try:
        importlib.import_module(f"rag.training.{name.replace('-', '_')}").main()
    except InvalidInputError as error:
        sys.exit(f"{name}: {error}")


if __name__ == "__main__":
    main()
