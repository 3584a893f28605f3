import os
from contextlib import suppress
from pathlib import Path

import pytest
from _syncing import deleted_by_sync

from indexing.listing import files_below
from indexing.submit import (
    remove_orphans,
    safe_name,
    submit_paths,
    submit_uploads,
)
from indexing.worker import run_job
from rag.compose import Grove
from rag.core.errors import InvalidInputError
from rag.db.jobs import JobStatus


def names(status: JobStatus) -> list[str]:
    return sorted(Path(file.source).name for file in status.files)


def upload(tmp_path: Path, content: str) -> Path:
    path = tmp_path / f"upload-{os.urandom(4).hex()}"
    path.write_text(content)
    return path


def test_folders_are_taken_with_all_below_but_what_is_hidden_or_of_no_known_kind(
    grove: Grove, folder: Path
) -> None:
    status = grove.jobs.job(submit_paths(grove, [folder], collection="c"))
    assert names(status) == ["broken.pdf", "nested.md", *(f"text{number}.txt" for number in range(6))]


def test_a_named_file_of_an_unknown_kind_is_a_failed_file(grove: Grove, folder: Path) -> None:
    status = run_job(grove, submit_paths(grove, [folder / "picture.raw"], collection="c"))
    assert status is not None
    assert status.state == "failed"
    assert "no loader takes .raw" in str(status.files[0].error)


