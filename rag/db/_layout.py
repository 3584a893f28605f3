"""A layout as bytes: compressed arrays, 16-bit coordinates, about 11 bytes a word."""

import io

import numpy as np

from rag.core.layout import Boxes, Layout, PageSpan

__all__ = ["decode_layout", "encode_layout"]

_SCALE = 65535


def encode_layout(layout: Layout) -> bytes:
    """Pack; coordinates are rounded to 1/65535 of the page."""
    if not layout.pages:
        return b""
    boxes = Boxes.of(layout.boxes)
    buffer = io.BytesIO()
    np.savez_compressed(
        buffer,
        pages=np.array([(p.page, p.start, p.end) for p in layout.pages], dtype=np.int32),
        spans=boxes.spans,
        corners=np.rint(boxes.corners.clip(0, 1) * _SCALE).astype(np.uint16),
    )
    return buffer.getvalue()


def decode_layout(packed: bytes) -> Layout:
    """Unpack what `encode_layout` packed."""
    if not packed:
        return Layout()
    with np.load(io.BytesIO(packed)) as arrays:
        pages = tuple(PageSpan(*row) for row in arrays["pages"].tolist())
        return Layout(pages, Boxes(arrays["spans"], arrays["corners"].astype(np.float32) / _SCALE))
