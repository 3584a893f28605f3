import pytest
from _documents import SAMPLES, docx_bytes

from indexing.loaders.docx import Docx
from indexing.loaders.html import Html
from indexing.loaders.markdown import Markdown
from rag.core.errors import UnreadableDocumentError
from rag.core.types import ParsedDocument


def _blocks(document: ParsedDocument) -> list[tuple[str, int, str]]:
    return [(block.kind, block.level, document.text[block.start : block.end]) for block in document.blocks]


def _html(body: str, *, name: str = "page.html") -> ParsedDocument:
    return Html().load(f"<!doctype html><meta charset=utf-8><body>{body}".encode(), name=name)


def test_markdown_has_its_structure() -> None:
    document = Markdown().load(SAMPLES["markdown"], name="bees.md")
    assert document.text.encode() == SAMPLES["markdown"]
    assert document.title == "Bees"
    assert document.metadata == {"title": "Bees", "tags": ("animals", "honey")}
    assert _blocks(document) == [
        ("table", 0, "---\ntitle: Bees\ntags: [animals, honey]\n---"),
        ("heading", 1, "# Keeping bees"),
        ("paragraph", 0, "You need little."),
        ("list", 0, "- A smoker\n- A veil"),
        ("table", 0, "| Tool | Price |\n|------|-------|\n| Veil | 12    |"),
        ("code", 0, "```sh\n# no heading\n```"),
    ]


@pytest.mark.parametrize(
    ("text", "title"),
    [
        ("# One #\ntext", "One"),
        ("One\n===\ntext", "One"),
        ("only text", "notes"),
        ("---\ntitle: 'Two'\n---\n# One", "Two"),
        ("---\nno field here\n---\n# One", "One"),
    ],
)
def test_markdown_finds_its_title(text: str, title: str) -> None:
    assert Markdown().load(text.encode(), name="folder/notes.md").title == title


def test_front_matter_keeps_the_kinds_of_its_values() -> None:
    text = "---\nyear: 2021\nrating: 4.5\ndraft: false\nby:\n  - Ann\n  - Bo\nempty:\n---\ntext"
    metadata = Markdown().load(text.encode(), name="a.md").metadata
    assert metadata == {"year": 2021, "rating": 4.5, "draft": False, "by": ("Ann", "Bo")}


def test_a_markdown_table_needs_no_bars_at_its_sides() -> None:
    document = Markdown().load(b"name | price\n--- | ---\nveil | 12\n\na | b in a sentence", name="a.md")
    assert _blocks(document) == [
        ("table", 0, "name | price\n--- | ---\nveil | 12"),
        ("paragraph", 0, "a | b in a sentence"),
    ]


def test_word_has_headings_lists_and_tables_in_order() -> None:
    document = Docx().load(docx_bytes(), name="bees.docx")
    assert document.title == "Bees"
    assert document.metadata["author"] == "python-docx"
    assert _blocks(document) == [
        ("heading", 1, "Keeping bees"),
        ("heading", 2, "Tools"),
        ("paragraph", 0, "You need little."),
        ("list", 0, "- A smoker\n- A veil\n1. Light it.\n2. Wait."),
        ("table", 0, "Tool | Price\nVeil | 12"),
        ("paragraph", 0, "The end."),
    ]


def test_html_keeps_what_a_reader_comes_for() -> None:
    document = Html().load(SAMPLES["html"], name="bees.html")
    assert document.title == "Bees"
    assert _blocks(document) == [
        ("heading", 1, "Keeping bees"),
        ("paragraph", 0, "You need\nlittle."),
        ("list", 0, "- A smoker\n- A veil\n  1. black"),
        ("table", 0, "Tool | Price\nVeil | 12"),
        ("code", 0, "smoke()\n  wait()"),
    ]


@pytest.mark.parametrize(
    "furniture",
    [
        "<nav>gone</nav>",
        "<script>gone()</script>",
        "<style>gone {}</style>",
        "<aside>gone</aside>",
        "<div hidden>gone</div>",
        "<div style='display: none'>gone</div>",
        "<template><p>gone</p></template>",
        "<!-- gone -->",
        "<button>gone</button>",
        "<ul role=navigation><li>gone</ul>",
    ],
)
def test_html_leaves_out_its_furniture(furniture: str) -> None:
    assert _html(f"<p>stays</p>{furniture}<p>too</p>").text == "stays\n\ntoo"


