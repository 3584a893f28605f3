"""What bytes are, whatever their file is called: by what they begin with, and by what an archive holds."""

import io
import zipfile
from dataclasses import dataclass

__all__ = ["OLD_OFFICE", "WEB_PAGE", "ContentKind", "document_in", "kind_of"]

OLD_OFFICE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_ZIP_ENTRY = b"PK\x03\x04"
_LISTED = b"PK\x01\x02"
_MAX_LISTED = 10_000  # to list more takes seconds
_HEAD_BYTES = 200  # a mark, or a web page's first tag, stands in them
_UNREADABLE = (NotImplementedError, OSError, RuntimeError, ValueError, zipfile.BadZipFile)


@dataclass(frozen=True, slots=True)
class ContentKind:
    """What a file is, and how such files are named; no suffix where no loader takes them, or some might."""

    what: str
    suffixes: tuple[str, ...] = ()

    @property
    def advice(self) -> str:
        """Say what to do with a file that is named otherwise."""
        return f"rename it to {self.suffixes[0]}" if self.suffixes else "check the file"


_ZIP = ContentKind("a zip archive", (".zip",))
_SOME_ZIP = ContentKind("a zip archive (an Office file, perhaps)")
WEB_PAGE = ContentKind("a web page", (".html", ".htm", ".xhtml"))
_SIGNATURES = (
    (b"%PDF-", ContentKind("a PDF", (".pdf",))),
    (OLD_OFFICE, ContentKind("an old or encrypted Office file")),
    (b"\x89PNG\r\n", ContentKind("a PNG image", (".png",))),
    (b"\xff\xd8\xff", ContentKind("a JPEG image", (".jpg", ".jpeg"))),
    (b"GIF8", ContentKind("a GIF image")),
    (b"\x1f\x8b\x08", ContentKind("a gzip archive")),
    (b"7z\xbc\xaf\x27\x1c", ContentKind("a 7-Zip archive")),
    (b"Rar!\x1a\x07", ContentKind("a RAR archive")),
    (b"\x7fELF", ContentKind("a program")),
    (b"SQLite format 3\0", ContentKind("an SQLite database")),
    (b"{\\rtf", ContentKind("an RTF document", (".rtf",))),
)
_OFFICE = {
    "word/document.xml": ContentKind("a Word document", (".docx",)),
    "xl/workbook.xml": ContentKind("an Excel workbook", (".xlsx", ".xlsm", ".xltx")),
    "ppt/presentation.xml": ContentKind("a PowerPoint presentation", (".pptx", ".pptm")),
}
_MIME_TYPES = {
    b"application/vnd.oasis.opendocument.text": ContentKind("an OpenDocument text", (".odt", ".ott")),
    b"application/vnd.oasis.opendocument.spreadsheet": ContentKind(
        "an OpenDocument spreadsheet", (".ods", ".ots")
    ),
    b"application/epub+zip": ContentKind("an EPUB book", (".epub",)),
}
_OF_DOCUMENTS = ("[Content_Types].xml", "META-INF/", "content.xml", "mimetype", "ppt/", "word/", "xl/")


def kind_of(content: bytes) -> ContentKind | None:
    """Tell what bytes are; None of what has no mark, as text, or an unknown one.

    >>> kind_of(b"%PDF-1.7 ..."), kind_of(b"some words")
    (ContentKind(what='a PDF', suffixes=('.pdf',)), None)
    """
    if content.startswith(_ZIP_ENTRY):
        return _in_zip(content) or _SOME_ZIP
    head = content[:_HEAD_BYTES].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if head.startswith((b"<!doctype html", b"<html")):
        return WEB_PAGE
    return next((kind for mark, kind in _SIGNATURES if content.startswith(mark)), None)


def document_in(archive: zipfile.ZipFile) -> ContentKind | None:
    """Tell what a document is that is packed as an archive; None of other archives."""
    names = archive.namelist()
    if "[Content_Types].xml" in names:
        return next((kind for part, kind in _OFFICE.items() if part in names), None)
    if names[:1] != ["mimetype"]:
        return None
    try:
        with archive.open("mimetype") as stream:
            return _MIME_TYPES.get(stream.read(100).strip())
    except _UNREADABLE:
        return None


def _in_zip(content: bytes) -> ContentKind | None:
    if content.count(_LISTED) > _MAX_LISTED:
        return None
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            is_other = not any(name.startswith(_OF_DOCUMENTS) for name in archive.namelist())
            return document_in(archive) or (_ZIP if is_other else None)
    except _UNREADABLE:
        return None
