"""Failed files that are tried again: archives and folders that could not be read, as they are now.

A file that was unpacked, and failed then, is not among them: its bytes are kept as they were.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from indexing.archives import is_archive
from indexing.listing import cannot_list, files_below, is_below, source_of
from indexing.submit import parts_of
from rag.compose import Grove
from rag.db.jobs import JobFile

__all__ = ["found_again"]


def found_again(grove: Grove, failed: Mapping[int, JobFile]) -> dict[int, list[JobFile]]:
    """Give what now stands for failed files, by their numbers; of those alone that a place was read for."""
    by_place: dict[JobFile, dict[int, JobFile]] = defaultdict(dict)
    for number, file in failed.items():
        if file.place is not None:
            by_place[JobFile(file.place, file.path, base=file.base)][number] = file
    found: dict[int, list[JobFile]] = {}
    for place, files in by_place.items():
        parts = _parts(grove, place, [file.source for file in files.values()])
        found |= {number: _standing_for(file, parts) for number, file in files.items()}
    return found


def _parts(grove: Grove, place: JobFile, sources: Sequence[str]) -> list[JobFile]:
    if not is_archive(place.source):
        return _listed(grove, place)

    def is_wanted(source: str) -> bool:
        return any(is_below(source, each) or is_below(each, source) for each in sources)

    return parts_of(grove, place, is_wanted=is_wanted)


def _listed(grove: Grove, place: JobFile) -> list[JobFile]:
    folder = Path(place.path)
    failed: list[JobFile] = []

    def note(path: str, why: str) -> None:
        source = _source(place, Path(path))
        failed.append(replace(place, source=source, path=path, error=cannot_list(why), place=source))

    files = [
        replace(place, source=_source(place, file), path=str(file))
        for file in files_below(folder, on_error=note)
    ]
    return failed + [part for file in files for part in parts_of(grove, file)]


def _source(place: JobFile, path: Path) -> str:
    inside = source_of(path, Path(place.path))
    return place.source if inside == "." else f"{place.source}/{inside}"


def _standing_for(file: JobFile, parts: Sequence[JobFile]) -> list[JobFile]:
    same = [part for part in parts if part.source == file.source]
    if same:
        return same[-1:]  # of two files of one name the second failed
    if inside := [part for part in parts if is_below(part.source, file.source)]:
        return inside
    outer = next((part.error for part in parts if part.error and is_below(file.source, part.source)), None)
    return [replace(file, error=outer or f"it is no longer in {file.place}")]
