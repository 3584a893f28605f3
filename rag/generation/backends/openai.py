"""Any server that speaks OpenAI's chat completions, over HTTP: vLLM, llama.cpp, Ollama, a cloud.

Knows the protocol and its failures; which server it is, is a setting.
"""

import asyncio
import json
import re
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from dataclasses import KW_ONLY, dataclass, field
from hashlib import sha256
from typing import Any

import httpx

from rag.core.errors import GenerationError, UnavailableError
from rag.core.generation import PassageOrder
from rag.core.protocols import Delta, GenerationOptions, GeneratorCapabilities, Prompt
from rag.core.trace_context import trace_headers
from rag.core.types import Usage

__all__ = ["Openai"]

_CONNECT_SECONDS = 5.0
_MAX_ERROR_CHARS = 500
_SINGLE = re.compile(
    r"[0-9]|\s(?=[0-9])|\n(?=\|)|(?<![A-Za-z])[!-/:-@\[-`{-~]|[!-/:-@\[-`{-~](?!\s|$|(?<=['-])[A-Za-z])"
)
_LAST_OF_TWO = "\uffff"  # beyond stand emoji, of which many tokenizers know bytes alone


@dataclass(eq=False)
class Openai:
    """Generate on a server; the answer streams as server-sent events.

    Args:
        base_url: with the version, as in `http://127.0.0.1:8765/v1`.
        model: as the server names it.
        api_key: sent as bearer token, when there is one.
        context_tokens: prompt and answer together.
        keeps_schema: the server knows the `response_format` of the kind `json_schema`.
        passage_order: where in the prompt the best passages stand.
        follows_instructions: well enough to rewrite a question or to choose a way.
        cache_owner: whose prompts share what the server keeps of them: sent, hashed, as `cache_salt`,
            which vLLM knows and others may refuse; None sends nothing.
        is_reasoning: the model is one of OpenAI's that think before they answer: the limit of tokens is
            sent as `max_completion_tokens`, of which thinking is a part, and no temperature is.
    """

    base_url: str
    model: str
    _: KW_ONLY
    api_key: str | None = field(default=None, repr=False)
    context_tokens: int = 4096
    keeps_schema: bool = True
    passage_order: PassageOrder = "best_first"
    follows_instructions: bool = True
    cache_owner: str | None = None
    is_reasoning: bool = False

    def __post_init__(self) -> None:
        """Check the address.

        Raises:
            ValueError: it is none of HTTP.
        """
        if not self.base_url.startswith(("http://", "https://")):
            raise ValueError(f"base_url starts with http:// or https://, got {self.base_url!r}")
        self.base_url = self.base_url.rstrip("/")

    @property
    def capabilities(self) -> GeneratorCapabilities:
        """Say which model it is and how much it reads."""
        return GeneratorCapabilities(
            model=self.model,
            context_tokens=self.context_tokens,
            follows_instructions=self.follows_instructions,
            keeps_schema=self.keeps_schema,
            passage_order=self.passage_order,
        )

    def count_tokens(self, text: str) -> int:
        """Give an upper estimate: a token per three ASCII characters, two or three per other character.

        Digits and symbols are tokens of their own, but for those that end or join words, as in prose.
        """
        ascii_chars = sum(character.isascii() for character in text)
        singles = sum(1 for _ in _SINGLE.finditer(text))
        wide = sum(character > _LAST_OF_TWO for character in text)
        return (ascii_chars - singles + 2) // 3 + singles + 2 * (len(text) - ascii_chars) + wide

    async def stream(self, prompt: Prompt, options: GenerationOptions) -> AsyncGenerator[Delta, None]:
        """Generate; closing the iterator closes the connection, at which servers stop.

        Raises:
            UnavailableError: the server cannot be reached.
            GenerationError: it refused, failed, sent nonsense, or the time limit passed.
        """
        deadline = asyncio.get_running_loop().time() + options.timeout_seconds
        usage = Usage()
        is_finished = False
        # No environment proxies: what is contacted is this address and nothing else.
        timeout = httpx.Timeout(None, connect=_CONNECT_SECONDS)
        async with (
            httpx.AsyncClient(timeout=timeout, trust_env=False) as client,
            aclosing(self._data(client, self._body(prompt, options))) as events,
        ):
            while (event := await self._next(events, deadline, options.timeout_seconds)) is not None:
                usage = _usage(event) or usage
                for choice in event.get("choices") or []:
                    is_finished = is_finished or choice.get("finish_reason") is not None
                    if text := (choice.get("delta") or {}).get("content"):
                        yield Delta(text)
        if not is_finished:
            raise GenerationError(f"{self.base_url} ended the stream before the answer was finished")
        yield Delta("", usage)

    def _body(self, prompt: Prompt, options: GenerationOptions) -> dict[str, object]:
        body: dict[str, object] = {
            "model": self.model,
            "messages": [{"role": message.role, "content": message.content} for message in prompt.messages],
            "stream": True,
            "stream_options": {"include_usage": True},
        }
        if self.is_reasoning:
            body["max_completion_tokens"] = options.max_tokens
        else:
            body |= {"max_tokens": options.max_tokens, "temperature": options.temperature}
        if options.seed is not None:
            body["seed"] = options.seed
        if options.schema is not None:
            schema = {"name": "answer", "schema": options.schema}
            body["response_format"] = {"type": "json_schema", "json_schema": schema}
        if self.cache_owner:
            body["cache_salt"] = sha256(self.cache_owner.encode()).hexdigest()
        return body

    async def _next(
        self, events: AsyncIterator[dict[str, Any]], deadline: float, limit: float
    ) -> dict[str, Any] | None:
        try:
            async with asyncio.timeout_at(deadline):
                return await anext(events, None)
        except TimeoutError as error:
            raise GenerationError(
                f"{self.base_url} took longer than {limit} s for the answer; raise the time limit or lower"
                " max_tokens"
            ) from error

    # Any: the events are JSON that another program wrote; each key is asked for, never assumed.
    async def _data(self, client: httpx.AsyncClient, body: object) -> AsyncGenerator[dict[str, Any], None]:
        headers = dict(trace_headers())
        if self.api_key:
            headers["Authorization"] = f"Bearer {self.api_key}"
        url = f"{self.base_url}/chat/completions"
        try:
            async with client.stream("POST", url, json=body, headers=headers) as response:
                if response.status_code != httpx.codes.OK:
                    raise _refused(url, response.status_code, await response.aread())
                async for line in response.aiter_lines():
                    if line.startswith("data:"):
                        data = line.removeprefix("data:").strip()
                        if data == "[DONE]":
                            return
                        yield _event(url, data)
        except (httpx.ConnectError, httpx.ConnectTimeout) as error:
            raise UnavailableError(
                f"no generation server answers on {self.base_url} ({error}); start it, for example with"
                " `rag llm serve`, or choose another generator"
            ) from error
        except httpx.HTTPError as error:
            raise GenerationError(
                f"the connection to {url} failed: {error or type(error).__name__}"
            ) from error


