"""Office files that are damaged, encrypted, or made to do harm: refused with a reason, and soon."""

import io
import random
import time
import zipfile
from contextlib import suppress

import pytest
from _documents import SAMPLES
from _mail_files import packed
from _office_files import odf_bytes, row_xml, xlsx_bytes

from indexing.loaders.csv import Csv
from indexing.loaders.ods import Ods
from indexing.loaders.odt import Odt
from indexing.loaders.pptx import Pptx
from indexing.loaders.rtf import Rtf
from indexing.loaders.xls import Xls
from indexing.loaders.xlsx import Xlsx
from indexing.parse import parse_document
from rag.core.errors import UnreadableDocumentError

ZIPPED = ("docx", "ods", "odt", "pptx", "xlsx")


def test_a_row_of_millions_of_columns_is_refused() -> None:
    with pytest.raises(UnreadableDocumentError, match="2000000 cells; at most 16384"):
        Csv().load(b"a," * 1_999_999 + b"a", name="a.csv")


def test_a_quotation_mark_left_open_over_a_long_file_is_named() -> None:
    with pytest.raises(UnreadableDocumentError, match=r"line \d+ .* quotation mark"):
        Csv().load(b'a,b\n1,"2\n' + b"3,4\n" * 100_000, name="a.csv")


def test_a_cell_in_the_last_corner_costs_nothing() -> None:
    corner = '<row r="1048576"><c r="XFD1048576"><v>2</v></c></row>'
    document = Xlsx().load(
        xlsx_bytes({"A": f'<row r="1"><c r="A1"><v>1</v></c></row>{corner}'}), name="a.xlsx"
    )
    assert document.text == "A\n\n1\n\n2"


@pytest.mark.parametrize("column", ["XFE1", "ZZZ1"])
def test_a_column_beyond_the_last_is_refused(column: str) -> None:
    with pytest.raises(UnreadableDocumentError, match="columns"):
        Xlsx().load(xlsx_bytes({"A": row_xml(f'<c r="{column}"><v>1</v></c>')}), name="a.xlsx")


def test_more_rows_than_a_sheet_has_are_refused() -> None:
    row = """<table:table-row table:number-rows-repeated="1000000"><table:table-cell><text:p>7</text:p>
</table:table-cell></table:table-row>"""
    body = f'<office:spreadsheet><table:table table:name="A">{row * 2}</table:table></office:spreadsheet>'
    with pytest.raises(UnreadableDocumentError, match="more than 1048576 rows"):
        Ods().load(odf_bytes(body), name="a.ods")


def test_one_long_string_in_a_million_cells_is_refused() -> None:
    rows = row_xml('<c t="s"><v>0</v></c>') * 10_000
    with pytest.raises(UnreadableDocumentError, match="characters"):
        Xlsx().load(xlsx_bytes({"A": rows}, strings=f"<si><t>{'x' * 30_000}</t></si>"), name="a.xlsx")


def test_a_hundred_thousand_cells_take_seconds() -> None:
    rows = "".join(
        row_xml(*(f"<c><v>{row * column}</v></c>" for column in range(5))) for row in range(20_000)
    )
    content = xlsx_bytes({"A": rows})
    started = time.thread_time()
    text = Xlsx().load(content, name="a.xlsx").text
    assert text.count("\n") == 20_001
    assert time.thread_time() - started < 10  # about 1 on a machine that is not busy


def test_a_table_of_thousands_of_rows_on_a_slide_takes_seconds() -> None:
    with zipfile.ZipFile(io.BytesIO(SAMPLES["pptx"])) as archive:
        parts = {part: archive.read(part) for part in archive.namelist()}
    slide = parts["ppt/slides/slide3.xml"]
    row = slide[slide.index(b"<a:tr ") : slide.index(b"</a:tr>") + len(b"</a:tr>")]
    content = packed(parts | {"ppt/slides/slide3.xml": slide.replace(row, row * 10_000)})
    started = time.thread_time()
    assert Pptx().load(content, name="a.pptx").text.count("Tool | Price") == 10_000
    assert time.thread_time() - started < 10  # about 1; with the library's rows 40


@pytest.mark.parametrize("sample", [*ZIPPED, "xls"])
def test_a_file_cut_short_says_what_to_do(sample: str) -> None:
    content = SAMPLES[sample]
    for share in (0.1, 0.5, 0.9):
        with pytest.raises(UnreadableDocumentError, match=r"open it in \w+ and save it anew"):
            parse_document(content[: int(share * len(content))], name=f"a.{sample}")


