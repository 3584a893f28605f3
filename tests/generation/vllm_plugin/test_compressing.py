"""A worker over paged caches gives what the decoding engine gives with the same entries kept."""

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from _paged import HEADS, KEPT_HEADS, SCALING, SIZE, Paged, Request
from torch import Tensor

from rag.core.registry import Family
from rag.generation.kv._allocation import chosen
from rag.generation.kv._attention import _over_entries
from rag.generation.kv._cache import RaggedCache
from rag.generation.kv._observations import Observations
from rag.generation.kv._policy import Policy, Reading
from rag.generation.vllm_plugin.layout import LAYOUTS, Layout
from rag.generation.vllm_plugin.packing import plan_of
from rag.generation.vllm_plugin.scoring import POLICIES, Compressor

PROMPT, LENGTH, CHUNK = 300, 340, 70


@pytest.fixture
def heads(tmp_path: Path) -> dict[str, Any]:
    path = tmp_path / "heads.json"
    path.write_text(json.dumps({"echo": [[0.1, 0.9]], "induction": [[0.1, 0.9]]}))
    return {"heads": str(path), "share": 0.5}


def settings_of(name: str, heads: dict[str, Any]) -> dict[str, Any]:
    return {"prefixkv": {"allocation": "uniform"}, "razor": heads}.get(name, {})


def compressor(name: str, settings: dict[str, Any], budget: float = 0.5) -> Compressor:
    return Compressor(name, budget, settings, num_heads=KEPT_HEADS, block_size=SIZE)


def run(paged: Paged, request: Request, chunk: int = CHUNK) -> None:
    while request.done < request.prompt:
        paged.step([(request, min(chunk, request.prompt - request.done))])
    while request.done < request.length:
        paged.step([(request, 1)])


def engine(policy: Policy, request: Request, pages: list[int] | None = None) -> Tensor:
    """Give (N, H, D): what the decoding engine gives from a prompt's last token on.

    Its budget is what the plugin keeps of this prompt; pages by head where they differ.
    """
    plan = plan_of(request.prompt, block_size=SIZE, budget=policy.budget)
    assert plan is not None
    read, tail = plan.num_read, plan.num_read - plan.num_full * SIZE
    seen = Observations(None, policy.needs, policy.window)
    cache = RaggedCache(1)
    layer = cache.layers[0]
    for start in range(0, read, CHUNK):
        end = min(start + CHUNK, read)
        layer.append(request.keys[:, start:end], request.values[:, start:end])
        seen.see(layer, request.queries[start:end].transpose(0, 1), SCALING)
    reading = Reading(None, range(read), seen)
    scores = policy.protected(policy.scores(cache, reading))
    counts = torch.tensor([[each * SIZE + tail for each in pages or [plan.num_kept] * KEPT_HEADS]])
    places = chosen(scores, counts)[0]
    heads = [policy.reduce(*each) for each in zip(layer.keys, layer.values, places, scores[0], strict=True)]
    layer.replace(heads, None)
    outputs = []
    for place in range(read, request.length):
        layer.append(request.keys[:, place : place + 1], request.values[:, place : place + 1])
        query = request.queries[place : place + 1].transpose(0, 1) * SCALING
        outputs.append(_over_entries(query, layer, None)[0, 0])
    return torch.stack(outputs)


def written(request: Request) -> Tensor:
    return torch.stack([request.outputs[place] for place in range(request.prompt - 1, request.length)])


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("name", POLICIES)
def test_a_policy_gives_what_the_decoding_engine_gives(
    name: str, layout: Layout, heads: dict[str, Any]
) -> None:
    settings, budget = settings_of(name, heads), 0.7 if name == "razor" else 0.5
    paged = Paged(compressor(name, settings, budget), layout=layout)
    request = Request(PROMPT, LENGTH, seed=1)
    run(paged, request)
    own = {key: value for key, value in settings.items() if key != "heads"}
    pages = [5, 9] if name == "razor" else None  # the second head retrieves, and keeps everything
    expected = engine(Family("rag.generation.kv").load(name)(budget, **own), request, pages)
    torch.testing.assert_close(written(request), expected, rtol=1e-4, atol=1e-5)


def test_heads_may_share_a_layers_pages_unequally() -> None:
    paged = Paged(compressor("snapkv", {"allocation": "heads"}))
    request = Request(PROMPT, LENGTH, seed=1)
    request.keys[0] *= 0.1  # this head looks everywhere, the other at little
    run(paged, request)
    (packed,) = paged.worker.ledger.packed.values()
    pages = list(packed[0].pages)
    assert sum(pages) == 2 * 5
    assert pages[0] != pages[1]
    expected = engine(Family("rag.generation.kv").load("snapkv")(0.5), request, pages)
    torch.testing.assert_close(written(request), expected, rtol=1e-4, atol=1e-5)


