"""The demonstration of `make demo`: ingest the documents beside this file, ask, show the sources.

It runs the commands that a user would, in a home of its own (`.demo/` in the repository).
"""

import subprocess
import sys
import time
from pathlib import Path

EXAMPLES = Path(__file__).parent
HOME = EXAMPLES.parent / ".demo"
RAG = Path(sys.prefix) / "bin" / "rag"
QUESTIONS = (
    "How many spaces per indentation level should Python code use?",
    "How long is the warranty of the outdoor sensor?",
    "What is the verdict on sensor HX-240-0121?",  # a table, attached to a message, in an archive
    "When is the depot closed for stocktaking?",  # a scan
    "Who won the football world cup in 1998?",
)


def run(*arguments: str) -> None:
    """Show a command, then run it in the repository."""
    shown = " ".join(f'"{word}"' if " " in word else word for word in arguments)
    print(f"\n$ rag {shown}", flush=True)
    subprocess.run([RAG, *arguments, "--home", HOME], check=True, cwd=EXAMPLES.parent)


def main() -> None:
    started = time.monotonic()
    run(
        "ingest",
        "examples/peps",
        *(f"examples/{name}" for name in ("handbook.pdf", "field-notes.docx", "product.html", "mail.zip")),
    )
    run("collections")
    for question in QUESTIONS:
        run("ask", question)
    run("ask", QUESTIONS[0], "--generator", "transformers")
    print(f"\nDone in {time.monotonic() - started:.0f} s. Now start the server and open its page:")
    home = HOME.relative_to(Path.cwd()) if HOME.is_relative_to(Path.cwd()) else HOME
    print(f"\n    .venv/bin/rag serve --home {home}")


if __name__ == "__main__":
    main()
