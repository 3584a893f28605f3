import json
import time
from contextlib import suppress

import pytest
from _mail_files import epub_bytes, packed

from indexing.loaders.asciidoc import Asciidoc
from indexing.loaders.epub import Epub
from indexing.loaders.json import Json
from indexing.parse import parse_document
from rag.core.errors import UnreadableDocumentError
from rag.core.types import ParsedDocument

MAX_SECONDS = 20


def _blocks(document: ParsedDocument) -> list[tuple[str, int, str]]:
    return [(block.kind, block.level, document.text[block.start : block.end]) for block in document.blocks]


def _texts(document: ParsedDocument) -> list[str]:
    return [text for _, _, text in _blocks(document)]


def _json(text: str, *, name: str = "a.json") -> ParsedDocument:
    return Json().load(text.encode(), name=name)


def test_json_is_a_record_an_object_of_a_list_with_the_paths_of_its_keys() -> None:
    document = _json(
        '{"title": "Shop", "tags": ["a", "b"], "owner": {"name": "Ann", "age": 30, "is_in": true},'
        ' "orders": [{"id": 1, "lines": [{"sum": 1.50}, {"sum": 2}]}, {"id": 2, "note": null}], "x": {}}'
    )
    assert _blocks(document) == [
        ("table", 0, "title: Shop\ntags: a, b"),
        ("table", 0, "owner.name: Ann\nowner.age: 30\nowner.is_in: true"),
        ("table", 0, "orders[0].id: 1\norders[0].lines[0].sum: 1.50\norders[0].lines[1].sum: 2"),
        ("table", 0, "orders[1].id: 2"),
    ]
    assert document.title == "Shop"


@pytest.mark.parametrize(
    ("text", "texts"),
    [
        ('{"q": "one", "a": {"b": [1, 2]}}\n\n{"q": "two"}\n', ["q: one\na.b: 1, 2", "q: two"]),
        ('[{"q": "one"}, {"q": "two"}]', ["q: one", "q: two"]),
        ('{\n"q": 1\n}\n{\n"q": 2}', ["q: 1", "q: 2"]),
        ('\ufeff{"q": 1, "q": 2}', ["q: 1\nq: 2"]),
        ("[1, 2.50, 1e999, -0, NaN]", ["1, 2.50, 1e999, -0, NaN"]),
        ('"only words"', ["only words"]),
    ],
)
def test_lines_lists_and_plain_values_are_records(text: str, texts: list[str]) -> None:
    assert _texts(_json(text, name="a.jsonl")) == texts


def test_a_large_object_is_taken_apart_where_its_parts_are() -> None:
    notes = [{"note": "word " * 100} for _ in range(10)]
    texts = _texts(_json(json.dumps([{"id": 7, "inner": {"notes": notes}}, {"id": 8}])))
    assert [text.strip().split(":")[0] for text in texts] == [
        "id", *(f"inner.notes[{number}].note" for number in range(10)), "id",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ('{"a": 1', "line 1"),
        ('{"a": 1}\n{"a": \n', r"is no JSON: Expecting value at line 3"),
        ("words", "is no JSON"),
        ("[" * 100_000, "a.json"),
        ("[" * 500 + "{}" + "]" * 500, "a.json"),
        ("{}", "holds no text"),
        ("[null, []]", "holds no text"),
    ],
)
def test_what_is_no_json_is_refused_with_its_place(text: str, reason: str) -> None:
    with pytest.raises(UnreadableDocumentError, match=reason):
        _json(text)


