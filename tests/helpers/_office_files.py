"""Small Office and OpenDocument files and RTF, made on the spot.

Zip containers are written by hand, so that a test can leave out, damage or repeat any part of them.
"""

import base64
import io
import zlib
from collections.abc import Mapping

import pptx
from _mail_files import packed
from pptx.util import Inches

__all__ = [
    "RTF",
    "XLS",
    "odf_bytes",
    "ods_bytes",
    "odt_bytes",
    "pptx_bytes",
    "row_xml",
    "xlsx_bytes",
]

_RELATION = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_ODF = " ".join(
    f'xmlns:{prefix}="urn:oasis:names:tc:opendocument:xmlns:{uri}:1.0"'
    for prefix, uri in [("office", "office"), ("style", "style"), ("table", "table"), ("text", "text"),
                        ("draw", "drawing"), ("meta", "meta")]
)  # fmt: skip
_META = """<d xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:t="http://purl.org/dc/terms/">
<dc:title>Bees</dc:title><dc:creator>Ann</dc:creator>
<t:created>2020-01-31T10:00:00Z</t:created></d>"""
_STYLES = rf"""<styleSheet xmlns="{_MAIN}">
<numFmts><numFmt numFmtId="164" formatCode="[$€-407] #,##0.0"/><numFmt numFmtId="165" formatCode="00000"/>
<numFmt numFmtId="166" formatCode="000\-00\-0000"/>
<numFmt numFmtId="167" formatCode="[&lt;=9999999]###\-####;\(###\)\ ###\-####"/></numFmts>
<cellStyleXfs><xf numFmtId="9"/></cellStyleXfs>
<cellXfs><xf numFmtId="0"/><xf numFmtId="14"/><xf numFmtId="9"/>
<xf numFmtId="164"/><xf numFmtId="46"/><xf numFmtId="165"/><xf numFmtId="166"/>
<xf numFmtId="167"/></cellXfs></styleSheet>"""

XLS = zlib.decompress(  # made with xlwt: a number, a date, a share, a truth value; one sheet is empty
    base64.b85decode(
        "c-rk)O=wd=5dQWhFF&<Slh}%_P(s0~wNS)^UfNfMnv*5|P(=i7+D8p-lk)5(UaZ!D7eNpN#Y-U`JXrPO4=U)*gHX|fAc%<`d"
        "lFPUw0+Lbd#Pznpn<l~`X=n`?99&Y?Ck99=DnK^<t86B=CK4i;ljM>ho^`qsQ3$wAV_YSk}T9dDy9SL3j99WNRNu=HE+Fg59"
        "NO6q2QtWHDTZ@mD3nSPb#TL)({S|4Shn|&>=h&dkRJ59l`-Luw`M!{fsv=e!#t7Fz#Z`HO3v(Hz!VETI*@uZ%6V;rI}>`!U9"
        "iN=M!`GpdN2zBwxHPtiCD^7>T~&4KHYNS0f7wgQ%X=4cXp=yD}mM+DF>c=^W~)k;P9l0{kfCfmacSzqWh<;{RUE_m<)N;4aD"
        "c)5ezKSCM2X|AyiQ#$lcn@~C9!$YkACs)!khe*Js~HHh;)p`v?abSy0yH@y}kYW(`5&te}Z7FkI3cq%ol!qTStSR!fF=lTqt"
        "#JzfAn0gLMO`}TQIh><{i*i&ApWAA}1E^&>#HTk%OP;;={r%y1OgqDzalV(V+iSaA3QSy*8l)UxiNaV)TAAL>_%e^Wjp;_lb"
        "+jI;TVnM#acF}3Tw!So&9j%`gSMlH-br+3=E&2g%r|Wp(Nod<g}SMa+9aCE*#o36e-mgEZQ}MV3D2}bE$l4!nQ_BE8PBH#ZQ"
        "D)zimt^Rs+bHhwp!9VVxgtjzOq^_YPsyOM2WEkk0rhH5?k5UFlMfL$%5Yd3i)J^$LLhTc+8IMDta-j-0q?5?)`=JwtMU|te("
        "%xN4!{w`}G>}O38><WzJE23lU%5!wxv$fCCOV@IQmF-vKWB1+3by4X^!OXO7Ce^O<DB!cnB?H%5Q?x{;*XK)Ry%*#cD*#uCf"
        "aDSR)KaDrwxFoZbUF;sE<(rZx^uV>kc!Ie8gmCiq3iJhxF{~w#eMLG"
    )
)
RTF = rb"""{\rtf1\ansi\ansicpg1250\deff0{\fonttbl{\f0 Arial;}{\f1\fcharset204 Arial;}}
{\info{\title Bees}{\author Ann}}{\header gone}
{\pard\outlinelevel0 Keeping bees\par}
\pard P\'f8\'edli\'9a \u382?lu\u357\'9dou\u269 ?k\'fd; {\f1 \'cc\'fb} \u-10179?\u-8703?
{\v gone}\par
{\pard{\listtext\'95\tab}A smoker\par}{\pard{\listtext 1.\tab}A veil\par}
\trowd\cellx1\cellx2\pard\intbl Tool\cell Price\cell\row \intbl Veil\cell 12\line EUR\cell\row
\pard {\pict\bin3 }}}gone}{\field{\*\fldinst HYPERLINK gone}{\fldrslt The end}}.\par}"""


