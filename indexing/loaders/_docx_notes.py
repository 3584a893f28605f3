"""Foot- and endnotes of Word documents, and the marks that name them.

Knows the parts that hold notes. What is in a note is read like the rest, by docx.py.
"""

from typing import Any, Final

from docx.document import Document
from docx.oxml.parser import parse_xml

from indexing.loaders._docx_styles import REMOVED, W

__all__ = ["NOTE_MARKS", "marked_notes"]

NOTE_MARKS: Final = (f"{W}footnoteReference", f"{W}endnoteReference")
_Element = Any  # Any: an element of lxml, which has no types


def marked_notes(document: Document) -> dict[str, _Element]:
    """Number the document's references to notes, `[1]` as their text, and give the note of each."""
    stored = {
        (kind, note.get(f"{W}id")): note
        for kind in ("footnote", "endnote")
        for part in _parts(document, kind)
        for note in part.iter(f"{W}{kind}")
        if note.get(f"{W}type") is None  # else it is a line that separates notes from text
    }
    notes: dict[str, _Element] = {}
    for reference in document.element.body.iter(*NOTE_MARKS):
        kind = reference.tag.removeprefix(W).removesuffix("Reference")
        note = stored.get((kind, reference.get(f"{W}id")))
        if note is not None and next(reference.iterancestors(*REMOVED), None) is None:
            reference.text = f"[{len(notes) + 1}]"
            notes[reference.text] = note
    return notes


def _parts(document: Document, kind: str) -> list[_Element]:
    related = [each for each in document.part.rels.values() if not each.is_external]
    return [parse_xml(each.target_part.blob) for each in related if each.reltype.endswith(f"/{kind}s")]
