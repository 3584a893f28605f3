import pytest
from _http import TOWER, client_of, ingested
from fastapi.testclient import TestClient

from indexing.worker import run_job
from rag.compose import Grove

DOCUMENTS = "/api/v1/collections/default/documents"


def test_there_are_no_collections_at_first(client: TestClient) -> None:
    assert client.get("/api/v1/collections").json()["collections"] == []


def test_a_collection_is_made_listed_and_deleted(client: TestClient) -> None:
    made = client.post("/api/v1/collections", json={"name": "papers"})
    assert made.status_code == 201
    assert made.json() | {"created_at": ""} == {
        "name": "papers",
        "documents": 0,
        "chunks": 0,
        "generation": 0,
        "created_at": "",
        "index": ["dense"],
    }
    assert client.get("/api/v1/collections").json()["collections"] == [made.json()]
    assert client.delete("/api/v1/collections/papers").json() == {"documents": 0, "chunks": 0}
    assert client.get("/api/v1/collections").json()["collections"] == []


def test_the_kinds_of_index_are_chosen_and_changed(client: TestClient, grove: Grove) -> None:
    made = client.post("/api/v1/collections", json={"name": "papers", "index": "late,dense"})
    assert made.json()["index"] == ["dense", "late"]
    files = [("files", ("tower.txt", TOWER.encode()))]
    address = "/api/v1/collections/papers/documents"
    refused = client.post(f"{address}?index=dense", files=files)
    assert (refused.status_code, refused.json()["type"]) == (409, "urn:grove:error:ConflictError")
    assert client.post(f"{address}?index=dense,late", files=files).status_code == 202
    run_job(grove)
    search = {"query": "tower", "collection": "papers", "retriever": "late"}
    assert client.post("/api/v1/search", json=search).json()["hits"]
    assert client.post("/api/v1/collections/papers/reindex?index=dense").status_code == 202
    run_job(grove)
    (collection,) = client.get("/api/v1/collections").json()["collections"]
    assert collection["index"] == ["dense"]
    assert client.post("/api/v1/search", json=search).status_code == 409


@pytest.mark.parametrize("index", ["", "late", "dense,sparse"])
def test_unknown_kinds_of_index_are_refused(client: TestClient, index: str) -> None:
    replies = [
        client.post("/api/v1/collections", json={"name": "papers", "index": index}),
        client.post(f"{DOCUMENTS}?index={index}", files=[("files", ("a.txt", b"a"))]),
    ]
    assert [reply.status_code for reply in replies] == [422, 422]
    assert client.get("/api/v1/collections").json()["collections"] == []


def test_a_collection_cannot_be_made_twice(client: TestClient) -> None:
    client.post("/api/v1/collections", json={"name": "papers"})
    reply = client.post("/api/v1/collections", json={"name": "papers"})
    assert reply.status_code == 409
    assert reply.json()["type"] == "urn:grove:error:ConflictError"


@pytest.mark.parametrize("name", ["", " ", "a\nb", " a", "x" * 101, "a\u202eb"])
def test_a_wrong_name_is_refused(client: TestClient, name: str) -> None:
    assert client.post("/api/v1/collections", json={"name": name}).status_code == 422
    assert client.get("/api/v1/collections").json()["collections"] == []


@pytest.mark.parametrize("name", ["a/b", "a b", "ä/?&#", "'; DROP TABLE collections; --", "日本"])
def test_a_name_of_any_characters_is_reached_by_its_address(client: TestClient, name: str) -> None:
    assert client.post("/api/v1/collections", json={"name": name}).json()["name"] == name
    quoted = "".join(f"%{byte:02X}" for byte in name.encode())
    assert client.get(f"/api/v1/collections/{quoted}/documents").json() == {"documents": [], "next": None}
    assert client.delete(f"/api/v1/collections/{quoted}").status_code == 200


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", "nobody/documents"), ("DELETE", "nobody"), ("GET", "nobody/documents?after=a")],
)
def test_an_unknown_collection_is_not_found(client: TestClient, method: str, path: str) -> None:
    reply = client.request(method, f"/api/v1/collections/{path}")
    assert reply.status_code == 404
    assert "'nobody'" in reply.json()["detail"]