def test_a_full_budget_is_plain_attention() -> None:
    paged = Paged(compressor("streaming", {}, budget=1.0))
    request = Request(PROMPT, LENGTH, seed=2)
    run(paged, request)
    for place in range(LENGTH):
        group = request.queries[place].view(KEPT_HEADS, HEADS // KEPT_HEADS, 1, -1)
        for head in range(KEPT_HEADS):
            keys, values = request.keys[head, : place + 1], request.values[head, : place + 1]
            weights = (group[head, :, 0] @ keys.T * SCALING).softmax(dim=-1)
            got = request.outputs[place].view(KEPT_HEADS, HEADS // KEPT_HEADS, -1)[head]
            torch.testing.assert_close(got, weights @ values, rtol=1e-4, atol=1e-5)
    assert len(paged.free) == 40 - 11


@pytest.mark.parametrize("name", ["snapkv", "ems", "streaming"])
@pytest.mark.parametrize("chunk", [1, 31, 64, 299, 300])
def test_how_a_prompt_is_divided_changes_nothing(name: str, chunk: int) -> None:
    one, other = Request(PROMPT, 330, seed=3), Request(PROMPT, 330, seed=3)
    run(Paged(compressor(name, {})), one)
    run(Paged(compressor(name, {})), other, chunk)
    torch.testing.assert_close(written(one), written(other), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("name", ["snapkv", "ems"])
def test_requests_that_come_move_and_go_do_not_see_each_other(name: str) -> None:
    paged = Paged(compressor(name, {"allocation": "heads"}))
    first, short, second = Request(PROMPT, 340, seed=4), Request(40, 80, seed=5), Request(200, 240, seed=6)
    paged.step([(first, 100), (short, 40)])
    paged.step([(short, 1), (first, 150), (second, 90)])
    paged.step([(second, 110), (first, 50)])
    while first.done < first.length:
        rows = [(each, 1) for each in (second, short, first) if each.done < each.length]
        paged.step(rows[::-1] if first.done % 2 else rows)
    for request in (first, short, second):
        paged.finish(request)
    third = Request(250, 280, seed=7)  # in blocks that others had
    run(paged, third)
    for request in (first, second, third):
        alone = Request(request.prompt, request.length, seed=request.seed)
        run(Paged(compressor(name, {"allocation": "heads"})), alone, chunk=64)
        torch.testing.assert_close(written(request), written(alone), rtol=1e-4, atol=1e-5)
    assert paged.worker.ledger.num_entries <= 3


@pytest.mark.parametrize("name", ["snapkv", "ems"])
def test_a_preempted_request_writes_what_it_would_have_written(name: str) -> None:
    paged = Paged(compressor(name, {}))
    request, alone = Request(PROMPT, 340, seed=8), Request(PROMPT, 340, seed=8)
    run(Paged(compressor(name, {})), alone)
    while request.done < 320:
        paged.step([(request, min(CHUNK, PROMPT - request.done) if request.done < PROMPT else 1)])
    paged.finish(request)
    paged.step([(request, 310)])  # what it wrote is read again with the prompt, and beyond it
    paged.step([(request, 10)])
    while request.done < request.length:
        paged.step([(request, 1)])
    torch.testing.assert_close(written(request), written(alone), rtol=1e-4, atol=1e-5)


def test_drafts_see_the_smaller_cache_and_each_other() -> None:
    drafted, alone = Request(PROMPT, 340, seed=9), Request(PROMPT, 340, seed=9)
    paged = Paged(compressor("keydiff", {}))
    run(Paged(compressor("keydiff", {})), alone)
    paged.step([(drafted, PROMPT)])
    while drafted.done < drafted.length:
        count = min(5, drafted.length - drafted.done)
        paged.step([(drafted, count)])
        if count == 5:
            drafted.done -= 2  # two were wrong
    torch.testing.assert_close(written(drafted), written(alone), rtol=1e-4, atol=1e-5)


def test_notes_of_a_request_that_was_dropped_are_forgotten() -> None:
    paged = Paged(compressor("ems", {}), num_blocks=10)
    dropped, request = Request(PROMPT, LENGTH, seed=10), Request(200, 230, seed=11)
    paged.step([(dropped, 100)])
    paged.finish(dropped)
    run(paged, request)
    assert not paged.worker.ledger.reading
    assert len(paged.worker.ledger.packed) == 1
