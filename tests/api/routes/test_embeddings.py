"""Embeddings by OpenAI's own client, and rerank by hand: there is no small official client of it."""

from typing import Any

import httpx
import numpy as np
import openai
import pytest
from _http import Filled
from fastapi.testclient import TestClient

TEXTS = ["the tower is tall", "the mast was replaced"]


@pytest.fixture
def client(filled: Filled) -> TestClient:
    """Give a client of an installation with one document."""
    return filled.client


def test_embeddings_are_the_encoder_s_in_either_form(official: openai.OpenAI, filled: Filled) -> None:
    expected = filled.grove.encoder.encode(TEXTS)
    plain = official.embeddings.create(model="grove", input=TEXTS, encoding_format="float")
    packed = official.embeddings.create(model="hashing", input=TEXTS)  # the client asks for base64
    for reply in (plain, packed):
        assert [each.index for each in reply.data] == [0, 1]
        assert np.array_equal(np.array([each.embedding for each in reply.data], np.float32), expected)
        assert reply.usage.total_tokens == 8


def test_one_text_needs_no_list_and_the_true_dimension_may_be_named(official: openai.OpenAI) -> None:
    reply = official.embeddings.create(model="grove", input="the tower", dimensions=256)
    assert len(reply.data) == 1
    assert len(reply.data[0].embedding) == 256


@pytest.mark.parametrize(
    ("change", "status", "words"),
    [
        ({"dimensions": 64}, 422, "dimensions: the encoder hashing gives 256, got 64"),
        ({"model": "text-embedding-3-small"}, 404, "choose one of: grove, hashing"),
        ({"input": ["a", " "]}, 422, r"input[1]: 1 to 512 tokens, got none; leave it out"),
        ({"input": "word " * 600}, 422, "got 600"),
        ({"input": [1, 2]}, 422, "input"),
        ({"input": []}, 422, "input"),
        ({"input": ["x"] * 2049}, 422, "input"),
        ({"encoding_format": "int8"}, 422, "encoding_format"),
        ({"truncate": True}, 422, "truncate"),
    ],
    ids=lambda value: repr(value)[:40],
)
def test_wrong_embeddings_are_refused_by_name(
    client: TestClient, change: dict[str, Any], status: int, words: str
) -> None:
    reply = client.post("/v1/embeddings", json={"input": "x", **change})
    assert reply.status_code == status
    assert words in reply.json()["error"]["message"]


@pytest.mark.parametrize("path", ["/v1/rerank", "/v2/rerank"])
def test_rerank_orders_documents(server: str, path: str) -> None:
    documents = ["the mast was replaced", "how tall is the tower", {"text": "the tower is 300 metres tall"}]
    asked = {"model": "grove", "query": "how tall is the tower", "documents": documents}
    reply = httpx.post(server + path, json=asked).json()
    assert [result["index"] for result in reply["results"]] == [1, 2, 0]
    scores = [result["relevance_score"] for result in reply["results"]]
    assert scores == sorted(scores, reverse=True)
    assert max(scores) <= 1.00001
    best = httpx.post(server + path, json={**asked, "top_n": 1, "return_documents": True}).json()
    assert best["results"] == [{**reply["results"][0], "document": {"text": "how tall is the tower"}}]


@pytest.mark.parametrize(
    ("change", "status", "words"),
    [
        ({"documents": []}, 422, "documents"),
        ({"query": ""}, 422, "query"),
        ({"top_n": 0}, 422, "top_n"),
        ({"model": "rerank-v3.5"}, 404, "choose one of: grove, late, likelihood"),
        ({"max_tokens_per_doc": 5}, 422, "max_tokens_per_doc"),
        ({"documents": ["x" * 600_000] * 2}, 422, "1000000 characters in all at most"),
    ],
    ids=lambda value: repr(value)[:40],
)
def test_a_wrong_rerank_is_refused_by_name(
    client: TestClient, change: dict[str, Any], status: int, words: str
) -> None:
    reply = client.post("/v1/rerank", json={"query": "x", "documents": ["y"], **change})
    assert reply.status_code == status
    assert words in reply.json()["error"]["message"]