@pytest.mark.parametrize("limit", ["0", "-1", "1001", "many", "1.5"])
def test_a_limit_out_of_range_is_refused(client: TestClient, limit: str) -> None:
    client.post("/api/v1/collections", json={"name": "default"})
    reply = client.get(f"{DOCUMENTS}?limit={limit}")
    assert reply.status_code == 422
    assert reply.json()["detail"].startswith("limit: ")


def test_an_upload_is_a_job_that_tells_how_each_file_fares(client: TestClient, grove: Grove) -> None:
    files = [
        ("good.txt", TOWER.encode()),
        ("empty.txt", b""),
        ("program.exe", b"MZ"),
        ("liar.pdf", b"no pdf"),
    ]
    reply = client.post(DOCUMENTS, files=[("files", file) for file in files])
    assert reply.status_code == 202
    job = reply.json()
    assert job["collection"] == "default"
    assert job["state"] == "queued"
    assert [(file["source"], file["state"]) for file in job["files"]] == [
        (name, "queued") for name, _ in files
    ]
    run_job(grove)
    done = client.get(f"/api/v1/jobs/{job['job_id']}").json()
    assert done["state"] == "done"
    assert [file["state"] for file in done["files"]] == ["done", "failed", "failed", "failed"]
    assert done["files"][0]["document_id"]
    assert done["files"][0]["chunks"] > 0
    assert all(file["error"] for file in done["files"][1:])


def test_documents_are_listed_with_the_files_that_are_not_in_yet(client: TestClient, grove: Grove) -> None:
    ingested(client, grove, name="in.txt")
    client.post(DOCUMENTS, files=[("files", ("waits.txt", b"words"))])
    listed = client.get(DOCUMENTS).json()["documents"]
    assert {each["source"]: each["status"] for each in listed} == {"in.txt": "ready", "waits.txt": "queued"}


def test_pages_of_documents_are_disjoint_and_complete(client: TestClient, grove: Grove) -> None:
    names = [f"{number}.txt" for number in range(7)]
    client.post(DOCUMENTS, files=[("files", (name, f"Text {name}.".encode())) for name in names])
    run_job(grove)
    seen: list[str] = []
    after = None
    for _ in range(4):
        page = client.get(DOCUMENTS, params={"limit": 2} | ({"after": after} if after else {})).json()
        seen += [each["source"] for each in page["documents"]]
        if (after := page["next"]) is None:
            break
    assert after is None
    assert seen == names


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ("../../etc/passwd.txt", "etc/passwd.txt"),
        ("..\\..\\boot.txt", "boot.txt"),
        ("/etc/cron.txt", "etc/cron.txt"),
        ("invoice\u202etxt.pdf", "invoicetxt.pdf"),
        ("ünïcode 日本.txt", "ünïcode 日本.txt"),
        ("a\x00b.txt", "ab.txt"),
    ],
)
def test_the_name_of_an_upload_is_only_a_name(
    client: TestClient, grove: Grove, sent: str, kept: str
) -> None:
    body = (
        f'--x\r\nContent-Disposition: form-data; name="files"; filename="{sent}"\r\n\r\nwords\r\n--x--\r\n'
    )
    reply = client.post(
        DOCUMENTS, content=body.encode(), headers={"content-type": "multipart/form-data; boundary=x"}
    )
    assert reply.status_code == 202, reply.text
    assert [file["source"] for file in reply.json()["files"]] == [kept]
    folders = {path.parent for path in grove.settings.home_dir.rglob("*") if path.is_file()}
    assert folders <= {grove.settings.home_dir, grove.settings.home_dir / "uploads"}


def test_a_name_with_nothing_left_of_it_is_refused_and_nothing_kept(
    client: TestClient, grove: Grove
) -> None:
    reply = client.post(DOCUMENTS, files=[("files", ("good.txt", b"x")), ("files", ("../..", b"x"))])
    assert reply.status_code == 422
    assert list((grove.settings.home_dir / "uploads").iterdir()) == []


