from pathlib import Path

import pytest
from _mail_files import JATS

from indexing.loaders.xml import Xml
from indexing.parse import parse_document
from rag.core.errors import UnreadableDocumentError
from rag.core.types import ParsedDocument


def _blocks(document: ParsedDocument) -> list[tuple[str, int, str]]:
    return [(block.kind, block.level, document.text[block.start : block.end]) for block in document.blocks]


def _xml(text: str | bytes) -> ParsedDocument:
    return Xml().load(text.encode() if isinstance(text, str) else text, name="a.xml")


def test_an_article_has_title_abstract_sections_captions_tables_and_references() -> None:
    document = _xml(JATS)
    assert _blocks(document) == [
        ("heading", 1, "Smoke and Apis"),
        ("paragraph", 0, "Ann Eir"),
        ("heading", 2, "Abstract"),
        ("paragraph", 0, "Smoke calms bees."),
        ("paragraph", 0, "Keywords: smoke"),
        ("heading", 2, "Methods"),
        ("paragraph", 0, "We smoked Table 1."),
        ("paragraph", 0, "Figure 1. A hive. From above."),
        ("paragraph", 0, "Then we waited."),
        ("heading", 3, "Hives"),
        ("paragraph", 0, "Table 1. Hives used."),
        ("table", 0, "Hive | Bees\nA | 900"),
        ("paragraph", 0, "Counted twice."),
        ("list", 0, "1. Light it.\n2. Wait."),
        ("heading", 2, "References"),
        ("list", 0, "- 1 Huber F 1792 On bees"),
    ]
    assert document.title == "Smoke and Apis"
    assert document.metadata == {
        "author": "Ann Eir", "created": "2020-02-03", "journal": "Bee Letters", "doi": "10.1/bees",
        "keywords": ("smoke",),
    }  # fmt: skip


def test_xml_for_readers_keeps_headings_and_inline_text() -> None:
    document = _xml(
        "<book><title>Bees</title><chapter><title>One</title><para>Some <b>bold</b> text.</para>"
        "<section><title>Sub</title><itemizedlist><listitem><para>x</para></listitem></itemizedlist>"
        "<programlisting>a\n  b</programlisting></section></chapter></book>"
    )
    assert _blocks(document) == [
        ("heading", 1, "Bees"),
        ("heading", 2, "One"),
        ("paragraph", 0, "Some bold text."),
        ("heading", 3, "Sub"),
        ("list", 0, "- x"),
        ("code", 0, "a\n  b"),
    ]


@pytest.mark.parametrize(
    "table",
    [
        "<table><tr><th rowspan='2'>Drug</th><th colspan='2'>Dose</th><th>N</th></tr>"
        "<tr><th>Low</th><th>High</th><th>all</th></tr>"
        "<tr><td rowspan='2'>Aspirin</td><td>5</td><td/><td>7</td></tr>"
        "<tr><td>8</td><td>9</td></tr></table>",
        "<table><row><cell rows='2'>Drug</cell><cell cols='2'>Dose</cell><cell>N</cell></row>"
        "<row><cell>Low</cell><cell>High</cell><cell>all</cell></row>"
        "<row><cell rows='2'>Aspirin</cell><cell>5</cell><cell/><cell>7</cell></row>"
        "<row><cell>8</cell><cell>9</cell></row></table>",
        "<tgroup><colspec/><colspec colname='b'/><colspec colname='c'/>"
        "<row><entry morerows='1'>Drug</entry><entry namest='b' nameend='c'>Dose</entry>"
        "<entry>N</entry></row>"
        "<row><entry>Low</entry><entry>High</entry><entry>all</entry></row>"
        "<row><entry morerows='1'>Aspirin</entry><entry>5</entry><entry/><entry>7</entry></row>"
        "<row><entry>8</entry><entry>9</entry></row></tgroup>",
    ],
)
def test_xml_cells_stand_in_their_columns(table: str) -> None:
    assert _xml(f"<a><p>See</p>{table}</a>").text.split("\n")[2:] == [
        "Drug | Dose |  | N",
        "Drug | Low | High | all",
        "Aspirin | 5 |  | 7",
        "Aspirin | 8 | 9",
    ]


def test_the_title_of_an_xml_table_stands_above_its_rows() -> None:
    table = (
        "<table><title>Prices</title><tgroup><row><entry>a</entry><entry>1</entry></row></tgroup></table>"
    )
    assert _xml(f"<a><para>See</para>{table}</a>").text == "See\n\nPrices\na | 1"


def test_xml_of_data_is_a_record_an_element() -> None:
    document = _xml(
        '<shop><title>Bees</title><tool id="1" xml:lang="en"><name>Veil</name>'
        '<price cur="EUR">12</price></tool>'
        "<tool><name>Smoker</name></tool></shop>"
    )
    assert [text for _, _, text in _blocks(document)] == [
        "title: Bees",
        "tool[0].id: 1\ntool[0].name: Veil\ntool[0].price.cur: EUR\ntool[0].price.text: 12",
        "tool[1].name: Smoker",
    ]
    assert document.title == "Bees"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "iso-8859-1", "shift_jis"])
def test_xml_is_read_in_the_encoding_it_declares(encoding: str) -> None:
    text = "日本語の蜂" if encoding == "shift_jis" else "café"
    source = f'<?xml version="1.0" encoding="{encoding}"?>\n<!DOCTYPE a SYSTEM "a.dtd"><a><p>{text}</p></a>'
    assert _xml(source.encode(encoding)).text == text


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        ('<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a>&x;</a>', "declares an entity"),
        ('<!DOCTYPE a [<!ENTITY % p SYSTEM "http://127.0.0.1/p"> %p;]><a>x</a>', "declares an entity"),
        ('<!DOCTYPE a [<!ENTITY l "ha"><!ENTITY m "&l;&l;">]><a>&m;</a>', "declares an entity"),
        ("<a>&eacute;</a>", "undefined entity"),
        ("<a><b></a>", "mismatched tag"),
        ("<a>" * 5_000, "nest more than"),
        ("no XML", "syntax error"),
        ("<a/>", "holds no text"),
    ],
)
def test_xml_that_is_broken_or_brings_more_than_itself_is_refused(source: str, reason: str) -> None:
    with pytest.raises(UnreadableDocumentError, match=reason) as caught:
        _xml(source)
    assert "a.xml" in str(caught.value)


@pytest.mark.data
def test_a_real_article_is_read_whole(shared_data: Path) -> None:
    content = (shared_data / "docs_formats" / "files" / "docling__elife-56337.xml").read_bytes()
    document = parse_document(content, name="a.xml")
    headings = [text for kind, _, text in _blocks(document) if kind == "heading"]
    assert headings[:4] == [document.title, "Abstract", "Introduction", "Results"]
    assert "Chr2 | Chr2 qH4 | 3.1 | 40 | 17" in document.text
    assert document.metadata["doi"] == "10.7554/eLife.56337"
