from pathlib import Path

from indexing.compaction import compact, tidy
from indexing.submit import submit_paths
from indexing.worker import run_job
from rag.compose import Grove


def num_found(grove: Grove, text: str) -> int:
    return len(grove.search(text, collection="c", retriever="lexical", k=100).passages)


def test_many_segments_are_merged_while_a_job_runs(grove: Grove, tmp_path: Path) -> None:
    folder = tmp_path / "many"
    folder.mkdir()
    for number in range(40):
        (folder / f"{number:02}.txt").write_text(f"Document number {number}.")
    counts: list[int] = []
    job_id = submit_paths(grove, [folder], collection="c")
    run_job(grove, job_id, on_progress=lambda _: counts.append(len(grove.publisher.loads("c"))))
    assert max(counts) <= grove.settings.ingestion.max_segments + 1
    assert num_found(grove, "document") == 40
    compact(grove, "c")
    assert [load.segment.num_rows for load in grove.publisher.loads("c")] == [40]


def test_dead_rows_are_written_out_when_they_are_many(grove: Grove, folder: Path) -> None:
    run_job(grove, submit_paths(grove, [folder], collection="c"))
    texts = [source for source in grove.catalog.sources("c") if source.endswith(".txt")]
    for source in texts[:3]:
        grove.publisher.delete_documents("c", source=source)
    while tidy(grove, "c"):
        pass
    loads = grove.publisher.loads("c")
    assert sum(load.num_dead_rows for load in loads) == 0
    assert num_found(grove, "text number") == 3


def test_worn_segments_are_merged_in_pieces_none_of_which_is_large(grove: Grove, tmp_path: Path) -> None:
    for segment in "abc":
        files = [tmp_path / f"{segment}{number}.txt" for number in range(4)]
        for file in files:
            file.write_text(f"Document {file.stem}.")
        run_job(grove, submit_paths(grove, files, collection="c"))
    for source in grove.catalog.sources("c")[::4]:
        grove.publisher.delete_documents("c", source=source)
    assert tidy(grove, "c", max_rows=6)
    assert sorted(load.segment.num_rows for load in grove.publisher.loads("c")) == [3, 6]
    assert num_found(grove, "document") == 9


def test_merging_what_needs_no_merging_does_nothing(grove: Grove, folder: Path) -> None:
    run_job(grove, submit_paths(grove, [folder / "text0.txt"], collection="c"))
    assert not compact(grove, "c")
    assert not tidy(grove, "c")
