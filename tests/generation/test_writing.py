import pytest

from rag.core.errors import InvalidInputError
from rag.generation.backends.echo import Echo
from rag.generation.writing import PromptWriter


def test_each_seed_gives_a_text_from_a_call_of_its_own() -> None:
    writer = PromptWriter(Echo())
    assert (
        writer.write("rewrite_detail", {"question": "How deep is it?"}, seeds=[0, 1])
        == ["How deep is it?"] * 2
    )
    assert writer.write("rewrite_detail", {"question": "How deep is it?"}, seeds=[]) == []


def test_wrong_variables_are_refused() -> None:
    with pytest.raises(InvalidInputError, match="takes the variables question"):
        PromptWriter(Echo()).write("rewrite_detail", {"answer": "a"}, seeds=[0])