@pytest.mark.parametrize(
    ("body", "text"),
    [
        ("<h2><button>How?<svg></svg></button></h2><p>So.</p>", "How?\n\nSo."),
        ("<button><h2>How?</h2></button><p>So.</p>", "How?\n\nSo."),
        ("<h2><button>How?</button> <a>#</a></h2>", "How? #"),
        ("<h2>How? <button>copy</button></h2>", "How?"),
        ("<details><summary><span><button>More</button></span></summary>Less</details>", "More\n\nLess"),
        ("<blockquote>Smoke.<footer>Ann</footer></blockquote><footer>gone</footer>", "Smoke.\n\nAnn"),
    ],
)
def test_what_belongs_to_the_text_is_no_furniture(body: str, text: str) -> None:
    assert _html(body).text == text


@pytest.mark.parametrize(
    ("formula", "text"),
    [
        ("<math alttext='a^2'><mi>a</mi></math>", "a^2"),
        (
            "<math><semantics><mi>a</mi><annotation encoding='application/x-tex'>a_1</annotation></math>",
            "a_1",
        ),
        ("<math><mi>A</mi><mo>=</mo><mi>π</mi><msup><mi>r</mi><mn>2</mn></msup></math>", "A = π r ²"),
        ("<math><mfrac> <mn>1</mn> <mn>2</mn></mfrac></math>", "1 / 2"),
        ("<span style='display: none'><math alttext='a'></math></span><img>", "a"),
        ("<math alttext='a'></math><span class=katex-html aria-hidden=true>a</span>", "a"),
    ],
)
def test_a_formula_is_text(formula: str, text: str) -> None:
    assert _html(f"<p>See {formula}.</p>").text == f"See {text}."


def test_an_empty_main_part_does_not_hide_the_page() -> None:
    assert _html("<main></main><p>text</p>").text == "text"


def test_the_only_article_is_the_page_if_most_of_its_text_is_in_it() -> None:
    manual, card = "<p>The pump must be primed before use.</p>", "<article>Buy another</article>"
    assert _html(manual + card).text == "The pump must be primed before use.\n\nBuy another"
    assert _html(f"<p>Welcome</p><article>{manual}</article>").text == "The pump must be primed before use."


def test_a_table_that_holds_tables_is_layout() -> None:
    text = _html("<table><tr><td>left<td><table><tr><td>a<td>b</table></table>").text
    assert text == "left\n\na | b"


def test_a_table_of_data_may_hold_tables_in_its_cells() -> None:
    inner = "<table><tr><td>EU<td>UN</table>"
    rows = f"<tr><th>Country<td>France<tr><th>Member of<td>{inner}<tr><th>Capital<td>Paris"
    assert _html(f"<table>{rows}</table>").text == "Country | France\nMember of | EU UN\nCapital | Paris"


@pytest.mark.parametrize(
    "body",
    [
        "<pre>def f():<br>  return 1</pre>",
        "<pre><div>def f():</div><div>  return 1</div></pre>",
        "<table><tr><td><pre>1<br>2</pre><td><pre>def f():\n  return 1</pre></table>",
        "<pre><table><tr><td><pre>1\n2\n</pre><td><pre>def f():\n  return 1</pre></table></pre>",
        "<table><tr><td><div><pre>8\n9</pre></div><td><div><pre>def f():\n  return 1</pre></div></table>",
    ],
)
def test_code_keeps_its_lines_and_loses_their_numbers(body: str) -> None:
    assert _blocks(_html(body)) == [("code", 0, "def f():\n  return 1")]


@pytest.mark.parametrize(
    ("rows", "text"),
    [
        ("<tr><td>1<td><pre>def f():</pre><tr><td>2<td><pre>return 1</pre>", "def f():\nreturn 1"),
        ("<tr><td>404<td>None<tr><td>200<td><pre>{}</pre>", "404 | None\n200 | {}"),
        ("<tr><td>200<td><pre>{}</pre><tr><td>201<td><pre>[]</pre>", "200 | {}\n201 | []"),
        ("<tr><td>1<td>fails, as <pre>x</pre><tr><td>2<td>never", "1 | fails, as x\n2 | never"),
        ("<tr><td>1 2 3<td><pre>f()\ng()</pre><tr><td>a<td>b", "1 2 3 | f() g()\na | b"),
    ],
)
def test_numbers_beside_code_are_data_unless_they_count_its_lines(rows: str, text: str) -> None:
    assert _html(f"<table>{rows}</table>").text == text


