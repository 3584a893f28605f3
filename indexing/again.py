"""Failed files that are tried again: archives and folders that could not be read, as they are now.

A file that was unpacked, and failed then, is not among them: its bytes are kept as they were.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path

from indexing.archives import is_archive
from indexing.listing import files_below, is_below, source_of
from indexing.submit import parts_of
from rag.compose import Grove
from rag.db.jobs import JobFile

__all__ = ["found_again"]


def found_again(grove: Grove, failed: Mapping[int, JobFile]) -> dict[int, list[JobFile]]:
    """Give what now stands for failed files, by their numbers; of those alone that a place was read for."""
    by_place: dict[tuple[str, str], dict[int, JobFile]] = defaultdict(dict)
    for number, file in failed.items():
        if file.place is not None:
            by_place[file.place, file.path][number] = file
    found: dict[int, list[JobFile]] = {}
    for (place, path), files in by_place.items():
        parts = _parts(grove, place, path, [file.source for file in files.values()])
        found |= {number: _standing_for(file, parts) for number, file in files.items()}
    return found


def _parts(grove: Grove, place: str, path: str, sources: Sequence[str]) -> list[JobFile]:
    if not is_archive(place):
        return _listed(grove, place, Path(path))

    def is_wanted(source: str) -> bool:
        return any(is_below(source, each) or is_below(each, source) for each in sources)

    return parts_of(grove, JobFile(place, path), is_wanted=is_wanted)


def _listed(grove: Grove, place: str, folder: Path) -> list[JobFile]:
    failed: list[JobFile] = []

    def note(path: str, why: str) -> None:
        source = place if Path(path) == folder else f"{place}/{source_of(Path(path), folder)}"
        failed.append(JobFile(source, path, f"cannot list the folder: {why}", place=source))

    files = [
        JobFile(f"{place}/{source_of(file, folder)}", str(file))
        for file in files_below(folder, on_error=note)
    ]
    return failed + [part for file in files for part in parts_of(grove, file)]


def _standing_for(file: JobFile, parts: Sequence[JobFile]) -> list[JobFile]:
    same = [part for part in parts if part.source == file.source]
    if same:
        return same[-1:]  # of two files of one name the second failed
    if inside := [part for part in parts if is_below(part.source, file.source)]:
        return inside
    outer = next((part.error for part in parts if part.error and is_below(file.source, part.source)), None)
    return [JobFile(file.source, file.path, outer or f"it is no longer in {file.place}", place=file.place)]
