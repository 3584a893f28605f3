"""Prompts that share text with earlier ones: less is read, and the same is written."""

from pathlib import Path
from threading import Event
from typing import Any

import pytest
from _passage_model import byte_model, prompt, usage, written

from rag.generation.backends._reusing import PrefixReader
from rag.generation.backends.transformers import Transformers
from rag.generation.kv._prefixes import BLOCK_TOKENS
from rag.generation.kv._store import ByteStore

TEXTS = [
    " ".join(f"{word}{number * step % 17}" for number in range(12))
    for step, word in enumerate(("ash", "birch", "cedar", "elm", "fir"), 1)
]
PROMPTS = [
    prompt(TEXTS[:2], "which?"),
    prompt(TEXTS[:2], "how many?"),
    prompt(TEXTS[:3], "which?"),
    prompt(TEXTS[1:3], "which?", history=("Hello.",)),
    prompt(TEXTS[:2], "which?"),
    prompt([], "anything?"),
]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return byte_model(tmp_path_factory.mktemp("model"))


@pytest.mark.parametrize("speculation", ["none", "suffix"])
def test_a_known_beginning_changes_no_token(folder: Path, speculation: str) -> None:
    plain = Transformers(folder, str(folder), speculation=speculation)
    reusing = Transformers(folder, str(folder), kv_reuse="prefix", speculation=speculation)
    for temperature in (0.0, 1.0):
        assert written(reusing, PROMPTS, temperature=temperature) == written(
            plain, PROMPTS, temperature=temperature
        )


def test_a_store_that_drops_much_changes_no_token(folder: Path) -> None:
    plain = Transformers(folder, str(folder))
    reusing = Transformers(folder, str(folder), kv_reuse="prefix")
    reusing._reader = PrefixReader(ByteStore(60_000))  # 5 blocks; a prompt has a dozen
    assert written(reusing, PROMPTS) == written(plain, PROMPTS)


def test_only_what_is_new_is_read(folder: Path) -> None:
    generator = Transformers(folder, str(folder), kv_reuse="prefix")
    loaded, reader = generator._load(), generator._reader
    assert isinstance(reader, PrefixReader)
    read: list[int] = []
    loaded.model.register_forward_pre_hook(
        lambda *call: read.append(call[2]["input_ids"].shape[1]), with_kwargs=True
    )
    written(generator, PROMPTS[:1])
    first = sum(read)
    read.clear()
    written(generator, PROMPTS[:1])
    assert sum(read) < 32 + 24 < first


@pytest.mark.parametrize("options", [{}, {"max_batch": 1}, {"speculation": "suffix"}])
def test_the_usage_says_what_was_not_read_again(folder: Path, options: dict[str, Any]) -> None:
    generator = Transformers(folder, str(folder), kv_reuse="prefix", **options)
    first, again = (usage(generator, PROMPTS[0]) for _ in range(2))
    assert first.reused_tokens == 0
    blocks = (again.prompt_tokens - 1) // BLOCK_TOKENS
    assert again.reused_tokens == blocks * BLOCK_TOKENS > 0


def test_a_stopped_reading_leaves_nothing(folder: Path) -> None:
    generator = Transformers(folder, str(folder), kv_reuse="prefix")
    loaded, reader = generator._load(), generator._reader
    assert isinstance(reader, PrefixReader)
    stop = Event()
    stop.set()
    tokens = list(range(2, 200))
    _, unread = reader.read(loaded, tokens, stop)
    assert unread == tokens
    assert len(reader.store) == 0


def test_generators_share_nothing(folder: Path) -> None:
    one, other = (Transformers(folder, str(folder), kv_reuse="prefix") for _ in range(2))
    written(one, PROMPTS[:1])
    assert isinstance(one._reader, PrefixReader)
    assert isinstance(other._reader, PrefixReader)
    assert len(one._reader.store) > 0 == len(other._reader.store)


def test_options_that_make_no_sense_are_refused() -> None:
    with pytest.raises(ValueError, match="none, prefix, passages, got 'all'"):
        Transformers(Path(), kv_reuse="all")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="there is none"):
        Transformers(Path(), kv_reuse_mb=5)
    with pytest.raises(ValueError, match="take one of the two"):
        Transformers(Path(), kv_reuse="prefix", kv_policy="snapkv")
    with pytest.raises(ValueError, match="at least one byte"):
        Transformers(Path(), kv_reuse="prefix", kv_reuse_mb=0)
