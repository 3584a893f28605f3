"""Ask a generation server how it is: health, model, a few tokens, and its own counters if it has some."""

import re
import time
from dataclasses import dataclass

import httpx

from rag.core.errors import UnavailableError

__all__ = ["Counters", "ServerReport", "check", "counters"]

_COUNTER = re.compile(r"^vllm:(\w+?)_total(?:\{[^}]*\})? ([\d.e+-]+)$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Counters:
    """What a server of vLLM has counted since it started; shares are None where nothing was counted."""

    drafts: int
    drafted_tokens: int
    accepted_tokens: int
    accepted_share: float | None  # of the drafted tokens
    accepted_per_draft: float | None
    prefix_tokens: int  # of prompts, looked up in the prefix cache
    prefix_hit_tokens: int
    prefix_hit_share: float | None


@dataclass(frozen=True, slots=True)
class ServerReport:
    """What `check` found; milliseconds."""

    base_url: str
    model: str
    health_ms: float
    completion: str
    completion_tokens: int
    completion_ms: float
    counters: Counters | None  # of servers that expose vLLM's


def check(base_url: str, *, api_key: str | None = None, timeout_seconds: float = 120.0) -> ServerReport:
    """Ask a server for its health, its model, a few tokens and its counters.

    Args:
        base_url: as in the settings, with /v1 at its end.
        api_key: sent as bearer token, when there is one.
        timeout_seconds: for each of the requests.

    Raises:
        UnavailableError: nothing answers there, or not as a generation server does, or it wants a key.
    """
    base = base_url.rstrip("/")
    headers = {"Authorization": f"Bearer {api_key}"} if api_key else {}
    try:
        with httpx.Client(timeout=timeout_seconds, trust_env=False, headers=headers) as client:
            started = time.perf_counter()
            client.get(f"{base.removesuffix('/v1')}/health").raise_for_status()
            healthy = time.perf_counter()
            listed = client.get(f"{base}/models").raise_for_status().json()
            model = listed["data"][0]["id"]
            asked = time.perf_counter()
            completion = client.post(
                f"{base}/chat/completions",
                json={
                    "model": model,
                    "messages": [{"role": "user", "content": "Say hello."}],
                    "max_tokens": 8,
                    "temperature": 0,
                },
            )
            answer = completion.raise_for_status().json()
            finished = time.perf_counter()
            return ServerReport(
                base_url=base,
                model=model,
                health_ms=round((healthy - started) * 1000, 2),
                completion=answer["choices"][0]["message"]["content"],
                completion_tokens=answer["usage"]["completion_tokens"],
                completion_ms=round((finished - asked) * 1000, 2),
                counters=counters(client, base),
            )
    except httpx.TransportError as error:
        raise UnavailableError(
            f"no generation server answers on {base}: {error}; start it with `rag llm serve`"
        ) from error
    except (httpx.HTTPStatusError, KeyError, IndexError, TypeError, ValueError) as error:
        if isinstance(error, httpx.HTTPStatusError) and error.response.status_code in (401, 403):
            raise UnavailableError(
                f"{base} refused with HTTP {error.response.status_code}: give"
                f" {'another' if api_key else 'its'} key with --api-key or VLLM_API_KEY"
            ) from error
        raise UnavailableError(
            f"what answers on {base} is no OpenAI-compatible generation server: {error!r}"
        ) from error


def counters(client: httpx.Client, base_url: str) -> Counters | None:
    """Read vLLM's counters of drafts and of the prefix cache; None where the server has none.

    Raises:
        TransportError: nothing answers.
    """
    answer = client.get(f"{base_url.removesuffix('/v1')}/metrics")
    totals: dict[str, float] = {}
    for name, value in _COUNTER.findall(answer.text if answer.is_success else ""):
        totals[name] = totals.get(name, 0.0) + float(value)
    if "prefix_cache_queries" not in totals:
        return None
    drafts, drafted, accepted, looked_up, hit = (
        int(totals.get(name, 0.0))
        for name in (
            "spec_decode_num_drafts",
            "spec_decode_num_draft_tokens",
            "spec_decode_num_accepted_tokens",
            "prefix_cache_queries",
            "prefix_cache_hits",
        )
    )
    return Counters(
        drafts=drafts,
        drafted_tokens=drafted,
        accepted_tokens=accepted,
        accepted_share=_share(accepted, drafted),
        accepted_per_draft=_share(accepted, drafts),
        prefix_tokens=looked_up,
        prefix_hit_tokens=hit,
        prefix_hit_share=_share(hit, looked_up),
    )


def _share(part: int, whole: int) -> float | None:
    return round(part / whole, 4) if whole else None
