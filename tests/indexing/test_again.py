"""Failed files of archives and folders that are tried again."""

from collections.abc import Callable
from pathlib import Path

from _mail_files import packed
from _syncing import states

from indexing.control import retry_job
from indexing.listing import list_places
from indexing.submit import submit_listing, submit_paths, submit_uploads
from indexing.worker import run_job
from rag.compose import Grove


def _retried(grove: Grove) -> dict[str, str]:
    job_id = grove.jobs.jobs()[0].job_id
    retry_job(grove, job_id)
    return states(run_job(grove, job_id))


def test_a_retry_reads_what_failed_of_an_archive_and_nothing_else(grove: Grove, here: Path) -> None:
    broken = packed({"i.zip": b"PK nothing", "../out.txt": b"x", "good.txt": b"All is well.", "e.txt": b""})
    (here / "a.zip").write_bytes(broken)
    first = states(run_job(grove, submit_paths(grove, [Path("a.zip")], collection="c")))
    assert _retried(grove) == first  # the same files, names and reasons
    inner = packed({"x.txt": b"One.", "deep/y.txt": b"Two."})
    (here / "a.zip").write_bytes(packed({"i.zip": inner, "good.txt": b"Another text.", "e.txt": b"Three."}))
    assert _retried(grove) == {
        "a.zip/i.zip/x.txt": "done",
        "a.zip/i.zip/deep/y.txt": "done",
        "a.zip/../out.txt": "it is no longer in a.zip",
        "a.zip/good.txt": "done",
        "a.zip/e.txt": first["a.zip/e.txt"],  # it was unpacked: its bytes are those of then
    }
    assert grove.catalog.sources("c") == ["a.zip/good.txt", "a.zip/i.zip/deep/y.txt", "a.zip/i.zip/x.txt"]
    assert grove.search("another", collection="c", retriever="lexical").passages == []


def test_a_retry_of_an_archive_that_was_half_written_takes_it_apart(grove: Grove, here: Path) -> None:
    (here / "a.zip").write_bytes(b"PK\x03\x04 half written")
    states(run_job(grove, submit_paths(grove, [Path("a.zip")], collection="c")))
    assert "broken or cut short" in _retried(grove)["a.zip"]
    (here / "a.zip").write_bytes(packed({"x.txt": b"One.", "y.txt": b"Two."}))
    assert _retried(grove) == {"a.zip/x.txt": "done", "a.zip/y.txt": "done"}
    assert grove.catalog.sources("c") == ["a.zip/x.txt", "a.zip/y.txt"]


def test_a_retry_of_an_archive_that_was_sent_reads_it_again_under_its_name(
    new_grove: Callable[..., Grove], here: Path
) -> None:
    (here / "sent").write_bytes(packed({"x.txt": b"One.", "i.zip": b"PK nothing"}))
    (here / "large").write_bytes(packed({"y.txt": b"Two." * 50}))
    grove = new_grove(max_file_bytes=300)
    job = submit_uploads(grove, [("b.zip", here / "sent"), ("c.zip", here / "large")], collection="c")
    first = states(run_job(grove, job))
    assert (first["b.zip/x.txt"], "broken" in first["b.zip/i.zip"]) == ("done", True)
    assert _retried(grove) == first
    uploads = grove.settings.home_dir / "uploads"
    assert len(list(uploads.iterdir())) == 1  # what may be tried again


def test_a_retry_of_a_folder_that_could_not_be_listed_lists_it(grove: Grove, here: Path) -> None:
    (here / "notes" / "deep").mkdir(parents=True)
    (here / "notes" / "a.txt").write_text("One.")
    listing = list_places(grove, ["notes"])
    listing.unlisted["notes/deep"] = "cannot list the folder: Permission denied"
    run_job(grove, submit_listing(grove, listing, collection="c"))
    (here / "notes" / "deep" / "b.txt").write_text("Two.")
    (here / "notes" / "deep" / "z.zip").write_bytes(packed({"c.txt": b"Three."}))
    assert _retried(grove) == {
        "notes/a.txt": "done",
        "notes/deep/b.txt": "done",
        "notes/deep/z.zip/c.txt": "done",
    }
