from indexing.contexts import Contexts
from rag.core.types import Chunk
from rag.encoders.hashing import Hashing

token_starts = Hashing().token_starts


def _texts(*headings: tuple[str, ...], text: str, max_tokens: int = 100) -> list[str]:
    chunks = [Chunk(0, len(text), text, heading) for heading in headings]
    return Contexts(token_starts, max_tokens).texts("Title", chunks)


def test_the_encoder_sees_title_and_headings_before_the_text() -> None:
    assert _texts(("Part", "Section"), ("Title", "Section"), text="text") == [
        "Title\nPart\nSection\ntext",
        "Title\nSection\ntext",
    ]


def test_a_chunk_is_seen_whole_behind_a_header_of_many_columns() -> None:
    header, chunk = "column " * 40, "word " * 79 + "end"
    (text,) = _texts(("Section", header), text=chunk)
    assert text == "Title\nSection\n" + ("column " * 18).strip() + "\n" + chunk
    assert len(token_starts(text)) == 100


def test_a_short_chunk_leaves_its_context_more_room() -> None:
    header = ("column " * 40).strip()
    assert _texts(("Section", header), text="word") == [f"Title\nSection\n{header}\nword"]


def test_a_chunk_that_is_too_long_by_itself_has_some_context() -> None:
    (text,) = _texts(("a " * 40, "b " * 40), text="word " * 300)
    assert [line.split()[0] + str(len(line.split())) for line in text.split("\n")] == [
        "Title1", "a9", "b10", "word300"
    ]  # fmt: skip
