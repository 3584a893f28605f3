"""The official client of OpenAI against a real server."""

import openai
import pytest

QUESTION = [{"role": "user", "content": "How long is the warranty of the outdoor sensor?"}]


@pytest.fixture
def openai_client(server_url: str) -> openai.OpenAI:
    return openai.OpenAI(base_url=f"{server_url}/v1", api_key="none", max_retries=0)


def test_a_completion_has_annotations_that_point_into_its_text(openai_client: openai.OpenAI) -> None:
    reply = openai_client.chat.completions.create(model="grove", messages=QUESTION)  # type: ignore[arg-type]
    message = reply.choices[0].message
    assert "sixty months" in (message.content or "")
    assert message.annotations
    for annotation in message.annotations:
        place = annotation.url_citation
        assert 0 <= place.start_index < place.end_index <= len(message.content or "")
        assert "/api/v1/documents/" in place.url
    assert reply.choices[0].finish_reason == "stop"
    assert reply.usage is not None
    assert reply.usage.total_tokens == reply.usage.prompt_tokens + reply.usage.completion_tokens
    assert reply.model_extra is not None
    assert reply.model_extra["citations"][0]["quote"]


def test_a_stream_adds_up_to_the_completion(openai_client: openai.OpenAI) -> None:
    whole = openai_client.chat.completions.create(model="grove", messages=QUESTION)  # type: ignore[arg-type]
    stream = openai_client.chat.completions.create(  # type: ignore[call-overload]
        model="grove",
        messages=QUESTION,
        stream=True,
        stream_options={"include_usage": True},
    )
    chunks = list(stream)
    text = "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)
    assert text == whole.choices[0].message.content
    assert chunks[-1].usage == whole.usage


def test_the_models_are_listed(openai_client: openai.OpenAI) -> None:
    names = [model.id for model in openai_client.models.list()]
    assert names[0] == "grove"
    assert {"extractive", "vllm"} <= set(names)


def test_an_unknown_model_and_a_wrong_last_message_get_openai_errors(openai_client: openai.OpenAI) -> None:
    with pytest.raises(openai.NotFoundError, match="no model 'gpt-4o'"):
        openai_client.chat.completions.create(model="gpt-4o", messages=QUESTION)  # type: ignore[arg-type]
    with pytest.raises(openai.UnprocessableEntityError, match="last message"):
        openai_client.chat.completions.create(
            model="grove",
            messages=[*QUESTION, {"role": "assistant", "content": "?"}],  # type: ignore[list-item]
        )


def test_earlier_turns_are_the_history(openai_client: openai.OpenAI) -> None:
    turns = [
        *QUESTION,
        {"role": "assistant", "content": "Sixty months."},
        {"role": "user", "content": "Is it?"},
    ]
    reply = openai_client.chat.completions.create(model="grove", messages=turns)  # type: ignore[arg-type]
    assert "sixty months" in (reply.choices[0].message.content or "")