@pytest.mark.parametrize("sample", ZIPPED)
def test_a_zip_bomb_is_refused_whatever_it_says_of_its_sizes(sample: str) -> None:
    file = io.BytesIO(SAMPLES[sample])
    with zipfile.ZipFile(file, "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("media/bomb.bin", bytes(100_000_000))
    with pytest.raises(UnreadableDocumentError, match="unpacks to more than 64000000"):
        parse_document(file.getvalue(), name=f"a.{sample}")


def test_parts_packed_by_another_method_are_refused() -> None:
    file = io.BytesIO(SAMPLES["xlsx"])
    with zipfile.ZipFile(file, "a", zipfile.ZIP_BZIP2) as archive:
        archive.writestr("media/bomb.bin", bytes(1000))
    with pytest.raises(UnreadableDocumentError, match=r"method 12 packs its part 'media/bomb\.bin'"):
        parse_document(file.getvalue(), name="a.xlsx")


def test_what_is_no_workbook_inside_is_refused() -> None:
    with pytest.raises(UnreadableDocumentError, match="cannot be read as an Excel workbook"):
        Xlsx().load(packed({"a.txt": "text"}), name="a.xlsx")


@pytest.mark.parametrize(("kind", "name"), [("spreadsheet", "a.ods"), ("text", "a.odt")])
def test_an_encrypted_opendocument_file_asks_for_one_without_a_password(kind: str, name: str) -> None:
    content = odf_bytes(f"<office:{kind}/>", manifest='<x xmlns="urn:x"><encryption-data/></x>')
    with pytest.raises(UnreadableDocumentError, match="is encrypted; open it with its password"):
        parse_document(content, name=name)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
@pytest.mark.parametrize("entity", ['"aaaaaaaaaa"', 'SYSTEM "file:///etc/passwd"'])
def test_entities_are_refused(entity: str, encoding: str) -> None:
    xml = f'<?xml version="1.0" encoding="{encoding}"?><!DOCTYPE x [<!ENTITY a {entity}>]><x>&a;</x>'
    with pytest.raises(UnreadableDocumentError, match="entity"):
        Odt().load(packed({"content.xml": xml.encode(encoding), "styles.xml": "<x/>"}), name="a.odt")


@pytest.mark.parametrize("sample", ["docx", "pptx"])
def test_entities_are_refused_in_what_a_library_reads(sample: str) -> None:
    file = io.BytesIO(SAMPLES[sample])
    with zipfile.ZipFile(file, "a") as archive:
        archive.writestr("custom.xml", '<!DOCTYPE x [<!ENTITY a "b">]><x/>')
    with pytest.raises(UnreadableDocumentError, match="declares an entity"):
        parse_document(file.getvalue(), name=f"a.{sample}")


def test_a_document_type_without_entities_is_of_an_old_program() -> None:
    manifest = '<!DOCTYPE m PUBLIC "-//OpenOffice.org//DTD Manifest 1.0//EN" "Manifest.dtd"><m/>'
    with zipfile.ZipFile(io.BytesIO(SAMPLES["odt"])) as archive:
        parts = {part: archive.read(part) for part in archive.namelist()}
    content = packed(parts | {"META-INF/manifest.xml": manifest.encode()})
    assert Odt().load(content, name="a.odt").title == "Bees"


def test_elements_nested_without_end_are_refused() -> None:
    body = "<text:section>" * 5000 + "</text:section>" * 5000
    with pytest.raises(UnreadableDocumentError, match="deep"):
        Odt().load(odf_bytes(f"<office:text>{body}</office:text>"), name="a.odt")


def test_rtf_nested_without_end_is_refused() -> None:
    with pytest.raises(UnreadableDocumentError, match="deep"):
        Rtf().load(b"{\\rtf1 " + b"{" * 100_000, name="a.rtf")


def test_a_damaged_old_workbook_never_costs_more_than_an_error() -> None:
    random_numbers = random.Random(0)
    num_read = 0
    for _ in range(300):
        content = bytearray(SAMPLES["xls"])
        for _ in range(random_numbers.randrange(1, 20)):
            content[random_numbers.randrange(len(content))] = random_numbers.randrange(256)
        with suppress(UnreadableDocumentError):
            num_read += bool(Xls().load(bytes(content), name="a.xls").text)
    assert 0 < num_read < 300
