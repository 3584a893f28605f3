"""The manager over vLLM's own block pool, and what the backends ask of vLLM; no engine is started."""

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.vllm

REPOSITORY = Path(__file__).parents[3]
SCRIPT = """
import inspect, json
import torch
from vllm.v1.attention.backends import flash_attn
from vllm.v1.core.block_pool import BlockPool
from vllm.v1.kv_cache_interface import FullAttentionSpec
from vllm.vllm_flash_attn.flash_attn_interface import flash_attn_varlen_func
from rag.core.errors import UnavailableError
from rag.generation.vllm_plugin.engine import cuda
from rag.generation.vllm_plugin.engine.manager import CompressingManager
from rag.generation.vllm_plugin.options import KvOptions

def manager(budget, **changed):
    CompressingManager.options = KvOptions("keydiff", budget)
    spec = FullAttentionSpec(block_size=32, num_kv_heads=3, head_size=64, dtype=torch.float32, **changed)
    pool = BlockPool(num_gpu_blocks=41, enable_caching=False, hash_block_size=32)
    made = CompressingManager(
        spec, block_pool=pool, enable_caching=False, kv_cache_group_id=0, scheduler_block_size=32
    )
    return made, pool

def refusal(**changed):
    try:
        manager(0.5, **changed)
    except UnavailableError as error:
        return str(error)

def free(budget, prompt, steps):
    made, pool = manager(budget)
    made.allocate_new_blocks("one", prompt + 1, prompt + 1)
    found = [pool.get_num_free_blocks()]
    for processed in steps:
        made.remove_skipped_blocks("one", processed, prompt)
        found.append(pool.get_num_free_blocks())
    found.append(sum(block.is_null for block in made.req_to_blocks["one"]))
    made.free("one")
    return found + [pool.get_num_free_blocks()]

asked = inspect.signature(flash_attn_varlen_func).parameters
print(json.dumps({
    "half": free(0.5, 400, [0, 398, 399, 400, 420]),
    "quarter": free(0.25, 400, [399]),
    "short": free(0.25, 65, [64, 65]),
    "full": free(1.0, 400, [399, 420]),
    "window": refusal(sliding_window=128),
    "chunk": refusal(attention_chunk_size=64),
    "missing": [name for name in cuda.KERNEL_ARGUMENTS if name not in asked],
    "layouts": [layout.name for layout in cuda.CompressingBackend.supported_kv_cache_layouts()],
    "parents": [
        issubclass(cuda.CompressingBuilder, flash_attn.FlashAttentionMetadataBuilder),
        issubclass(cuda.CompressingBackend.get_impl_cls(), flash_attn.FlashAttentionImpl),
    ],
}))
"""


@pytest.fixture(scope="module")
def found(vllm_environment: Path) -> dict[str, Any]:
    finished = subprocess.run(
        [str(vllm_environment / "bin" / "python"), "-c", SCRIPT],
        capture_output=True,
        text=True,
        check=False,
        cwd=REPOSITORY,
        env={"PYTHONPATH": str(REPOSITORY), "OMP_NUM_THREADS": "1", "VLLM_LOGGING_LEVEL": "ERROR"},
    )
    assert finished.returncode == 0, finished.stderr[-4000:]
    result: dict[str, Any] = json.loads(finished.stdout.splitlines()[-1])
    return result


def test_blocks_return_to_the_pool_once_the_prompt_is_read(found: dict[str, Any]) -> None:
    assert found["half"] == [27, 27, 27, 33, 33, 33, 6, 40]  # 12 whole blocks, of which 6 stay
    assert found["quarter"] == [27, 36, 9, 40]


def test_short_prompts_and_full_budgets_give_nothing_back(found: dict[str, Any]) -> None:
    assert found["short"] == [37, 37, 37, 0, 40]
    assert found["full"] == [27, 27, 27, 0, 40]


def test_layers_that_do_not_see_everything_are_refused(found: dict[str, Any]) -> None:
    assert "Serve it without" in found["window"]
    assert "Serve it without" in found["chunk"]


def test_the_kernel_of_the_cuda_variant_takes_what_it_is_given(found: dict[str, Any]) -> None:
    assert found["missing"] == []
    assert found["layouts"] == ["LBHNC"]
    assert found["parents"] == [True, True]