def test_too_much_at_once_is_refused_and_nothing_kept(client: TestClient, grove: Grove) -> None:
    half = b"x" * (grove.settings.server.max_upload_bytes // 2 + 1)
    reply = client.post(DOCUMENTS, files=[("files", ("a.txt", half)), ("files", ("b.txt", half))])
    assert reply.status_code == 413
    assert "GROVE_SERVER__MAX_UPLOAD_BYTES" in reply.json()["detail"]
    assert client.get("/api/v1/jobs").json()["jobs"] == []
    assert not grove.settings.home_dir.exists() or not list(grove.settings.home_dir.glob("uploads/*"))


def test_a_part_that_would_be_left_out_is_refused(client: TestClient) -> None:
    reply = client.post(DOCUMENTS, files=[("files", ("a.txt", b"x")), ("file", ("b.txt", b"x"))])
    assert (reply.status_code, reply.json()["detail"]) == (422, "no field file; known are: files")


def test_an_upload_that_was_cut_short_takes_nothing_in(client: TestClient) -> None:
    part = '--x\r\ncontent-disposition: form-data; name="files"; filename="{}"\r\n\r\n{}\r\n'
    body = part.format("first.txt", "One.") + part.format("second.txt", "Two.")
    headers = {"content-type": "multipart/form-data; boundary=x"}
    cut = client.post(DOCUMENTS, content=(body + "--x").encode(), headers=headers)
    assert (cut.status_code, "send it again" in cut.json()["detail"]) == (400, True)
    whole = client.post(DOCUMENTS, content=(body + "--x--\r\n").encode(), headers=headers)
    assert (whole.status_code, whole.json()["files_total"]) == (202, 2)


@pytest.mark.parametrize(
    "request_of",
    [
        {"json": {"files": ["a"]}},
        {"data": {"files": "text, not a file"}},
        {"files": {"other": ("a.txt", b"x")}},
        {"files": {"files": ("", b"x")}},
        {"content": b"bytes"},
        {},
    ],
    ids=["json", "text field", "other field", "no name", "no form", "nothing"],
)
def test_a_request_without_files_is_refused(client: TestClient, request_of: dict[str, object]) -> None:
    reply = client.post(DOCUMENTS, **request_of)  # type: ignore[arg-type]
    assert reply.status_code == 422
    assert reply.headers["content-type"] == "application/problem+json"
    assert client.get("/api/v1/collections").json()["collections"] == []


def test_the_same_file_again_is_skipped(client: TestClient, grove: Grove, document_id: str) -> None:
    reply = client.post(DOCUMENTS, files={"files": ("tower.txt", TOWER.encode())})
    run_job(grove)
    file = client.get(f"/api/v1/jobs/{reply.json()['job_id']}").json()["files"][0]
    assert (file["state"], file["document_id"]) == ("skipped", document_id)


def test_another_tenant_sees_nothing(client: TestClient, grove: Grove, document_id: str) -> None:
    other = client_of(Grove(grove.settings.model_copy(update={"tenant": "other"})))
    assert other.get("/api/v1/collections").json()["collections"] == []
    assert other.get(DOCUMENTS).status_code == 404
    assert other.get(f"/api/v1/documents/{document_id}").status_code == 404
    assert other.delete(f"/api/v1/documents/{document_id}").status_code == 404
    job_id = client.get("/api/v1/jobs").json()["jobs"][0]["job_id"]
    assert other.get(f"/api/v1/jobs/{job_id}").status_code == 404
    assert other.get("/api/v1/jobs").json()["jobs"] == []


def test_a_collection_is_rebuilt_by_a_job(client: TestClient, grove: Grove) -> None:
    ingested(client, grove)
    reply = client.post("/api/v1/collections/default/reindex")
    assert reply.status_code == 202
    assert (reply.json()["kind"], reply.json()["state"], reply.json()["files"]) == ("reindex", "queued", [])
    run_job(grove, reply.json()["job_id"])
    job = client.get(f"/api/v1/jobs/{reply.json()['job_id']}").json()
    assert (job["state"], job["chunks_done"], job["chunks_total"]) == ("done", 1, 1)
    assert len(client.post("/api/v1/search", json={"query": "tower"}).json()["hits"]) == 1


def test_a_collection_that_is_not_there_cannot_be_rebuilt(client: TestClient) -> None:
    assert client.post("/api/v1/collections/nobody/reindex").status_code == 404
