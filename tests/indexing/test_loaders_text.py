import pytest

from indexing.loaders.text import Text
from rag.core.errors import UnreadableDocumentError


def _text(content: bytes) -> str:
    return Text().load(content, name="notes.txt").text


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32"])
def test_unicode_is_read_by_its_mark(encoding: str) -> None:
    text = "Größe, 大きさ, размер 😀"
    marks = {"utf-16-le": b"\xff\xfe", "utf-16-be": b"\xfe\xff"}
    assert _text(marks.get(encoding, b"") + text.encode(encoding)) == text


@pytest.mark.parametrize(
    ("encoding", "text"),
    [
        (
            "cp1252",
            "Les élèves étaient très fiers d'avoir reçu leurs prix à la fête de l'école, près du château.",
        ),
        ("cp1251", "Все люди рождаются свободными и равными в своем достоинстве и правах."),
        ("cp866", "Однажды, в студеную зимнюю пору, я из лесу вышел; был сильный мороз."),
        (
            "shift_jis",
            "すべての人間は、生まれながらにして自由であり、かつ、尊厳と権利とについて平等である。",
        ),
    ],
)
def test_other_encodings_are_guessed(encoding: str, text: str) -> None:
    assert _text(text.encode(encoding)) == text


def test_newlines_become_one_kind_and_nul_goes() -> None:
    assert _text(b"one\r\ntwo\rthree\n\0four") == "one\ntwo\nthree\nfour"


def test_paragraphs_end_at_blank_lines() -> None:
    document = Text().load(b"\none\ntwo\n \n\n  three\n", name="notes.txt")
    assert [document.text[block.start : block.end] for block in document.blocks] == ["one\ntwo", "  three"]


def test_the_title_is_the_name_of_the_file() -> None:
    assert Text().load(b"text", name="folder/my notes.v2.txt").title == "my notes.v2"


@pytest.mark.parametrize("content", [bytes(range(256)) * 8, b"\x00\x01\x02\x03" * 50])
def test_what_is_no_text_is_refused(content: bytes) -> None:
    with pytest.raises(UnreadableDocumentError, match="not text"):
        _text(content)
