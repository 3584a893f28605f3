"""Documents of one long sentence each, and questions of which no two are alike."""

from collections.abc import Iterator
from itertools import count
from pathlib import Path

__all__ = ["new_questions", "write_documents"]

_MACHINES = ("anemometer", "barometer", "camera", "drone", "engine", "filter", "gauge", "hygrometer")
_OF_EACH = 8
_SITES = 18  # that a document names, in seven words each: one passage


def write_documents(folder: Path) -> None:
    """Write the documents, a file each, into a folder that is made."""
    folder.mkdir()
    for name in _MACHINES:
        for number in range(1, _OF_EACH + 1):
            words = " ".join(f"the {name} was inspected at site {site}," for site in range(_SITES))
            text = f"Report {number} on the {name}: {words} and all was well on day {number}.\n"
            (folder / f"{name}-{number}.txt").write_text(text)


def new_questions() -> Iterator[str]:
    """Give questions without end: nothing that was read for one is of use to another but the documents."""
    for number in count(1):
        yield f"Where was the {_MACHINES[number % len(_MACHINES)]} inspected, asks visitor {number}?"
