"""How likely a served model finds a question after a passage: `likelihood`'s score, computed by vLLM.

Asks for the log-probabilities of a prompt, which OpenAI's protocol lacks and vLLM adds; generates no text.
"""

from collections.abc import Mapping, Sequence
from hashlib import sha256
from typing import Any

import httpx
import numpy as np

from rag.core.errors import GenerationError, UnavailableError
from rag.core.trace_context import trace_headers
from rag.core.types import Vector

__all__ = ["Served"]

_LINK = "\n\nhas an answer to the question:"
_MAX_QUERY_TOKENS = 128
_MAX_ERROR_CHARS = 300


class Served:
    """Score passages by the log-likelihood of the question after each, on a server of vLLM."""

    def __init__(
        self,
        base_url: str = "http://127.0.0.1:8765/v1",
        model: str = "smollm2",
        *,
        api_key: str | None = None,
        passage_tokens: int = 256,
        timeout_seconds: float = 60.0,
        tenant: str = "default",
    ) -> None:
        """Set which server is asked.

        Args:
            base_url: with the version, as in `http://127.0.0.1:8765/v1`.
            model: as the server names it.
            api_key: sent as bearer token, when there is one.
            passage_tokens: of each passage, what is beyond is not read.
            timeout_seconds: of a request.
            tenant: whose passages share the server's prefix cache; sent hashed.
        """
        if not base_url.startswith(("http://", "https://")):
            raise ValueError(f"base_url starts with http:// or https://, got {base_url!r}")
        if passage_tokens < 1:
            raise ValueError("passage_tokens is 1 or more")
        self._base_url = base_url.rstrip("/")
        self._model = model
        self._key = {"Authorization": f"Bearer {api_key}"} if api_key else {}
        self._passage_tokens = passage_tokens
        self._timeout_seconds = timeout_seconds
        self._salt = sha256(tenant.encode()).hexdigest()

    def scores(self, query: str, passages: Sequence[str]) -> Vector:
        """Give (N,) float32: the mean log-probability of the question's tokens after each passage.

        Raises:
            UnavailableError: the server cannot be reached.
            GenerationError: it refused, or is no server of vLLM.
        """
        if not passages:
            return np.zeros(0, dtype=np.float32)
        headers = {**trace_headers(), **self._key}
        with httpx.Client(timeout=self._timeout_seconds, trust_env=False, headers=headers) as client:
            asked = self._tokens(client, f" {query}")[:_MAX_QUERY_TOKENS]
            link = self._tokens(client, _LINK)
            read = [self._tokens(client, text.strip())[: self._passage_tokens] for text in passages]
            answer = self._post(
                client,
                f"{self._base_url}/completions",
                {
                    "model": self._model,
                    "prompt": [[*each, *link, *asked] for each in read],
                    "max_tokens": 1,
                    "temperature": 0,
                    "prompt_logprobs": 0,
                    "cache_salt": self._salt,
                },
            )
        try:
            choices = sorted(answer["choices"], key=lambda choice: choice["index"])
            means = [_mean(choice["prompt_logprobs"][-len(asked) :], asked) for choice in choices]
        except (KeyError, TypeError, AttributeError) as error:
            raise self._other_server(error) from error
        return np.array(means, dtype=np.float32)

    def _tokens(self, client: httpx.Client, text: str) -> list[int]:
        url = f"{self._base_url.removesuffix('/v1')}/tokenize"
        answer = self._post(
            client, url, {"model": self._model, "prompt": text, "add_special_tokens": False}
        )
        try:
            tokens: list[int] = answer["tokens"]
        except (KeyError, TypeError) as error:
            raise self._other_server(error) from error
        return tokens

    # Any: JSON that another program wrote.
    def _post(self, client: httpx.Client, url: str, body: Mapping[str, object]) -> Any:
        try:
            response = client.post(url, json=body)
            response.raise_for_status()
            return response.json()
        except httpx.HTTPStatusError as error:
            status, said = error.response.status_code, error.response.text[:_MAX_ERROR_CHARS]
            advice = {401: "; give api_key", 403: "; give another api_key"}.get(status, "")
            raise GenerationError(f"{url} refused with HTTP {status}: {said}{advice}") from error
        except httpx.TransportError as error:
            raise UnavailableError(
                f"no generation server answers on {self._base_url} ({error or type(error).__name__}); start"
                " it with `rag llm serve`, or choose another scorer"
            ) from error
        except ValueError as error:
            raise self._other_server(error) from error

    def _other_server(self, error: Exception) -> GenerationError:
        return GenerationError(
            f"what answers on {self._base_url} gives no log-probabilities of prompts: {error!r}; the scorer"
            " `served` needs a server of vLLM"
        )


def _mean(logprobs: Sequence[Mapping[str, Mapping[str, float]]], asked: Sequence[int]) -> float:
    """Give the mean over the question's tokens, each with what the server found of it."""
    found = [each[str(token_id)]["logprob"] for each, token_id in zip(logprobs, asked, strict=True)]
    return sum(found) / len(found)
