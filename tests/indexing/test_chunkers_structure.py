import re

import pytest
from _timing import least_seconds

from indexing.chunkers.structure import Structure
from indexing.chunkers.whole import Whole
from indexing.loaders.markdown import Markdown
from rag.core.types import Block, ParsedDocument


def _words(text: str) -> list[int]:
    return [match.start() for match in re.finditer(r"\S+", text)]


def _document(text: str) -> ParsedDocument:
    return Markdown().load(text.encode(), name="a.md")


def _chunks(text: str, *, max_tokens: int = 20, min_tokens: int = 0) -> list[tuple[tuple[str, ...], str]]:
    chunker = Structure(_words, max_tokens=max_tokens, min_tokens=min_tokens)
    return [(chunk.heading, chunk.text) for chunk in chunker.chunk(_document(text))]


def _sentence(word: str, count: int = 6) -> str:
    return " ".join([2 * word] * count).capitalize() + "."  # one letter and a dot would be an initial


def test_a_heading_starts_the_chunk_of_its_section() -> None:
    assert _chunks("# One\n\nFirst text.\n\n# Two\n\nSecond text.") == [
        ((), "# One\n\nFirst text."),
        ((), "# Two\n\nSecond text."),
    ]


def test_what_follows_carries_the_headings_above() -> None:
    text = f"# One\n\nIntro.\n\n## Deep\n\n{_sentence('a')}\n\n{_sentence('b')}"
    assert _chunks(text, max_tokens=9) == [
        ((), "# One\n\nIntro."),
        (("One",), f"## Deep\n\n{_sentence('a')}"),
        (("One", "Deep"), _sentence("b")),
    ]


def test_rows_that_stand_apart_from_their_header_carry_it() -> None:
    rows = "\n".join(f"| part {number} | {number}00 |" for number in range(4))
    table = f"| Part | Price |\n|------|-------|\n{rows}"
    assert _chunks(f"# Prices\n\n{table}\n\nThat is all.", max_tokens=15)[1:] == [
        (("Prices", "| Part | Price |"), "| part 1 | 100 |\n| part 2 | 200 |"),
        (("Prices", "| Part | Price |"), "| part 3 | 300 |\n\nThat is all."),
    ]


def test_a_heading_without_words_is_no_context() -> None:
    blocks = (Block("heading", 0, 1, 1),)
    chunks = Structure(_words, max_tokens=1, min_tokens=0).chunk(
        ParsedDocument("# a", "title", blocks=blocks)
    )
    assert [(chunk.heading, chunk.text) for chunk in chunks] == [((), "#"), ((), "a")]


def test_a_section_takes_in_those_below_it_while_they_fit() -> None:
    text = "# One\n\nIntro.\n\n## Deep\n\nMore.\n\n# Two\n\nOther."
    assert _chunks(text) == [((), "# One\n\nIntro.\n\n## Deep\n\nMore."), ((), "# Two\n\nOther.")]


def test_only_tiny_sections_join_across_a_heading_of_their_level() -> None:
    tiny, long = "# A\n\nIntro.", f"# B\n\n{_sentence('b')} {_sentence('c')}"
    assert len(_chunks(f"{tiny}\n\n{long}", min_tokens=0)) == 2
    assert _chunks(f"{tiny}\n\n{long}", min_tokens=4) == [((), f"{tiny}\n\n{long}")]


def test_a_heading_is_not_left_alone() -> None:
    text = f"# One two three\n\n{_sentence('a', 18)}"
    chunks = _chunks(text, max_tokens=18)
    assert chunks[0][1].startswith("# One two three\n\nAa aa")
    assert " ".join(part for _, part in chunks).count("aa") == 17


def test_headings_that_follow_each_other_stay_together() -> None:
    assert _chunks(
        f"# One\n\n## Two\n\n## Three\n\n{_sentence('a')}\n\n{_sentence('b')}", max_tokens=12
    ) == [
        ((), f"# One\n\n## Two\n\n## Three\n\n{_sentence('a')}"),
        (("One", "Three"), _sentence("b")),
    ]


def test_a_long_paragraph_is_cut_between_sentences() -> None:
    sentences = [_sentence(letter) for letter in "abcd"]
    assert _chunks(" ".join(sentences), max_tokens=13) == [
        ((), " ".join(sentences[:2])),
        ((), " ".join(sentences[2:])),
    ]


def test_a_long_sentence_is_cut_between_words() -> None:
    assert _chunks("one two three four five", max_tokens=2) == [
        ((), "one two"),
        ((), "three four"),
        ((), "five"),
    ]


def test_a_long_word_is_cut_where_a_token_starts() -> None:
    chunker = Structure(lambda text: list(range(0, len(text), 3)), max_tokens=2, min_tokens=0)
    chunks = chunker.chunk(ParsedDocument("abcdefghijklmn", "t"))
    assert [chunk.text for chunk in chunks] == ["abcdef", "ghijkl", "mn"]


def test_a_long_table_is_cut_between_rows() -> None:
    rows = [f"| row {number} | a. b. |" for number in range(5)]
    assert _chunks("\n".join(rows), max_tokens=14) == [
        ((), "\n".join(rows[:2])),
        ((rows[0],), "\n".join(rows[2:4])),
        ((rows[0],), rows[4]),
    ]


def test_a_tiny_rest_takes_from_what_comes_before() -> None:
    sentences = [_sentence(letter, 3) for letter in "abcd"]
    assert _chunks(" ".join(sentences), max_tokens=9, min_tokens=0)[-1][1] == sentences[3]
    assert _chunks(" ".join(sentences), max_tokens=9, min_tokens=4)[-1][1] == " ".join(sentences[2:])


def test_marks_of_a_heading_are_no_part_of_its_title() -> None:
    text = f"Title\n=====\n\n## C# ##\n\n{_sentence('a')}\n\n{_sentence('b')}"
    assert _chunks(text, max_tokens=11)[-1][0] == ("Title", "C#")


@pytest.mark.parametrize(("max_tokens", "min_tokens"), [(0, 0), (10, 11), (10, -1)])
def test_a_budget_that_makes_no_sense_is_refused(max_tokens: int, min_tokens: int) -> None:
    with pytest.raises(ValueError, match="got"):
        Structure(_words, max_tokens=max_tokens, min_tokens=min_tokens)


@pytest.mark.parametrize("piece", ["word ", "A b. ", "a\n\n", "# h\n\n", "| a |\n", "x"])
def test_time_is_linear_in_the_text(piece: str) -> None:
    def seconds(count: int) -> float:
        document = _document(piece * count)
        starts = list(range(0, len(document.text), 4))
        return least_seconds(lambda: Structure(lambda _: starts).chunk(document))

    small, large = seconds(4_000), seconds(64_000)
    assert large < 16 * 8 * max(small, 0.002)  # quadratic would be 256 times


def test_the_whole_document_is_one_chunk() -> None:
    (chunk,) = Whole().chunk(ParsedDocument(" \n# One\n\ntext\n", "t"))
    assert (chunk.start, chunk.end, chunk.text) == (2, 13, "# One\n\ntext")


def test_a_word_that_is_one_token_of_any_length_is_cut_between_what_a_reader_sees() -> None:
    text = 100 * ("กำ" + "ที่" + "e\u0301" + "👩‍👩‍👧‍👦")
    chunks = Structure(_words, max_tokens=5, min_tokens=0).chunk(ParsedDocument(text, "t"))
    assert "".join(chunk.text for chunk in chunks) == text
    assert max(len(chunk.text) for chunk in chunks) < 5 * 8 * 4
    assert {chunk.text[0] for chunk in chunks} <= set("กทe👩")
