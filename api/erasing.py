"""Erasing a document, a run, a conversation, a person: tables, segments, uploads, checkpoints, quotes."""

import asyncio
from dataclasses import dataclass
from pathlib import Path

from agents.checkpoints import checkpoints
from indexing.attach import remove_file
from rag.compose import Grove
from rag.core.errors import NotFoundError
from rag.db.files import StoredFile, source_of

__all__ = ["Erased", "erase_conversation", "erase_document", "erase_run", "erase_subject"]


@dataclass(frozen=True, slots=True)
class Erased:
    """How much is gone for good."""

    documents: int
    runs: int
    files: int


def erase_document(grove: Grove, document_id: str) -> Erased:
    """Erase a document, and the questions whose answers or evidence quote it; those at work there end.

    Raises:
        NotFoundError: no such document.
        ForbiddenError: the caller may only read its collection.
    """
    runs = _erase_document(grove, document_id)
    _finish(grove)
    return Erased(1, len(runs), 0)


def erase_run(grove: Grove, run_id: str) -> Erased:
    """Erase a question with its answer.

    Raises:
        NotFoundError: no such run.
    """
    grove.runs.run(run_id)
    _erase_runs(grove, [run_id])
    _finish(grove)
    return Erased(0, 1, 0)


def erase_conversation(grove: Grove, conversation_id: str) -> Erased:
    """Erase a conversation with all its questions and answers, also those that were edited away.

    Raises:
        NotFoundError: no such conversation.
    """
    runs = grove.eraser.runs_in(conversation_id)
    grove.eraser.erase_conversation(conversation_id)
    _erase_runs(grove, runs)
    _finish(grove)
    return Erased(0, len(runs), 0)


def erase_subject(grove: Grove, subject: str) -> Erased:
    """Erase what a person, or a key, has asked and sent as files; its keys and sessions are over.

    The documents that its files became are erased as one by one. Other documents belong to their
    collections, not to who has sent them.

    Raises:
        NotFoundError: nobody of this name has asked or sent anything, has a key or is signed in.
    """
    runs, files = grove.eraser.runs_of(subject), grove.eraser.files_of(subject)
    is_known = runs or files or grove.sessions.is_signed_in(subject)
    if not is_known and subject not in {key.subject for key in grove.keys.keys(1_000_000)}:
        raise NotFoundError(f"nobody called {subject!r} is known here; `rag keys list` shows subjects")
    num_documents, erased_runs = 0, set(runs)
    for file_id in files:
        for quoting in _erase_file(grove, grove.files.file(file_id)):
            num_documents += 1
            erased_runs.update(quoting)
    _erase_runs(grove, runs)
    grove.eraser.erase_subject(subject)
    _finish(grove)
    return Erased(num_documents, len(erased_runs), len(files))


def _erase_document(grove: Grove, document_id: str) -> list[str]:
    """Erase a document and the runs that quote it; give these runs."""
    collection, source = grove.eraser.home_of(document_id)
    before = [each.segment.segment_id for some in grove.eraser.segments(collection) for each in some]
    originals = grove.originals.hashes_of(document_id)
    grove.publisher.delete_document(document_id)
    grove.originals.erase(originals)
    for path in grove.eraser.forget_files(collection, source, document_id):
        _unlink_upload(grove, Path(path))
    for loads in grove.eraser.segments(collection):
        if worn := [each.segment for each in loads if each.num_dead_rows]:
            grove.publisher.replace_segments(collection, worn)
    grove.eraser.drop_segments(before)
    # Now nobody can read it any more; who has read it ends, or has stored what it quotes.
    asyncio.run(_forget_checkpoints(grove, grove.eraser.end_runs(collection)))
    runs = grove.eraser.runs_that_quote(document_id)
    _erase_runs(grove, runs)
    return runs


def _erase_file(grove: Grove, file: StoredFile) -> list[list[str]]:
    """Erase a file and the documents that it became; give the runs that quote each of these."""
    source = source_of(file)
    collections = grove.files.cancel(source)  # first: what a job has published until then is found below
    documents = [
        document.document_id
        for collection in grove.files.collections_with(source)
        if (document := grove.files.document(collection, source)) and document.document_id
    ]
    runs = [_erase_document(grove, document_id) for document_id in documents]
    for collection in collections:
        grove.eraser.forget_files(collection, source)
    remove_file(grove, file)
    return runs


def _erase_runs(grove: Grove, run_ids: list[str]) -> None:
    grove.eraser.erase_runs(run_ids)
    asyncio.run(
        _forget_checkpoints(grove, run_ids)
    )  # behind it: a run that pauses just now has one by then


async def _forget_checkpoints(grove: Grove, run_ids: list[str]) -> None:
    async with checkpoints(grove) as saver:
        for run_id in run_ids:
            await saver.adelete_thread(run_id)


def _unlink_upload(grove: Grove, path: Path) -> None:
    if path.parent == grove.settings.uploads_dir:
        path.unlink(missing_ok=True)


def _finish(grove: Grove) -> None:
    """Remove what nothing names any more, also from the files of the database and from memory."""
    grove.eraser.shred()
    grove.forget_generators()
