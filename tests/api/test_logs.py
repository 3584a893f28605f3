"""The log: one JSON object a line, with the run, the tenant and the route that it belongs to."""

import json
import logging
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from _http import BrokenEncoder, client_of, ingested, small_settings

from api.telemetry.logs import set_up_logs
from rag.compose import Grove
from rag.core.access import Access
from rag.core.settings import LogSettings

Capture = pytest.CaptureFixture[str]


@pytest.fixture(autouse=True)
def _kept_handlers() -> Iterator[None]:
    root = logging.getLogger()
    kept, level = list(root.handlers), root.level
    yield
    root.handlers[:] = kept
    root.setLevel(level)


def lines(capsys: Capture) -> list[dict[str, Any]]:
    return [json.loads(line) for line in capsys.readouterr().err.splitlines()]


def test_a_question_is_one_line_with_its_run_tenant_and_route(grove_home: Path, capsys: Capture) -> None:
    set_up_logs(LogSettings(format="json"))
    grove = Grove(small_settings(grove_home, tenant="acme"))
    client = client_of(grove)
    ingested(client, grove)
    run_id = client.post("/api/v1/ask", json={"question": "How tall is the tower?"}).json()["run_id"]
    client.get("/health")
    written = lines(capsys)
    (line,) = [line for line in written if line.get("route") == "/api/v1/ask"]
    assert (
        line.items()
        >= {
            "level": "info",
            "logger": "api.requests",
            "run_id": run_id,
            "tenant": "acme",
            "method": "POST",
            "status": 200,
        }.items()
    )
    assert line["milliseconds"] > 0
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}\+00:00", line["time"])
    assert not [line for line in written if line.get("route") == "/health"]
    grove.database.close()


def test_a_request_belongs_to_the_tenant_of_its_key(grove_home: Path, capsys: Capture) -> None:
    set_up_logs(LogSettings(format="json"))
    grove = Grove(small_settings(grove_home))
    made = grove.within(Access("other")).keys.create("k", scopes=["read"])
    reply = client_of(grove).get("/api/v1/jobs", headers={"authorization": f"Bearer {made.secret}"})
    (line,) = [line for line in lines(capsys) if line.get("route") == "/api/v1/jobs"]
    assert (reply.status_code, line["tenant"]) == (200, "other")
    assert made.secret not in str(line)
    grove.database.close()


def test_what_is_logged_on_the_way_names_the_same_run_and_carries_its_trace(
    grove_home: Path, capsys: Capture
) -> None:
    set_up_logs(LogSettings(format="json"))
    grove = Grove(small_settings(grove_home), encoder=BrokenEncoder())
    client = client_of(grove)
    ingested(client, grove)
    reply = client.post("/api/v1/ask", json={"question": "How tall is the tower?", "stream": True})
    failed, request = (line for line in lines(capsys) if line.get("route") == "/api/v1/ask")
    assert "event: error" in reply.text
    assert failed["level"] == "error"
    assert "RuntimeError: a bug" in failed["error"]
    assert failed["run_id"] == request["run_id"]
    grove.database.close()


def test_people_get_text(capsys: Capture) -> None:
    set_up_logs(LogSettings(format="text"))
    logging.getLogger("api").info("all is well")
    assert re.fullmatch(r"\d\d:\d\d:\d\d INFO    all is well\n", capsys.readouterr().err)


def test_no_message_acts_upon_the_terminal(capsys: Capture) -> None:
    set_up_logs(LogSettings(format="text"))
    logging.getLogger("api").info("cleared \x1b[2J\r\x9b1m")
    assert capsys.readouterr().err.endswith("cleared \\x1b[2J\\x0d\\x9b1m\n")


def test_without_a_terminal_it_is_json(capsys: Capture) -> None:
    set_up_logs(LogSettings())
    logging.getLogger("rag.db").warning("slow: %d s", 3)
    logging.getLogger("elsewhere").info("not shown: not ours")
    (line,) = lines(capsys)
    assert (line["level"], line["logger"], line["message"]) == ("warning", "rag.db", "slow: 3 s")


def test_less_is_written_when_less_is_wanted(capsys: Capture) -> None:
    set_up_logs(LogSettings(format="json", level="warning"))
    logging.getLogger("api.requests").info("a request")
    assert not capsys.readouterr().err
    set_up_logs(LogSettings())