def test_a_book_is_read_in_the_order_of_its_spine() -> None:
    document = Epub().load(
        epub_bytes(
            "<h1>One</h1><p>First<br/>line&nbsp;here.</p><aside><p>A note.</p></aside>",
            "<nav>x</nav><h1>Two</h1><table><tr><td>a</td><td>b</td></tr></table><p><a id='x'/>End</p>",
        ),
        name="a.epub",
    )
    assert _blocks(document) == [
        ("heading", 1, "One"),
        ("paragraph", 0, "First\nline\xa0here."),
        ("paragraph", 0, "A note."),
        ("heading", 1, "Two"),
        ("table", 0, "a | b"),
        ("paragraph", 0, "End"),
    ]
    assert document.title == "Bees"
    assert document.metadata == {"author": "Ann Eir", "created": "2020-01-31"}


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (epub_bytes("<p>x</p>")[:200], "broken or cut short"),
        (packed({"mimetype": b"application/epub+zip"}), "broken or cut short"),
        (epub_bytes(), "holds no text"),
        (epub_bytes("<p>x</p>" + "<div>" * 6_000), "more than 5000 deep"),
        (epub_bytes("<p>" + " " * 100_000_000), "unpacks to more"),
        (epub_bytes("<p>x</p>", encryption='<e><EncryptionMethod Algorithm="urn:adept"/></e>'), "locked"),
        (
            epub_bytes("<p>x</p>", encryption='<!DOCTYPE e [<!ENTITY x "y">]><e>&x;</e>'),
            "declares an entity",
        ),
    ],
)
def test_a_book_that_cannot_be_read_says_why(content: bytes, reason: str) -> None:
    with pytest.raises(UnreadableDocumentError, match=reason):
        parse_document(content, name="a.epub")


def test_a_chapter_that_is_missing_is_named() -> None:
    whole = epub_bytes("<p>One.</p>", "<p>Two.</p>").replace(b"page1.xhtml", b"page7.xhtml")
    package = epub_bytes("<p>One.</p>", "<p>Two.</p>")
    assert whole != package
    text = Epub().load(whole, name="a.epub").text
    assert "One." in text
    assert "Chapter not read: OPS/page1.xhtml" in text


def test_asciidoc_is_kept_as_written_with_its_blocks() -> None:
    source = (
        "= Keeping bees\nAnn Eir <ann@bees.org>\nv1.0, 2020-01-31\n:keywords: smoke, honey\n\n"
        "You need little.\n\n"
        "== Tools\n\n* A smoker\n** black\n. Light it\n\nCPU:: a term\n\n.Prices\n|===\n|Tool |Price\n\n"
        "|Veil |12\n"
        "|===\n\n[source,sh]\n----\n== no heading\n----\n\n----\nnever closed\n"
    )
    document = Asciidoc().load(source.encode(), name="a.adoc")
    assert document.text == source
    assert _blocks(document) == [
        ("heading", 1, "= Keeping bees"),
        ("paragraph", 0, "Ann Eir <ann@bees.org>\nv1.0, 2020-01-31\n:keywords: smoke, honey"),
        ("paragraph", 0, "You need little."),
        ("heading", 2, "== Tools"),
        ("list", 0, "* A smoker\n** black\n. Light it"),
        ("list", 0, "CPU:: a term"),
        ("paragraph", 0, ".Prices"),
        ("table", 0, "|===\n|Tool |Price\n\n|Veil |12\n|==="),
        ("paragraph", 0, "[source,sh]"),
        ("code", 0, "----\n== no heading\n----"),
        ("paragraph", 0, "----\nnever closed"),
    ]
    assert document.title == "Keeping bees"
    assert document.metadata == {
        "author": "Ann Eir",
        "created": "2020-01-31",
        "keywords": ("smoke", "honey"),
    }


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.adoc", b"".join(b"```%d\n" % number for number in range(200_000))),
        ("a.adoc", b"x" + b":" * 1_000_000 + b"y"),
        ("a.adoc", b"= T\n" + b"a;" * 500_000),
        ("a.xml", b"<a>" + b"<p>x</p>" * 300_000 + b"</a>"),
        ("a.xml", b"<a>" + b"<p>" * 240 + b"x" + b"</p>" * 240 + b"</a>"),
        ("a.xml", b"<a" + b" b='" + b"x" * 5_000_000 + b"'/>"),
        ("a.json", b'{"a":' * 90 + b'"%b"' % (b"x" * 1_000_000) + b"}" * 90),
        ("a.json", b"9" * 3_000_000),
        ("a.eml", b"Subject: x\nContent-Type: text/html\n\n" + b"<table><tr><td>" * 1_500 + b"x"),
        ("a.eml", b"Subject: " + b"=?utf-8?q?x?= " * 50_000 + b"\n\nx"),
        ("a.eml", b"Subject: x\nTo: " + b"a@b.c, " * 100_000 + b"\n\nx"),
    ],
)
def test_no_file_takes_long_for_its_size(name: str, content: bytes) -> None:
    started = time.thread_time()
    with suppress(UnreadableDocumentError):
        parse_document(content, name=name)
    assert time.thread_time() - started < MAX_SECONDS
