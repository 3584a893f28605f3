import asyncio
from collections.abc import Iterator, Mapping
from contextlib import aclosing

import pytest
from _chat_server import ChatServer, chunk, running

from rag.core.errors import GenerationError, UnavailableError
from rag.core.protocols import Delta, GenerationOptions, Message, Prompt
from rag.generation.backends.openai import Openai

PROMPT = Prompt((Message("system", "Answer."), Message("user", "The depot opens at nine.")), "When?")


@pytest.fixture
def chat() -> Iterator[ChatServer]:
    with running() as server:
        yield server


def answer(
    url: str,
    *,
    api_key: str | None = None,
    timeout: float = 10,
    schema: Mapping[str, object] | None = None,
) -> list[Delta]:
    generator = Openai(url, "a-model", api_key=api_key)
    options = GenerationOptions(max_tokens=20, timeout_seconds=timeout, schema=schema)

    async def gather() -> list[Delta]:
        return [delta async for delta in generator.stream(PROMPT, options)]

    return asyncio.run(gather())


def test_the_request_is_what_the_protocol_says(chat: ChatServer) -> None:
    deltas = answer(chat.url, api_key="secret")
    assert "".join(delta.text for delta in deltas) == "The depot opens at nine."
    usage = deltas[-1].usage
    assert usage is not None
    assert (usage.prompt_tokens, usage.completion_tokens, usage.reused_tokens) == (7, 5, 4)
    request = chat.requests[0]
    assert request["model"] == "a-model"
    assert [message["role"] for message in request["messages"]] == ["system", "user"]
    assert (request["max_tokens"], request["temperature"], request["stream"]) == (20, 0.0, True)
    assert chat.headers[0]["Authorization"] == "Bearer secret"


def test_a_model_that_thinks_first_is_asked_in_the_words_that_it_takes(chat: ChatServer) -> None:
    chat.events = [chunk("At nine."), chunk(finish="stop"), "[DONE]"]

    async def ask() -> None:
        async for _ in Openai(chat.url, "o", is_reasoning=True).stream(PROMPT, GenerationOptions(20)):
            pass

    asyncio.run(ask())
    request = chat.requests[0]
    assert request["max_completion_tokens"] == 20
    assert {"max_tokens", "temperature"}.isdisjoint(request)


def test_a_schema_is_asked_for_where_there_is_one(chat: ChatServer) -> None:
    schema = {"type": "object", "properties": {}}
    answer(chat.url, schema=schema)
    answer(chat.url)
    format = {"type": "json_schema", "json_schema": {"name": "answer", "schema": schema}}
    assert [request.get("response_format") for request in chat.requests] == [format, None]


def test_what_the_server_kept_is_shared_by_the_prompts_of_one_owner(chat: ChatServer) -> None:
    async def ask(owner: str | None) -> None:
        generator = Openai(chat.url, "a-model", cache_owner=owner)
        async for _ in generator.stream(PROMPT, GenerationOptions(max_tokens=20)):
            pass

    for owner in ("one", "one", "another", None):
        asyncio.run(ask(owner))
    first, again, another, nobody = (request.get("cache_salt") for request in chat.requests)
    assert first == again != another
    assert nobody is None
    assert first is not None
    assert "one" not in first


def test_without_a_key_no_authorization_is_sent(chat: ChatServer) -> None:
    answer(chat.url)
    assert "Authorization" not in chat.headers[0]


def test_a_server_that_is_not_there_is_named_with_what_to_do() -> None:
    with pytest.raises(UnavailableError, match=r"127\.0\.0\.1:9/v1.*rag llm serve"):
        answer("http://127.0.0.1:9/v1")


@pytest.mark.parametrize(
    ("status", "body", "words"),
    [
        (401, '{"error": {"message": "no such key"}}', "HTTP 401: no such key; give api_key"),
        (404, '{"error": {"message": "no model x"}}', "no model x; check base_url and model"),
        (400, '{"error": "too long"}', "HTTP 400: too long"),
        (500, "<html>Oops</html>", "HTTP 500: <html>Oops</html>"),
        (502, "", "HTTP 502"),
    ],
)
def test_a_refusal_is_told_in_the_servers_words(
    chat: ChatServer, status: int, body: str, words: str
) -> None:
    chat.status, chat.body = status, body
    with pytest.raises(GenerationError, match=words):
        answer(chat.url)


@pytest.mark.parametrize(
    ("events", "words"),
    [
        (["{broken"], "not JSON"),
        (["[1, 2]"], "not an object"),
        ([chunk("The "), '{"error": {"message": "out of memory"}}'], "out of memory"),
        ([chunk("The depot")], "before the answer was finished"),
        ([chunk("The depot"), "[DONE]"], "before the answer was finished"),
        ([], "before the answer was finished"),
    ],
)
def test_a_stream_that_goes_wrong_is_an_error_not_half_an_answer(
    chat: ChatServer, events: list[str], words: str
) -> None:
    chat.events = events
    with pytest.raises(GenerationError, match=words):
        answer(chat.url)


def test_a_server_that_is_too_slow_is_an_error(chat: ChatServer) -> None:
    chat.delay_seconds = 0.5
    with pytest.raises(GenerationError, match=r"took longer than 0\.2 s"):
        answer(chat.url, timeout=0.2)


def test_closing_the_answer_closes_the_connection(chat: ChatServer) -> None:
    chat.delay_seconds = 0.05
    chat.events = [chunk("word ") for _ in range(500)]

    async def take_one() -> None:
        async with aclosing(Openai(chat.url, "m").stream(PROMPT, GenerationOptions())) as deltas:
            await anext(deltas)

    asyncio.run(take_one())
    assert chat.was_cut_off.wait(5)


def test_an_address_without_a_scheme_is_refused() -> None:
    with pytest.raises(ValueError, match="http://"):
        Openai("localhost:8000", "m")


def test_prose_is_estimated_by_its_length_and_numbers_by_their_characters() -> None:
    count = Openai("http://127.0.0.1:1/v1", "a-model").count_tokens
    prose = "The guard's key opens the gate, as ever; it doesn't open the well-kept hall.\nNobody hurries."
    assert count(prose) == (len(prose) + 2) // 3
    for table in ("12.5,7,-3.25\n" * 100, "|1|25|\n" * 100):
        assert len(table) - 2 <= count(table) <= len(table)
    assert count("\N{GRINNING FACE}") == 3
    assert count("\N{CYRILLIC SMALL LETTER A}") == 2