def row_xml(*cells: str) -> str:
    """Give the XML of a workbook's row."""
    return f"<row>{''.join(cells)}</row>"


def xlsx_bytes(sheets: Mapping[str, str], *, strings: str = "") -> bytes:
    """Write a workbook from its sheets' rows.

    The styles: 0 plain, 1 date, 2 %, 3 €, 4 [h]:mm:ss, 5 a code, 6 and 7 numbers with signs inside.
    """
    names = list(sheets)
    parts = [("styles", "styles.xml"), ("sharedStrings", "sharedStrings.xml")]
    parts += [("worksheet", f"sheets/{number}.xml") for number in range(len(names))]
    relations = "".join(
        f'<Relationship Id="r{number}" Type="{_RELATION}/{kind}" Target="{part}"/>'
        for number, (kind, part) in enumerate(parts)
    )
    listed = "".join(f'<sheet name="{name}" r:id="r{number + 2}"/>' for number, name in enumerate(names))
    main = f'<Relationship Id="a" Type="{_RELATION}/officeDocument" Target="/xl/w.xml"/>'
    return packed(
        {
            "_rels/.rels": f"<R>{main}</R>",
            "docProps/core.xml": _META,
            "xl/w.xml": f'<w xmlns="{_MAIN}" xmlns:r="{_RELATION}"><sheets>{listed}</sheets></w>',
            "xl/_rels/w.xml.rels": f"<R>{relations}</R>",
            "xl/styles.xml": _STYLES,
            "xl/sharedStrings.xml": f'<sst xmlns="{_MAIN}">{strings}</sst>',
        }
        | {
            f"xl/sheets/{number}.xml": f'<s xmlns="{_MAIN}"><sheetData>{rows}</sheetData></s>'
            for number, rows in enumerate(sheets.values())
        }
    )


def odf_bytes(body: str, *, styles: str = "", manifest: str = "") -> bytes:
    """Write an OpenDocument file from the XML of its body."""
    document = f"<office:d {_ODF}>{styles}<office:body>{body}</office:body></office:d>"
    return packed(
        {
            "content.xml": document,
            "styles.xml": f"<office:document-styles {_ODF}/>",
            "meta.xml": _META,
            "META-INF/manifest.xml": f"<manifest>{manifest}</manifest>",
        }
    )


