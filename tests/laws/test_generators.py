"""Every generator keeps these laws; a new file of rag/generation/backends is tested as it is."""

import asyncio
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import aclosing

import pytest
from _chat_server import running
from _passages import passage
from _saved_llama import save_llama

from rag.core.errors import GenerationError
from rag.core.protocols import Delta, GenerationOptions, Generator, Message, Prompt
from rag.core.registry import Family
from rag.reading.support import Support

GENERATORS = Family("rag.generation.backends")
QUESTION = "When does the depot open?"
TEXT = "The depot opens at nine. It closes at five. The warranty runs for sixty months."
WORDS = sorted(set(f"{TEXT} {QUESTION} other words".split()))


def prompt(question: str = QUESTION) -> Prompt:
    return Prompt((Message("user", f"{TEXT} {question}"),), question, (passage(TEXT),))


@pytest.fixture(scope="module", params=GENERATORS.names())
def make(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Callable[[], Generator]]:
    """Give a maker of the generator; the model and the server that some need are small but real."""
    kind = GENERATORS.load(request.param)
    with running() as chat:
        chat.delay_seconds = 0.02
        local = {
            "models_dir": tmp_path_factory.getbasetemp(),
            "model": str(save_llama(tmp_path_factory.mktemp("model"), WORDS, has_words=True)),
        }
        options: dict[str, dict[str, object]] = {
            "atlas": local,
            "echo": {"delay_seconds": 0.02},
            "extractive": {"support": Support()},
            "openai": {"base_url": chat.url, "model": "m"},
            "transformers": local,
        }
        yield lambda: kind(**options[request.param])


@pytest.fixture
def generator(make: Callable[[], Generator]) -> Generator:
    return make()


async def collect(generator: Generator, asked: Prompt, options: GenerationOptions) -> list[Delta]:
    return [delta async for delta in generator.stream(asked, options)]


def text_of(generator: Generator, options: GenerationOptions) -> str:
    return "".join(delta.text for delta in asyncio.run(collect(generator, prompt(), options)))


def wait_for_threads(number: int) -> None:
    """Wait until no more threads run than before, and one of the test server's own."""
    started = time.monotonic()
    while threading.active_count() > number + 1:
        assert time.monotonic() - started < 5
        time.sleep(0.01)


def test_the_last_piece_carries_the_usage_and_no_other(generator: Generator) -> None:
    deltas = asyncio.run(collect(generator, prompt(), GenerationOptions(max_tokens=12)))
    assert [delta.usage is not None for delta in deltas] == [False] * (len(deltas) - 1) + [True]
    usage = deltas[-1].usage
    assert usage is not None
    assert usage.prompt_tokens > 0
    assert "".join(delta.text for delta in deltas)


def test_greedy_generation_gives_the_same_text_each_time(
    generator: Generator, make: Callable[[], Generator]
) -> None:
    options = GenerationOptions(max_tokens=12)
    assert text_of(generator, options) == text_of(generator, options) == text_of(make(), options)


@pytest.mark.parametrize("max_tokens", [1, 5, 20])
def test_an_answer_has_at_most_max_tokens(generator: Generator, max_tokens: int) -> None:
    deltas = asyncio.run(collect(generator, prompt(), GenerationOptions(max_tokens=max_tokens)))
    usage = deltas[-1].usage
    assert usage is not None
    if generator.capabilities.quotes_verbatim:  # a quotation is not cut: at least one sentence
        max_tokens = max(max_tokens, len(TEXT.split()))
    assert usage.completion_tokens <= max_tokens


def test_questions_at_the_same_time_do_not_mix(generator: Generator) -> None:
    options = GenerationOptions(max_tokens=12)

    async def both() -> list[list[Delta]]:
        return await asyncio.gather(*(collect(generator, prompt(), options) for _ in range(3)))

    texts = {"".join(delta.text for delta in deltas) for deltas in asyncio.run(both())}
    assert texts == {text_of(generator, options)}


def test_a_limit_in_time_is_an_error_that_names_it(generator: Generator) -> None:
    before = threading.active_count()
    with pytest.raises(GenerationError, match=r"longer than 1e-06 s"):
        text_of(generator, GenerationOptions(max_tokens=200, timeout_seconds=1e-6))
    wait_for_threads(before)


def test_closing_stops_the_work(generator: Generator) -> None:
    before = threading.active_count()

    async def take_one() -> None:
        options = GenerationOptions(max_tokens=1000)
        async with aclosing(generator.stream(prompt(), options)) as deltas:
            await anext(deltas)

    asyncio.run(take_one())
    wait_for_threads(before)


def test_more_text_has_more_tokens(generator: Generator) -> None:
    counts = [generator.count_tokens(TEXT[:size]) for size in range(0, len(TEXT), 5)]
    assert counts == sorted(counts)
    assert generator.count_tokens("depot") >= 1
    assert generator.count_tokens("") == 0


def test_a_generator_says_what_it_is(generator: Generator) -> None:
    assert generator.capabilities.model
    assert generator.capabilities.context_tokens > 0