def _event(url: str, data: str) -> dict[str, Any]:
    try:
        event = json.loads(data)
    except ValueError as error:
        raise GenerationError(f"{url} sent what is not JSON: {data[:_MAX_ERROR_CHARS]!r}") from error
    if not isinstance(event, dict):
        raise GenerationError(f"{url} sent an event that is not an object: {data[:_MAX_ERROR_CHARS]!r}")
    if event.get("error"):
        raise GenerationError(f"{url} failed: {_message(event)}")
    return event


def _refused(url: str, status: int, content: bytes) -> GenerationError:
    text = content.decode("utf-8", "replace")
    try:
        message = _message(json.loads(text))
    except ValueError:
        message = text[:_MAX_ERROR_CHARS]
    advice = {401: "; give api_key", 403: "; give another api_key", 404: "; check base_url and model"}
    return GenerationError(f"{url} refused with HTTP {status}: {message}{advice.get(status, '')}")


def _message(body: object) -> str:
    error = body.get("error", body) if isinstance(body, dict) else body
    message = error.get("message", error) if isinstance(error, dict) else error
    return str(message)[:_MAX_ERROR_CHARS]


def _usage(event: dict[str, Any]) -> Usage | None:
    counts = event.get("usage")
    if not isinstance(counts, dict):
        return None
    details = counts.get("prompt_tokens_details")
    return Usage(
        int(counts.get("prompt_tokens") or 0),
        int(counts.get("completion_tokens") or 0),
        reused_tokens=int(details.get("cached_tokens") or 0) if isinstance(details, dict) else 0,
    )
