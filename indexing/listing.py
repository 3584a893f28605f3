"""What stands at paths and addresses just now, and what of a collection is there no longer.

Reads names, and archives, whose documents have names of their own; nothing else.
"""

import json
import os
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path, PurePosixPath

from indexing.addresses import Sources, is_address
from indexing.archives import is_archive, sources_in
from indexing.parse import supported_suffixes
from rag.compose import Grove
from rag.core.errors import InvalidInputError
from rag.db.jobs import JobFile

__all__ = [
    "Listing",
    "cannot_list",
    "files_below",
    "is_below",
    "list_places",
    "list_urls",
    "source_of",
    "urls_in",
]

_WEB = ("http://", "https://")
_TICK_NS = 2_000_000_000  # two changes within it may have one time; FAT's is the longest


@dataclass(slots=True)
class Listing:
    """The documents at some places."""

    files: dict[str, JobFile] = field(default_factory=dict)  # by their source
    scopes: list[str] = field(default_factory=list)  # it speaks for the documents at or below these
    unlisted: dict[str, str] = field(default_factory=dict)  # folders of which it cannot tell, and why
    base: Path = field(default_factory=Path.cwd)  # what the sources are relative to
    home: Path | None = None  # below it is what Grove keeps, which is no document

    def vanished(self, sources: Sequence[str], *, max_file_bytes: int) -> list[str]:
        """Give those of the sources that this speaks for and that are not there."""
        inside = {
            source: sources_in(Path(file.path), source, max_file_bytes=max_file_bytes)
            for source, file in self.files.items()
            if is_archive(source) and not is_address(file.path)
        }
        present = set(self.files).union(*filter(None, inside.values()))
        unclear = [*self.unlisted, *(source for source, found in inside.items() if found is None)]
        return [
            source
            for source in self.spoken_for(sources)
            if source not in present and not any(is_below(source, place) for place in unclear)
        ]

    def deletion(self, source: str) -> JobFile:
        """Give the deletion of a source that is not there, which is left when its file is back by then."""
        file = self.file(source, self.base / source)
        places = [self.base / scope for scope in self.scopes if is_below(source, scope)]
        # What would not be listed, as a link, a hidden file or Grove's own, is deleted though it is there.
        path = Path(file.path)
        is_own = self.home is not None and path.resolve().is_relative_to(self.home)
        is_looked_for = (
            any(_is_listed(path, place) for place in places) and not is_own and _is_named_so(path)
        )
        return replace(file, path=file.path if is_looked_for else "", action="delete")

    def file(self, source: str, path: Path) -> JobFile:
        """Give a file of this listing; it knows what its source is relative to, if it is."""
        is_relative = not source.startswith("/") and not is_address(source)
        return JobFile(source, str(path), base=str(self.base) if is_relative else None)

    def refused(self) -> list[JobFile]:
        """Give the folders that could not be listed, as failed files."""
        return [
            replace(self.file(source, self.base / source), error=why, place=source)
            for source, why in self.unlisted.items()
        ]

    def spoken_for(self, sources: Sequence[str]) -> list[str]:
        """Give those of the sources that stand at or below the places."""
        return [source for source in sources if any(is_below(source, scope) for scope in self.scopes)]

    def places(self) -> "list[Listing]":
        """Give it anew for each place alone; the web is one, for pages move from http to https."""
        places = dict.fromkeys(_WEB if scope in _WEB else (scope,) for scope in self.scopes)
        return [replace(self, scopes=list(scopes)) for scopes in places]


def list_places(
    grove: Grove,
    places: Sequence[Path | str],
    *,
    manifests: Sequence[Path] = (),
    base: Path | None = None,
) -> Listing:
    """List files, all that is below folders and addresses, and the addresses in manifests.

    Paths are relative to the base, by default the working folder, and documents are called by them; by a
    whole path where one is given, so that it names the same document from wherever.

    In folders and buckets, hidden files and kinds that no loader takes are left out, and no links followed.

    Raises:
        InvalidInputError: a path that does not exist, an address of no source, or a wrong manifest.
        UnavailableError: a source cannot be listed.
    """
    if "" in map(str, places):  # as a path it would be the working folder, and all that is in it
        raise InvalidInputError("a path is empty: is a variable unset? `.` is the current folder")
    base = base or Path.cwd()
    home = grove.settings.home_dir.resolve()
    listing = Listing(base=base, home=home)
    paths = [(base / place, Path(place)) for place in places if not is_address(str(place))]
    missing = [str(path) for path, _ in paths if not os.path.exists(path)]  # or not to be seen
    if missing:
        raise InvalidInputError(f"no such file or folder: {', '.join(missing)}")
    for path, place in paths:
        called = None if place.is_absolute() else base
        listing.scopes.append(source_of(path, called))
        real = path.resolve()  # below it no links are followed
        for file in files_below(path, on_error=partial(_unlisted, listing, called)):
            if not (real / file.relative_to(path)).is_relative_to(home):  # what Grove keeps is no document
                source = source_of(file, called)
                listing.files[source] = replace(listing.file(source, file.absolute()), stamp=_stamp(file))
    sources = Sources(grove.settings.sources)
    for address in (str(place) for place in places if is_address(str(place))):
        listing.scopes.append(address.rstrip("/"))
        _add_address(listing, sources, address)
    for manifest in manifests:
        listing.scopes += _WEB
        listing.files |= list_urls(grove, urls_in(manifest)).files
    return listing