def ods_bytes() -> bytes:
    """Write two tables on one sheet, and an empty sheet."""
    rows = """<table:table-row><table:table-cell><text:p>Tool</text:p></table:table-cell>
<table:table-cell><text:p>Price<office:annotation><text:p>gone</text:p></office:annotation></text:p>
</table:table-cell>
<table:table-cell table:number-columns-repeated="16382"/></table:table-row>
<table:table-row><table:table-cell><text:p>Veil</text:p></table:table-cell>
<table:table-cell office:value="12.5"><text:p>12<text:s/>€</text:p></table:table-cell></table:table-row>
<table:table-row table:number-rows-repeated="2">
<table:table-cell table:number-columns-repeated="9"/></table:table-row>
<table:table-row table:number-rows-repeated="2">
<table:table-cell table:number-columns-repeated="2" office:value="7"/></table:table-row>
<table:table-row table:number-rows-repeated="1048000"><table:table-cell/></table:table-row>"""
    sheets = f'<table:table table:name="Prices">{rows}</table:table><table:table table:name="Empty"/>'
    return odf_bytes(f"<office:spreadsheet>{sheets}</office:spreadsheet>")


def odt_bytes() -> bytes:
    """Write headings, lists in one another, a table and a text box."""
    styles = """<office:automatic-styles><style:style style:name="P1" style:parent-style-name="Title"/>
<text:list-style style:name="L1"><text:list-level-style-number text:level="1" style:num-format="1"/>
<text:list-level-style-bullet text:level="2"/></text:list-style></office:automatic-styles>"""
    body = """<office:text><text:tracked-changes><text:p>gone</text:p></text:tracked-changes>
<text:p text:style-name="P1">Keeping bees</text:p><text:h text:outline-level="1">Tools</text:h>
<text:p>You need<text:line-break/>little.</text:p>
<text:list text:style-name="L1"><text:list-item><text:p>A smoker</text:p><text:list><text:list-item>
<text:p>black</text:p></text:list-item></text:list></text:list-item><text:list-item><text:p>A veil</text:p>
</text:list-item></text:list><table:table><table:table-header-rows><table:table-row>
<table:table-cell><text:p>Tool</text:p></table:table-cell>
<table:table-cell><text:p>Price</text:p></table:table-cell></table:table-row></table:table-header-rows>
<table:table-row><table:table-cell><text:p>Veil</text:p></table:table-cell>
<table:table-cell><text:p>12</text:p><text:p>EUR</text:p></table:table-cell></table:table-row></table:table>
<text:section><text:p>The <text:span>end</text:span>.<draw:frame><draw:text-box><text:p>In a box</text:p>
</draw:text-box></draw:frame></text:p></text:section></office:text>"""
    return odf_bytes(body, styles=styles)


def pptx_bytes() -> bytes:
    """Write a title slide, an empty one, and one with a list, a group, a table and notes."""
    show = pptx.Presentation()
    first = show.slides.add_slide(show.slide_layouts[0])
    first.shapes.title.text = "Keeping bees"
    first.placeholders[1].text = "A talk"
    show.slides.add_slide(show.slide_layouts[6])
    slide = show.slides.add_slide(show.slide_layouts[1])
    table = slide.shapes.add_table(2, 2, Inches(1), Inches(6), Inches(4), Inches(1)).table
    for index, text in enumerate(("Tool", "Price", "Veil", "12")):
        table.cell(index // 2, index % 2).text = text
    group = slide.shapes.add_group_shape().shapes.add_group_shape()
    for left, text in ((3, "right"), (1, "left")):
        box = group.shapes.add_textbox(Inches(left), Inches(5), Inches(1), Inches(1))
        box.text_frame.text = text
    slide.shapes.title.text = "Tools"
    frame = slide.placeholders[1].text_frame
    frame.text = "A smoker"
    for text, level in (("black", 1), ("A veil", 0)):
        paragraph = frame.add_paragraph()
        paragraph.text, paragraph.level = text, level
    slide.notes_slide.notes_text_frame.text = "Light it first."
    file = io.BytesIO()
    show.save(file)
    return file.getvalue()
