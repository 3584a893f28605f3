import gzip
import json
from pathlib import Path

import pytest
from _http import client_of
from fastapi.testclient import TestClient

from rag.compose import Grove

JSON = {"content-type": "application/json"}
FORM = {"content-type": "multipart/form-data; boundary=x"}
NESTED = "[" * 100_000 + "]" * 100_000


def part(disposition: str) -> bytes:
    return f"--x\r\ncontent-disposition: form-data; {disposition}\r\n\r\nx\r\n--x--\r\n".encode()


@pytest.mark.parametrize(
    ("body", "headers", "words"),
    [
        (b'{"query": "\xff"}', {}, "not UTF-8: byte 0xff at position 11"),
        (
            gzip.compress(b'{"query": "x"}'),
            {"content-encoding": "gzip"},
            "gzip; send it as it is",
        ),
        (f'{{"query": {NESTED}}}'.encode(), {}, "nested too deeply"),
        (json.dumps({"query": "x"}).replace('"x"', "1" * 5000).encode(), {}, "4300 digits"),
    ],
    ids=["not UTF-8", "compressed", "nested", "a long number"],
)
def test_a_body_that_is_not_read_is_described(
    client: TestClient, body: bytes, headers: dict[str, str], words: str
) -> None:
    reply = client.post("/api/v1/search", content=body, headers={**JSON, **headers})
    assert (reply.status_code, words in reply.json()["detail"]) == (400, True), reply.text


@pytest.mark.parametrize(
    ("body", "status", "words"),
    [
        (part('name="files"'), 422, "files.0: a file is expected, a part with a file name"),
        (part(f'name="files"; filename="{"a" * 4500}"'), 400, "over 4096 bytes; shorten it"),
        (part('filename="a.txt"'), 400, 'field "name" must be provided'),
    ],
    ids=["no file name", "a long file name", "no name"],
)
def test_an_upload_that_is_not_read_is_described(
    client: TestClient, body: bytes, status: int, words: str
) -> None:
    reply = client.post("/api/v1/collections/default/documents", content=body, headers=FORM)
    assert (reply.status_code, words in reply.json()["detail"]) == (status, True), reply.text


def test_what_is_too_large_is_told_of_a_limit_only_where_there_is_one(client: TestClient) -> None:
    reply = client.post("/api/v1/ask", content=b" " * 8_000_001, headers=JSON)
    assert reply.status_code == 413
    assert reply.json()["detail"] == "the request has more than 8000000 bytes; send less at once"


def test_files_of_the_page_say_which_methods_they_take(grove: Grove, tmp_path: Path) -> None:
    (tmp_path / "assets").mkdir()
    (tmp_path / "index.html").write_text("page")
    reply = client_of(grove, page=tmp_path).put("/assets/x.css")
    assert (reply.status_code, reply.headers["allow"]) == (405, "GET, HEAD")
