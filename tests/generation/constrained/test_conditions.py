"""What a quotation and a citation may be, character by character."""

import pytest
from _passages import passage
from hypothesis import given
from hypothesis import strategies as st

from rag.core.errors import InvalidInputError
from rag.core.protocols import Condition
from rag.generation.constrained.conditions import CitationExists, QuoteOccurs, TokenCheck, conditions_of

DEPOT = passage("The depot opens at nine. Élan, they said, costs 3125 in the North-East.")
CJK = passage("仓库九点开门。")
QUOTES = QuoteOccurs((DEPOT, CJK))
CITED = CitationExists((DEPOT, CJK, passage("It grew by half [14], as the law of 1998 [2001] had it.")))
PIECES = [
    '"',
    "“",
    "”",
    "«",
    "»",
    " ",
    "opens",
    " at nine",
    ".",
    "Él",
    "5",
    "[",
    "]",
    "1",
    "3",
    ", ",
    "(passage ",
]


@pytest.mark.parametrize(
    "text",
    [
        "No quotation at all.",
        'It "opens at nine".',
        'It "opens at nine."',
        'It "opens at nine," they said.',
        "It “opens  at\nNINE”.",
        "«The depot» and „costs 3125“",
        'A 5" nail, and "the depot" too.',
        '"north‑east"',
        "写着“九点开门”。",
    ],
)
def test_what_a_passage_says_may_be_quoted(text: str) -> None:
    assert QUOTES.allows_complete(text)


@pytest.mark.parametrize(
    "text",
    [
        'It "opens at ten".',
        'It "opens at nine. Then" it closes.',
        '"opens nine"',
        '"pens at nine"',
        '"opens at nin"',
        '"costs 312"',
        '""',
        '"."',
        'said"no"',
        'It "opens at nine” and "costs"',
        "“九点关门”",
    ],
)
def test_what_no_passage_says_may_not(text: str) -> None:
    assert not QUOTES.allows_complete(text)
    assert not QUOTES.allows_prefix(text)


def test_a_quotation_that_is_open_may_go_on_but_not_end() -> None:
    for end in range(len('It "opens at nine') + 1):
        text = 'It "opens at nine'[:end]
        assert QUOTES.allows_prefix(text)
        assert QUOTES.allows_complete(text) == ('"' not in text)


def begun(character: str) -> str:
    """Give all bytes of a character but the last, as a text that is cut there has them."""
    return character.encode()[:-1].decode(errors="surrogateescape")


def test_a_character_begun_must_be_able_to_become_the_next() -> None:
    assert QUOTES.allows_prefix("“opens at nine" + begun("”"))
    assert QUOTES.allows_prefix("“" + begun("九"))
    assert not QUOTES.allows_prefix('"opens at nine' + begun("é"))
    assert not QUOTES.allows_prefix('"opens a' + begun("”"))
    assert not QUOTES.allows_prefix("“" + begun("😀"))


def test_where_there_is_nothing_to_quote_no_quotation_begins() -> None:
    for sources in ((), (passage(" - "),)):
        assert QuoteOccurs(sources).allows_prefix("So it is")
        assert not QuoteOccurs(sources).allows_prefix('So it is "')


@pytest.mark.parametrize(
    "text",
    [
        "So [1].",
        "So [1, 3] and (passage 2)",
        "【3†source】",
        "It grew by half [14],",
        "the law of 1998 [2001]",
        "[a] [x12]",
        "(12 of them)",
        "[source: 2]",
    ],
)
def test_passages_of_the_prompt_may_be_cited_and_their_marks_copied(text: str) -> None:
    assert CITED.allows_complete(text)


@pytest.mark.parametrize(
    "text",
    [
        "So [4].",
        "[0]",
        "[1, 7]",
        "[1-9]",
        "(passage 14)",
        "[14]",
        "It fell by half [14]",
        "【12†a】",
        "[^9]",
        "[2001]",
    ],
)
def test_passages_that_there_are_not_may_not_be_cited(text: str) -> None:
    assert not CITED.allows_complete(text)
    assert not CITED.allows_prefix(text.rstrip(".])】†a"))


@pytest.mark.parametrize("condition", [QUOTES, CITED], ids=["quotes", "citations"])
@given(pieces=st.lists(st.sampled_from(PIECES), max_size=8))
def test_what_is_allowed_begins_with_what_is_allowed(condition: Condition, pieces: list[str]) -> None:
    text = "".join(pieces)
    if condition.allows_complete(text):
        assert condition.allows_prefix(text)
    if condition.allows_prefix(text):
        assert all(condition.allows_prefix(text[:end]) for end in range(len(text)))


def test_the_end_is_asked_of_the_text_and_other_tokens_of_its_start() -> None:
    words = ["", ' "opens', ' at nine"', " at ten"]
    check = TokenCheck((QUOTES,), lambda tokens: "".join(words[token] for token in tokens), frozenset((0,)))
    assert check.allows([], 0)
    assert check.allows([], 1)
    assert not check.allows([1], 0)
    assert not check.allows([1], 3)
    assert check.allows([1, 2], 0)


def test_conditions_have_names() -> None:
    assert conditions_of(["quotes", "citations"], [DEPOT]) == (
        QuoteOccurs((DEPOT,)),
        CitationExists((DEPOT,)),
    )
    with pytest.raises(InvalidInputError, match="no condition 'rhymes'; choose of: citations, quotes"):
        conditions_of(["rhymes"], [])
