"""Pictures of text (PNG, JPEG, WebP, BMP, TIFF with all its pages), read by the extra `ocr`."""

from indexing.loaders._pdf_writer import PageWriter
from indexing.loaders._progress import made_progress
from indexing.loaders._reading_order import read_rows
from indexing.loaders._scans import OCR_ADVICE, ocr
from indexing.loaders._text import finish
from rag.core.errors import UnreadableDocumentError
from rag.core.types import ParsedDocument

__all__ = ["Image"]

_POINTS = 0.36  # of a pixel, at the usual 200 dots an inch


class Image:
    """Read photographs and scans of printed text."""

    suffixes = (".png", ".jpg", ".jpeg", ".tif", ".tiff", ".bmp", ".webp")

    def load(self, content: bytes, *, name: str) -> ParsedDocument:
        """Give the text with a box around every word; metadata: pages.

        Raises:
            UnreadableDocumentError: the extra is not installed, it is no picture, or shows no text.
        """
        reader = ocr()
        if reader is None:
            raise UnreadableDocumentError(f"{name!r} is a picture: {OCR_ADVICE}")
        pictures = reader.pictures_of(content)
        if not pictures:
            raise UnreadableDocumentError(
                f"{name!r} cannot be read as a picture; open it in an image viewer and save it anew"
            )
        pages = []
        for picture in pictures:
            pages.append(read_rows(reader.words_of(picture, points=_POINTS)))
            made_progress()
        writer = PageWriter.for_pages(pages)
        for number, rows in enumerate(pages, start=1):
            writer.add_page(number, rows)
        return finish(
            writer.text,
            name=name,
            title=None,
            blocks=writer.blocks,
            metadata={"pages": len(pages)},
            layout=writer.layout,
        )
