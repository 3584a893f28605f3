"""The engine that settings name, as a person at the command line meets it."""

from pathlib import Path

import pytest
from _rag import rag

from rag.compose import Grove
from rag.core.settings import Settings


@pytest.mark.parametrize("command", ["ingest .", "ingest . --json", "jobs retry j", "worker", "serve"])
def test_an_engine_of_the_settings_that_there_is_not_is_told_before_anything_is_begun(
    monkeypatch: pytest.MonkeyPatch, grove_home: Path, command: str
) -> None:
    monkeypatch.setenv("GROVE_INGESTION__ENGINE", "steam")
    done = rag(*command.split(), "--home", grove_home)
    assert done.code == 2
    reason = "GROVE_INGESTION__ENGINE names an engine that there is not: 'steam'; choose one of: local, ray"
    assert reason in done.out + done.err
    assert Grove(Settings(home=grove_home)).jobs.jobs() == []
