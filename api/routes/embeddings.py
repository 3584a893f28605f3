"""Vectors and scores of texts that are handed in: OpenAI's embeddings, and Jina's and Cohere's rerank."""

import base64
from typing import Annotated, Any, Literal

import numpy as np
from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field, StrictBool, StrictInt, StrictStr

from api.deps import GroveDep
from api.problems import OPENAI_ERROR
from api.schemas import Body
from rag.compose import Grove
from rag.core.errors import InvalidInputError, NotFoundError
from rag.core.types import Vector

__all__ = ["router"]

router = APIRouter(tags=["openai"], responses=OPENAI_ERROR)
_OWN_MODEL = "grove"
_MAX_TEXTS = 2048
_MAX_DOCUMENTS = 1000
_MAX_CHARS = 1_000_000


class EmbeddingsBody(Body):
    """Texts to encode. Token ids are refused: they are those of another tokenizer."""

    input: StrictStr | Annotated[list[StrictStr], Field(min_length=1, max_length=_MAX_TEXTS)]
    model: Annotated[str, Field(description="`grove`, or the name of the encoder.")] = _OWN_MODEL
    encoding_format: Literal["float", "base64"] | None = "float"
    dimensions: Annotated[StrictInt | None, Field(description="That of the encoder, or none.")] = None
    user: Annotated[str | None, Field(description="Accepted and not used.")] = None


class DocumentText(BaseModel):
    """A document as Jina's and Cohere's clients also send it."""

    model_config = ConfigDict(extra="forbid")
    text: StrictStr


class RerankBody(Body):
    """Documents to order for a query."""

    query: Annotated[StrictStr, Field(min_length=1, max_length=20_000)]
    documents: Annotated[list[StrictStr | DocumentText], Field(min_length=1, max_length=_MAX_DOCUMENTS)]
    model: Annotated[str, Field(description="`grove` (late interaction), or the name of a scorer.")] = (
        _OWN_MODEL
    )
    top_n: Annotated[StrictInt | None, Field(ge=1, description="How many at most; by default all.")] = None
    return_documents: StrictBool = False


@router.post("/v1/embeddings", operation_id="createEmbeddings")
def create_embeddings(body: EmbeddingsBody, grove: GroveDep) -> dict[str, Any]:
    """Encode texts as the dense index does; what is longer than the encoder reads is refused, not cut."""
    kind = grove.settings.encoder.kind
    _check_model(body.model, [_OWN_MODEL, kind])
    texts = [body.input] if isinstance(body.input, str) else body.input
    encoder = grove.encoder
    if body.dimensions not in (None, encoder.dim):
        raise InvalidInputError(
            f"dimensions: the encoder {kind} gives {encoder.dim}, got {body.dimensions}; leave it out"
        )
    num_tokens = _count_tokens(grove, texts)
    form = _base64 if body.encoding_format == "base64" else _numbers
    return {
        "object": "list",
        "data": [
            {"object": "embedding", "index": index, "embedding": form(vector)}
            for index, vector in enumerate(encoder.encode(texts))
        ],
        "model": body.model,
        "usage": {"prompt_tokens": num_tokens, "total_tokens": num_tokens},
    }


@router.post("/v1/rerank", operation_id="rerank")
@router.post("/v2/rerank", operation_id="rerankAsCohere")
def rerank(body: RerankBody, grove: GroveDep) -> dict[str, Any]:
    """Order documents for a query, best first; of equal ones those that came first.

    Scores compare within a reply. Those of `late` are at most 1; those of `likelihood` are mean
    log-probabilities, and so below 0.
    """
    _check_model(body.model, [_OWN_MODEL, *grove.scorer_names()])
    scorer = grove.scorer_named("late" if body.model == _OWN_MODEL else body.model)
    texts = [each if isinstance(each, str) else each.text for each in body.documents]
    if sum(map(len, texts)) > _MAX_CHARS:
        raise InvalidInputError(
            f"documents: {_MAX_CHARS} characters in all at most, got {sum(map(len, texts))}"
        )
    scores = scorer.scores(body.query, texts)
    order = np.argsort(-scores, kind="stable")[: body.top_n]
    results: list[dict[str, Any]] = [
        {"index": int(place), "relevance_score": float(scores[place])} for place in order
    ]
    if body.return_documents:
        results = [{**result, "document": {"text": texts[result["index"]]}} for result in results]
    return {"model": body.model, "results": results, "meta": {"billed_units": {"search_units": 1}}}


def _check_model(model: str, names: list[str]) -> None:
    if model not in names:
        raise NotFoundError(f"no model {model!r}; choose one of: {', '.join(names)}")


def _count_tokens(grove: Grove, texts: list[str]) -> int:
    """Count what the encoder reads.

    Raises:
        InvalidInputError: a text is blank, or longer than the encoder reads.
    """
    total, limit = 0, grove.encoder.max_tokens
    for index, text in enumerate(texts):
        count = len(grove.encoder.token_starts(text[:_MAX_CHARS]))
        if not text.strip():
            raise InvalidInputError(f"input[{index}]: 1 to {limit} tokens, got none; leave it out")
        if count > limit or len(text) > _MAX_CHARS:
            raise InvalidInputError(f"input[{index}]: 1 to {limit} tokens, got {count}; cut it into pieces")
        total += count
    return total


def _base64(vector: Vector) -> str:
    return base64.b64encode(vector.astype("<f4").tobytes()).decode()


def _numbers(vector: Vector) -> list[float]:
    numbers: list[float] = vector.tolist()
    return numbers
