"""The way to the extra `ocr`, for the loaders of what may be a picture of text."""

from types import ModuleType

from rag.core.errors import MissingExtraError
from rag.core.registry import Family

__all__ = ["OCR_ADVICE", "ocr"]

OCR_ADVICE = "install the extra that reads pictures (pip install 'grove-rag[ocr]') and ingest it again"


def ocr() -> ModuleType | None:
    """Give indexing.loaders._ocr when its libraries are installed."""
    try:
        module: ModuleType = Family("indexing.loaders").helper("_ocr")
    except MissingExtraError:
        return None
    return module
