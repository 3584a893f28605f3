"""Making a collection match its source: add, replace, delete, as one job.

Nothing is deleted that cannot be told to be gone, and nothing much that was perhaps never listed.
"""

import hashlib
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import accumulate
from pathlib import Path

from indexing._work import taken_by_another
from indexing.addresses import is_address
from indexing.archives import hashes_in, is_archive
from indexing.files import content_of
from indexing.listing import Listing
from indexing.pipeline import Pipeline
from indexing.submit import parts_of
from rag.compose import Grove
from rag.core.errors import NotFoundError, UnreadableDocumentError
from rag.db.jobs import JobFile
from rag.db.publish import KnownVersion

__all__ = ["Plan", "Synced", "plan_sync", "submit_sync", "withholding"]

_AT_ONCE = 5000  # databases bound the parameters of a query
_MANY = 10  # deletions that need no word of a person, however few documents there are


@dataclass(frozen=True, slots=True)
class Plan:
    """What synchronising would do; sources."""

    add: list[str]
    replace: list[str]
    unchanged: list[str]
    unknown: list[str]  # replaced or unchanged: known once it is fetched
    delete: list[str]
    withheld: list[str]  # not deleted without a person's word
    reason: str | None  # why not


@dataclass(frozen=True, slots=True)
class Synced:
    """A job that makes the collection match, and what it leaves alone."""

    job_id: str | None  # none when there is nothing to do
    withheld: list[str]
    reason: str | None
    num_unchanged: int = 0  # files that are as they were, and not in the job


def submit_sync(
    grove: Grove,
    listing: Listing,
    *,
    collection: str,
    kinds: Sequence[str] | None = None,
    only: Collection[str] | None = None,
    may_delete_many: bool = False,
) -> Synced:
    """Queue what makes the collection match the listing.

    What has the stamp of the last time is as it was; of all else the bytes are looked at.

    Args:
        grove: the installation.
        listing: what is there.
        collection: made when it does not exist.
        kinds: of index; of a new collection by default those of the settings.
        only: sources that are looked at, of those that are there; by default all.
        may_delete_many: delete also when nothing was found at a place, or most documents are gone.

    Raises:
        ConflictError: the collection has other kinds of index than asked for.
    """
    documents, pending = _bases(grove, collection)
    delete, withheld, reason = _deletions(grove, listing, pending | documents, may_delete_many)
    wanted = [file for source, file in listing.files.items() if only is None or source in only]
    stamps = _stamps(grove, collection, documents, {file.source for file in wanted})
    unchanged: list[str] = []

    def is_new(file: JobFile, source: str) -> bool:
        # An archive that could not be read as a whole is told of as failed until its files are in a job.
        is_pending = not pending.keys().isdisjoint((source, file.source))
        if is_pending or file.stamp is None or stamps.get(source) != (file.stamp, file.base):
            return True
        unchanged.append(source)
        return False

    files = [part for file in wanted for part in parts_of(grove, file, is_wanted=partial(is_new, file))]
    files += listing.refused()
    files += [listing.deletion(source) for source in delete]
    if files or unchanged:
        grove.ensure_collection(collection, kinds=kinds)
    job_id = grove.jobs.submit(collection, files, num_unchanged=len(unchanged)) if files else None
    return Synced(job_id, withheld, reason, len(unchanged))


def plan_sync(grove: Grove, listing: Listing, *, collection: str, may_delete_many: bool = False) -> Plan:
    """Tell what `submit_sync` would do, changing nothing; files are read, addresses are not fetched."""
    documents, pending = _bases(grove, collection)
    delete, withheld, reason = _deletions(grove, listing, pending | documents, may_delete_many)
    found: dict[str, list[str]] = {"add": [], "replace": [], "unchanged": [], "unknown": []}
    version = Pipeline.from_grove(grove).version
    limit = grove.settings.ingestion.max_file_bytes
    hashes = {
        source: hashes_in(Path(file.path), source, max_file_bytes=limit)
        for source, file in listing.files.items()
        if is_archive(source) and not is_address(file.path)
    }
    known = _known(
        grove, collection, [*listing.files, *(source for each in hashes.values() for source in each)]
    )
    for source, file in listing.files.items():
        for inner, content_hash in hashes.get(source, {}).items():
            is_other = taken_by_another(replace(file, source=inner), known.get(inner))
            fate = "unchanged" if is_other else _fate_of(content_hash, known.get(inner), version)
            found[fate].append(inner)
        if taken_by_another(file, known.get(source)):
            found["unchanged"].append(source)
        elif source not in hashes:
            found[_fate(grove, file, known.get(source), version)].append(source)
    return Plan(**found, delete=delete, withheld=withheld, reason=reason)


