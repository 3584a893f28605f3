import pytest

from rag.generation.values import lacks_value


@pytest.mark.parametrize(
    ("text", "is_lacking"),
    [
        ("Acme has 25 million users.", False),
        ("Acme has 25,000,000 users.", False),
        ("Users (in millions): Acme 25", False),
        ("Acme has 25 thousand users.", True),
        ("Acme has 26 million users.", True),
    ],
)
def test_a_number_of_a_question_is_looked_for_with_its_million(text: str, is_lacking: bool) -> None:
    assert lacks_value("Which company has 25 million users?", [text]) == is_lacking