def list_urls(grove: Grove, urls: Sequence[str]) -> Listing:
    """Take web addresses, each once; one that may not be fetched is a failed file.

    Raises:
        InvalidInputError: fetching is off.
    """
    if not grove.settings.sources.urls:
        raise InvalidInputError("fetching addresses is off; GROVE_SOURCES__URLS=true turns it on")
    sources = Sources(grove.settings.sources)
    listing = Listing(scopes=list(dict.fromkeys(urls)))
    for url in listing.scopes:
        error = None
        try:
            if not url.lower().startswith(_WEB):
                raise InvalidInputError(f"{url!r:.200} is not fetched: only http and https are")
            list(sources.list(url))
        except InvalidInputError as refused:
            error = str(refused)
        listing.files[url] = JobFile(url, url, error)
    return listing


def files_below(
    path: Path, *, on_error: Callable[[str, str], None] = lambda folder, why: None
) -> Iterator[Path]:
    """Give the file, or the files below a folder that a loader takes; no hidden ones and no links.

    Args:
        path: where to look.
        on_error: is told a folder that cannot be listed, or not what is in it, and why.
    """
    if path.is_file():
        yield path
        return
    for folder, folders, names in os.walk(
        path, onerror=lambda error: on_error(str(error.filename), str(error.strerror))
    ):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        taken = [Path(folder) / name for name in sorted(names) if _is_taken(name)]
        try:
            files = [file for file in taken if not file.is_symlink()]
        except OSError as error:  # of a folder that may not be entered only the names are to be had
            on_error(folder, str(error.strerror))
        else:
            yield from files


def urls_in(manifest: Path) -> list[str]:
    """Give the addresses of a manifest, each once: one a line, or as JSON lines `{"url": ...}`.

    Empty lines and those that begin with # are left out.

    Raises:
        InvalidInputError: it cannot be read, or a line that is neither.
    """
    try:
        lines = manifest.read_text("utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidInputError(f"cannot read the manifest {manifest}: {error}") from error
    urls: dict[str, None] = {}
    for number, line in enumerate(lines, 1):
        text = line.strip()
        if text and not text.startswith("#"):
            url = _url(text) if text.startswith("{") else text
            urls[url] = None
            if not is_address(url):
                raise InvalidInputError(
                    f"{manifest}, line {number}: {text!r:.100} is no address;"
                    ' write one such as https://example.org/page, or {"url": "https://..."}'
                )
    return list(urls)


def source_of(path: Path, base: Path | None) -> str:
    """Name a document by its path, relative to a folder, if one is given, when it is below it."""
    absolute = Path(os.path.normpath(path.absolute()))
    if base is not None and absolute.is_relative_to(base):
        absolute = absolute.relative_to(base)
    return os.fsencode(absolute.as_posix()).decode(
        "utf-8", "backslashreplace"
    )  # file names need not be Unicode


def cannot_list(why: str) -> str:
    """Say that a folder cannot be listed."""
    return f"cannot list the folder: {why}"


def is_below(source: str, place: str) -> bool:
    """Tell whether a source is a place, or in it.

    >>> is_below("s3://b/notes/a.txt", "s3://b/notes"), is_below("notes-too/a.txt", "notes")
    (True, False)
    """
    if place == ".":
        return not source.startswith("/") and not is_address(source)
    return source == place or source.startswith(f"{place.rstrip('/')}/")


def _add_address(listing: Listing, sources: Sources, address: str) -> None:
    for found in sources.list(address):
        is_named = found.address == address
        if is_named or address.startswith(_WEB) or _is_taken(PurePosixPath(found.address).name):
            listing.files[found.address] = JobFile(found.address, found.address, stamp=found.stamp)


def _stamp(file: Path) -> str | None:
    """Give what changes with the file; None while another change might leave it as it is."""
    try:
        stat = file.stat()
    except OSError:
        return None
    # What is unpacked or copied may have an old time of writing.
    if time.time_ns() - max(stat.st_mtime_ns, stat.st_ctime_ns) < _TICK_NS:
        return None
    return f"{stat.st_mtime_ns} {stat.st_ctime_ns} {stat.st_size} {stat.st_ino}"


def _unlisted(listing: Listing, base: Path | None, folder: str, why: str) -> None:
    listing.unlisted[source_of(Path(folder), base)] = cannot_list(why)


def _is_listed(file: Path, place: Path) -> bool:
    """Tell whether a file of this name is listed once it is there."""
    if file == place:
        return True
    steps = [file, *file.parents][: len(file.relative_to(place).parts)]
    is_passed_over = any(step.name.startswith(".") or os.path.islink(step) for step in steps)
    return _is_taken(file.name) and not is_passed_over


def _is_named_so(file: Path) -> bool:
    """Tell whether what is there has this very name, where a file system takes others for the same."""
    return not os.path.lexists(file) or file.name in os.listdir(file.parent)


def _is_taken(name: str) -> bool:
    return not name.startswith(".") and PurePosixPath(name).suffix.lower() in supported_suffixes()


def _url(line: str) -> str:
    try:
        value = json.loads(line)
    except ValueError:
        return line
    url = value.get("url") if isinstance(value, dict) else None
    return url if isinstance(url, str) else line