def withholding(num_deleted: int, num_spoken_for: int, *, num_found: int) -> str | None:
    """Give why so many are not deleted without a person's word; None when they are.

    >>> withholding(3, 4, num_found=1) is None, withholding(60, 100, num_found=40) is None
    (True, False)
    """
    if num_deleted and not num_found:
        return "nothing was found at the source"
    if num_deleted > _MANY and 2 * num_deleted > num_spoken_for:
        return f"{num_deleted} of {num_spoken_for} documents are gone from the source"
    return None


def _bases(grove: Grove, collection: str) -> tuple[dict[str, str | None], dict[str, str | None]]:
    try:
        return grove.catalog.bases(collection)
    except NotFoundError:
        return {}, {}


def _deletions(
    grove: Grove, listing: Listing, bases: Mapping[str, str | None], may_delete_many: bool
) -> tuple[list[str], list[str], str | None]:
    """Give what is deleted, what is not, and why not.

    What waits or failed counts too: an older job must not bring it back, nor its failure be kept.
    """
    # What was sent, or is relative to another folder, is none of this listing's.
    sources = sorted(source for source, base in bases.items() if base in (None, str(listing.base)))
    gone = listing.vanished(sources, max_file_bytes=grove.settings.ingestion.max_file_bytes)
    if may_delete_many:
        return gone, [], None
    withheld: dict[str, str] = {}  # why not
    # Each place by itself, for one of several may not be mounted; then what is left, all together.
    for place in (*listing.places(), listing):
        here = [source for source in place.spoken_for(gone) if source not in withheld]
        if not here:
            continue
        num_found = len(place.spoken_for(list(listing.files)))
        reason = withholding(len(here), len(place.spoken_for(sources)), num_found=num_found)
        if reason is not None:
            withheld |= dict.fromkeys(here, f"{', '.join(place.scopes)}: {reason}")
    if not withheld:
        return gone, [], None
    reason = "; ".join(dict.fromkeys(withheld.values()))
    reason += "; is it the right place, and all of it? --delete-many deletes them"
    return [source for source in gone if source not in withheld], list(withheld), reason


def _stamps(
    grove: Grove, collection: str, documents: Iterable[str], files: set[str]
) -> dict[str, tuple[str | None, str | None]]:
    """Give the stamps and bases of these files' documents, or of what is in them as archives.

    Left out are those that are read another way by now.
    """
    version = Pipeline.from_grove(grove).version
    theirs = [
        source
        for source in documents
        if not files.isdisjoint(accumulate(source.split("/"), "{}/{}".format))
    ]
    return {
        source: (known.stamp, known.base)
        for source, known in _known(grove, collection, theirs).items()
        if known.pipeline_version == version
    }


def _known(grove: Grove, collection: str, sources: list[str]) -> dict[str, KnownVersion]:
    found: dict[str, KnownVersion] = {}
    try:
        for start in range(0, len(sources), _AT_ONCE):
            found |= grove.publisher.known(collection, sources[start : start + _AT_ONCE])
    except NotFoundError:
        return {}
    return found


def _fate(grove: Grove, file: JobFile, known: KnownVersion | None, version: str) -> str:
    if known is None:
        return "add"
    if is_address(file.path):
        if file.stamp is None or known.stamp is None:
            return "unknown"
        is_same = (known.stamp, known.pipeline_version) == (file.stamp, version)
    else:
        try:
            content = content_of(Path(file.path), max_bytes=grove.settings.ingestion.max_file_bytes)
        except UnreadableDocumentError:
            return "unknown"
        return _fate_of(hashlib.sha256(content).hexdigest(), known, version)
    return "unchanged" if is_same else "replace"


def _fate_of(content_hash: str | None, known: KnownVersion | None, version: str) -> str:
    if known is None:
        return "add"
    if content_hash is None:
        return "unknown"
    return "unchanged" if known.is_of(content_hash, version) else "replace"