def test_items_have_the_numbers_that_the_page_gives_them() -> None:
    items = "<ol start=5><li>a<li value=9>b<li>c</ol><ol start=x><li>d</ol>"
    assert _html(items).text == "5. a\n9. b\n10. c\n\n1. d"


def test_a_reversed_list_counts_down() -> None:
    items = "<ol reversed><li>a<ol><li>x</ol><li>b</ol><ol reversed start=9><li>c<li value=5>d<li>e</ol>"
    assert _html(items).text == "2. a\n  1. x\n1. b\n\n9. c\n5. d\n4. e"


def test_words_of_one_line_stay_together() -> None:
    assert _html("<p>H<sub>2</sub>O &amp; <b>more</b>\n  of\tit</p>").text == "H2O & more of it"


def test_a_cell_cannot_say_that_it_takes_more_columns_than_fit() -> None:
    assert _html(f"<table><tr><td colspan={'9' * 5000}>a<td>b</table>").text == f"a{' | ' * 40}b"


def test_html_cells_stand_in_their_columns() -> None:
    table = (
        "<table><tr><th rowspan=2>Item<th colspan=2>2031<th colspan=2>2032<tr><th>Q1<th>Q2<th>Q1<th>Q2"
        "<tr><td>Sales<td>5<td>6<td>7<td>8</table>"
    )
    assert _html(table).text.split("\n") == [
        "Item | 2031 |  | 2032",
        "Item | Q1 | Q2 | Q1 | Q2",
        "Sales | 5 | 6 | 7 | 8",
    ]


@pytest.mark.parametrize(
    ("encoding", "declared"),
    [("utf-8", "iso-8859-1"), ("cp1252", "iso-8859-1"), ("cp1251", "windows-1251"), ("cp932", "shift_jis"),
     ("gb18030", "gb2312"), ("iso2022_jp", "iso-2022-jp"), ("utf-8", "no-such-charset"), ("utf-8", "idna")],
)  # fmt: skip
def test_html_is_decoded_as_it_was_written(encoding: str, declared: str) -> None:
    text = {"cp1251": "Мы здесь", "cp932": "日本語", "iso2022_jp": "日本語", "gb18030": "汉语"}.get(
        encoding, "déjà vu – 5 £"
    )
    page = f"<html><meta charset='{declared}'><p>{text}</p>".encode(encoding)
    assert Html().load(page, name="a.html").text == text


def test_of_html_that_says_it_is_utf8_one_wrong_byte_is_lost_at_most() -> None:
    document = Html().load(b"<meta charset=utf-8><p>caf" + "é".encode() + b"\xa0</p>", name="a.html")
    assert document.text == "café\ufffd"
    assert document.metadata["unreadable_characters"] == 1


def test_html_nested_without_end_is_refused_at_once() -> None:
    with pytest.raises(UnreadableDocumentError, match="deep"):
        Html().load(b"<div>" * 200_000 + b"text", name="a.html")


def test_html_nested_deeply_is_read() -> None:
    assert _html("<div>" * 2000 + "text").text == "text"


@pytest.mark.parametrize(
    "beside", ["<script>{}</script>", "<STYLE>{}</style >", "<!--{}-->", "<!--> <!--{}--!>"]
)
def test_what_stands_in_scripts_and_comments_is_no_element(beside: str) -> None:
    assert _html(beside.format("for(i=0;i<n;i++)x();" * 6000) + "<p>text").text == "text"


@pytest.mark.parametrize("beginning", ["<!-->", "<!-- --!>", "<script></script>", "</script>"])
def test_what_comes_after_scripts_and_comments_is_counted(beginning: str) -> None:
    with pytest.raises(UnreadableDocumentError, match="deep"):
        _html(beginning + "<div>" * 20_000 + "text -->")


def test_a_page_of_markup_alone_is_refused() -> None:
    with pytest.raises(UnreadableDocumentError, match="no text"):
        _html("<nav>Home</nav><script>run()</script>")
