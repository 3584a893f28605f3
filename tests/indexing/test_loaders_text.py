import time

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


@pytest.mark.parametrize(
    ("encoding", "text"),
    [
        ("cp1252", "El niño comió piña y compró una montaña de caña en España."),
        ("cp1252", "Les élèves à la rentrée, près de la forêt"),
        ("cp1252", "Café"),
        ("cp1252", "The price is £149. José Müller pays it – in “cash”."),
        ("cp1252", "id,name,unit\n1,sensor A,°C\n2,sensor B,µm\n"),
        ("cp1252", "ÜBERSICHT; 3,50 €"),
        ("cp1252", "São Paulo não é aqui"),
        ("cp1250", "Dzień dobry, proszę"),
        ("cp1250", "Příliš žluťoučký kůň úpěl ďábelské ódy"),
        ("cp1250", "Árvíztűrő tükörfúrógép"),
        ("cp1254", "Bugün hava çok güzel, değil mi?"),
        ("iso8859-2", "Pchnąć w tę łódź jeża lub ośm skrzyń"),
        ("mac-roman", "Grüße aus München, très fiers élèves"),
        ("cp850", "Les élèves étaient très fiers"),
        ("cp1251", "Цена: 5 руб. за штуку, два рубля"),
        ("cp1251", "id,name,email,state\n7,Иванов Пётр,petr.ivanov@example.com,active_customer\n"),
        ("cp1251", "id;name;sku\n1;Молоко;MILK-STANDARD-PACKAGE\n2;Хлеб;BREAD-STANDARD-PACKAGE\n"),
        (
            "cp1253",
            "<p class='paragraph content-block'>Όλοι οι άνθρωποι γεννιούνται ελεύθεροι και ίσοι</p>",
        ),
        ("koi8-r", "<p class='paragraph'>Все люди рождаются свободными и равными в правах</p>"),
        ("shift_jis", "<html><title>東京</title>カタカナのテスト、東京都</html>"),
    ],
)
def test_short_texts_are_read_by_the_words_that_are_not_ascii(encoding: str, text: str) -> None:
    assert _text(text.encode(encoding)) == text


def test_what_tells_the_encoding_may_stand_far_from_the_beginning() -> None:
    text = "a plain line of it\n" * 20_000 + "Größe"
    assert _text(text.encode("cp1252")) == text


@pytest.mark.parametrize(
    ("content", "text"),
    [
        ("Die Tür ist größer als üblich.".encode() + b"\x96", "Die Tür ist größer als üblich.\ufffd"),
        ("Это’s “конец”".encode() + b"\x92", "Это’s “конец”\ufffd"),
        ("Все люди рождаются".encode()[:-1], "Все люди рождаютс\ufffd"),
        (b"\xef\xbb\xbfplain but for one\xe9", "plain but for one\ufffd"),
    ],
)
def test_a_wrong_byte_does_not_garble_the_rest_and_is_counted(content: bytes, text: str) -> None:
    document = Text().load(content, name="notes.txt")
    assert document.text == text
    assert document.metadata == {"unreadable_characters": 1}


def test_newlines_become_one_kind_and_nul_goes() -> None:
    assert _text(b"one\r\ntwo\rthree\n\0four") == "one\ntwo\nthree\nfour"


def test_paragraphs_end_at_blank_lines() -> None:
    document = Text().load(b"\none\ntwo\n \n\n  three\n", name="notes.txt")
    assert [document.text[block.start : block.end] for block in document.blocks] == ["one\ntwo", "  three"]


LONG = "The fee is due on the first of each month, and in advance for all of the year."


def headings(text: str) -> list[tuple[int, str]]:
    document = Text().load(text.encode(), name="notes.txt")
    return [
        (block.level, document.text[block.start : block.end])
        for block in document.blocks
        if block.kind == "heading"
    ]


def test_a_short_line_above_a_long_one_is_a_heading() -> None:
    text = f"ROWING CLUB\n\nFees\n{LONG}\n\nWhat do you need?\n- a boat\n- oars\n\n2.1 Boats\n\n{LONG}"
    expected = [(1, "ROWING CLUB"), (2, "Fees"), (2, "What do you need?"), (3, "2.1 Boats")]
    assert headings(text) == expected
    assert f"Fees\n\n{LONG}" in Text().load(text.encode(), name="notes.txt").text


def test_columns_that_spaces_align_are_a_table() -> None:
    table = " Code  Meaning    What to do\n E1    No water   Open the tap\n E2    No drain   Call us\n"
    text = f"ERROR CODES\n{table}"
    document = Text().load(text.encode(), name="manual.txt")
    rows = "Code | Meaning | What to do\nE1 | No water | Open the tap\nE2 | No drain | Call us"
    assert document.text.strip() == f"ERROR CODES\n\n{rows}"
    assert [block.kind for block in document.blocks] == ["heading", "table"]
    assert Text().load(text.encode(), name="manual.log").text == text


def test_a_column_may_be_aligned_at_its_right() -> None:
    text = "Item     Price\nVeil        12\nHive No.   140\nSmoker       9"
    assert _text(text.encode()) == "Item | Price\nVeil | 12\nHive No. | 140\nSmoker | 9"


def test_a_long_line_of_spaces_takes_no_time() -> None:
    started = time.thread_time()
    assert _text(b"Hello.\n" + b" " * 100_000 + b"\nBye.").split() == ["Hello.", "Bye."]
    assert time.thread_time() - started < 5


@pytest.mark.parametrize(
    "text",
    [
        "Two  spaces.  Or three.\nBut not  here.\nAnd not here.",
        "one  two\nthree  four",
        "a | b  c\nd | e  f\ng | h  i",
        "It was the best of times.  It was\nthe worst of times.  It was the age\nof wisdom.  It was cold.",
        "It was the best.  It\nwas the worst.  It\nwas the longest.  We",
        "the price  of milk\nis higher  than\never  before",
    ],
)
def test_other_spaces_are_kept(text: str) -> None:
    assert _text(text.encode()) == text


@pytest.mark.parametrize(
    "text",
    [
        f"It is due.\n{LONG}",
        f"Dear Ms Stone\n\n{LONG}",
        "Kind regards\n\nAnna Stone\nTreasurer",
        "Anna Stone\n12 Mill Road\nLeeds",
        "1. Milk\n2. Bread\n3. Salt",
        f"Name: Anna\n{LONG}",
        f"Boat   Price\n{LONG}",
        "This line goes on and\nthen on the next one it ends, which is lower case as in prose.",
        "WE ARE\nALL CAPITALS",
        f"{LONG}\n\nThe end",
    ],
)
def test_other_lines_are_no_headings(text: str) -> None:
    assert headings(text) == []


def test_the_title_is_the_name_of_the_file() -> None:
    assert Text().load(b"text", name="folder/my notes.v2.txt").title == "my notes.v2"


@pytest.mark.parametrize("content", [bytes(range(256)) * 8, b"\x00\x01\x02\x03" * 50])
def test_what_is_no_text_is_refused(content: bytes) -> None:
    with pytest.raises(UnreadableDocumentError, match="not text"):
        _text(content)