def test_a_source_is_relative_below_the_working_folder_and_absolute_elsewhere(
    grove: Grove, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(folder / "deep")
    paths = [Path("nested.md"), Path("../text0.txt")]
    status = grove.jobs.job(submit_paths(grove, paths, collection="c"))
    assert [file.source for file in status.files] == ["nested.md", (folder / "text0.txt").as_posix()]


def test_a_whole_path_names_the_same_document_from_wherever(
    grove: Grove, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(folder)
    status = grove.jobs.job(submit_paths(grove, [folder / "text0.txt"], collection="c"))
    assert [file.source for file in status.files] == [(folder / "text0.txt").as_posix()]


def test_a_file_named_twice_is_taken_once(grove: Grove, folder: Path) -> None:
    paths = [folder / "text0.txt", folder / "text0.txt", folder / "deep" / ".." / "text0.txt"]
    assert len(grove.jobs.job(submit_paths(grove, paths, collection="c")).files) == 1


def test_links_in_a_folder_are_not_followed(grove: Grove, folder: Path, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "secret.txt").write_text("secret")
    (folder / "deep" / "link.txt").symlink_to(outside / "secret.txt")
    (folder / "deep" / "linked").symlink_to(outside)
    (folder / "deep" / "loop").symlink_to(folder)
    status = grove.jobs.job(submit_paths(grove, [folder / "deep"], collection="c"))
    assert names(status) == ["nested.md"]


def test_a_folder_whose_files_may_not_be_looked_at_is_told_and_the_others_are_listed(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(folder.parent)
    (folder / "deep" / "shut").mkdir()
    (folder / "deep" / "shut" / "a.txt").write_text("Its name can be read.")
    (folder / "deep" / "shut").chmod(0o644)
    folder.parent.chmod(0o755)
    told: list[str] = []
    with suppress(PermissionError):  # permissions count for root only once it is somebody else
        os.seteuid(65534)
    try:
        listed = list(files_below(Path("folder/deep"), on_error=lambda where, why: told.append(where)))
    finally:
        os.seteuid(os.getuid())
    assert (listed, told) == ([Path("folder/deep/nested.md")], ["folder/deep/shut"])


@pytest.mark.parametrize("name", [b"caf\xe9.txt", "ünï 🙂.txt".encode(), b"new\nline.txt"])
def test_a_file_of_any_name_is_taken_in(grove: Grove, tmp_path: Path, name: bytes) -> None:
    path = Path(os.fsdecode(os.fsencode(tmp_path) + b"/" + name))
    path.write_text("some text")
    status = run_job(grove, submit_paths(grove, [path], collection="c"))
    assert status is not None
    assert [file.state for file in status.files] == ["done"]


def test_a_path_that_is_missing_is_refused_before_anything_is_queued(grove: Grove, folder: Path) -> None:
    with pytest.raises(InvalidInputError, match=r"no such file or folder: .*absent"):
        submit_paths(grove, [folder, folder / "absent"], collection="c")
    assert grove.jobs.jobs() == []


def test_a_folder_without_anything_to_read_is_refused(grove: Grove, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(InvalidInputError, match=r"nothing to ingest .* these kinds are read: .*\.pdf"):
        submit_paths(grove, [tmp_path / "empty"], collection="c")


def test_a_pipe_is_not_waited_for(grove: Grove, folder: Path) -> None:
    os.mkfifo(folder / "pipe.txt")
    status = run_job(grove, submit_paths(grove, [folder], collection="c"))
    assert status is not None
    (pipe,) = (file for file in status.files if file.source.endswith("pipe.txt"))
    assert (pipe.state, pipe.error) == ("failed", "not a regular file; name a file that holds a document")


def test_an_upload_is_ours_until_its_job_is_finished(grove: Grove, tmp_path: Path) -> None:
    temporary = upload(tmp_path, "uploaded words")
    job_id = submit_uploads(grove, [("note.txt", temporary)], collection="c")
    assert not temporary.exists()
    uploads = grove.settings.home_dir / "uploads"
    assert len(list(uploads.iterdir())) == 1
    run_job(grove, job_id)
    assert list(uploads.iterdir()) == []
    assert [hit.source for hit in grove.search("uploaded words", collection="c").passages] == ["note.txt"]


def test_the_same_bytes_uploaded_in_two_jobs_are_there_for_both(grove: Grove, tmp_path: Path) -> None:
    jobs = [
        submit_uploads(grove, [(name, upload(tmp_path, "same"))], collection="c")
        for name in ("one.txt", "two.txt")
    ]
    states = [file.state for job in jobs if (status := run_job(grove, job)) for file in status.files]
    assert states == ["done", "done"]


def test_two_uploads_of_one_name_are_refused(grove: Grove, tmp_path: Path) -> None:
    uploads = [("a/x.txt", upload(tmp_path, "one")), ("../a//x.txt", upload(tmp_path, "two"))]
    with pytest.raises(InvalidInputError, match=r"several files are called a/x\.txt"):
        submit_uploads(grove, uploads, collection="c")


def test_uploads_of_a_submission_that_failed_are_removed_later(grove: Grove, tmp_path: Path) -> None:
    submit_uploads(grove, [("note.txt", upload(tmp_path, "awaited"))], collection="c")
    uploads = grove.settings.home_dir / "uploads"
    (awaited,) = uploads.iterdir()
    old, fresh = uploads / "old", uploads / "fresh"
    old.touch()
    fresh.touch()
    for path in (old, awaited):
        os.utime(path, (0, 0))
    remove_orphans(grove)
    assert set(uploads.iterdir()) == {awaited, fresh}


def test_files_of_a_folder_keep_their_place_in_it(grove: Grove, tmp_path: Path) -> None:
    uploads = []
    for number, name in enumerate(("a/readme.md", "b/readme.md", "../.b//c\u202e/x.md", "readme.md")):
        path = tmp_path / f"{number}.part"
        path.write_text(f"# {name}")
        uploads.append((name, path))
    job = grove.jobs.job(submit_uploads(grove, uploads, collection="c"))
    assert sorted(file.source for file in job.files) == [
        "a/readme.md",
        "b/c/x.md",
        "b/readme.md",
        "readme.md",
    ]


@pytest.mark.parametrize(
    ("name", "clean"),
    [
        ("report.pdf", "report.pdf"),
        ("../../etc/passwd.txt", "passwd.txt"),
        ("C:\\Users\\me\\a.txt", "a.txt"),
        ("..hidden.txt", "hidden.txt"),
        ("a\x00b\n.txt", "ab.txt"),
        ("invoice\u202etxt.exe.pdf", "invoicetxt.exe.pdf"),
        ("Résumé.docx", "Résumé.docx"),
    ],
)
def test_a_name_is_only_a_name(name: str, clean: str) -> None:
    assert safe_name(name) == clean


@pytest.mark.parametrize("name", ["", "/", "...", "\u202e", ".txt" * 100 + "/"])
def test_nothing_is_not_a_name(name: str) -> None:
    with pytest.raises(InvalidInputError, match="is not a file name"):
        safe_name(name)


def test_a_long_name_keeps_its_suffix_and_whole_characters() -> None:
    clean = safe_name("é" * 300 + ".pdf")
    assert clean.endswith("é.pdf")
    assert len(clean.encode()) <= 200


@pytest.mark.parametrize("path", ["notes", "notes/", ".", "notes/../notes"])
def test_documents_whose_files_are_gone_are_deleted_below_the_paths_only(
    grove: Grove, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("notes/kept.txt", "notes/gone.txt", "notes/deep/gone.txt", "notes-too/gone.txt"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(f"This is {name}.")
    run_job(grove, submit_paths(grove, [Path("notes"), Path("notes-too")], collection="c"))
    for name in ("notes/gone.txt", "notes/deep/gone.txt", "notes-too/gone.txt"):
        (tmp_path / name).unlink()
    gone = ["notes/deep/gone.txt", "notes/gone.txt"]
    expected = sorted([*gone, "notes-too/gone.txt"]) if path == "." else gone
    assert deleted_by_sync(grove, [Path(path)], collection="c") == expected
    left = grove.catalog.sources("c")
    assert left == (["notes/kept.txt"] if path == "." else ["notes-too/gone.txt", "notes/kept.txt"])
    assert deleted_by_sync(grove, [Path(path)], collection="c") == []


def test_what_was_uploaded_from_elsewhere_stays(grove: Grove, folder: Path, tmp_path: Path) -> None:
    run_job(grove, submit_uploads(grove, [("up.txt", upload(tmp_path, "Up."))], collection="c"))
    run_job(grove, submit_paths(grove, [folder], collection="c"))
    (folder / "text0.txt").unlink()
    assert deleted_by_sync(grove, [folder], collection="c") == [(folder / "text0.txt").as_posix()]
    assert "up.txt" in grove.catalog.sources("c")
