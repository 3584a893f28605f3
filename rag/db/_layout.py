"""A layout as bytes: compressed arrays, 16-bit coordinates, about 6 bytes a word."""

import io

import numpy as np

from rag.core.layout import Box, BoxSpan, Layout, PageSpan

_SCALE = 65535


def encode_layout(layout: Layout) -> bytes:
    """Pack; coordinates are rounded to 1/65535 of the page."""
    if not layout.pages:
        return b""
    boxes = [span.box for span in layout.boxes]
    corners = np.array([(b.x0, b.y0, b.x1, b.y1) for b in boxes], dtype=np.float64).reshape(-1, 4)
    buffer = io.BytesIO()
    np.savez_compressed(
        buffer,
        pages=np.array([(p.page, p.start, p.end) for p in layout.pages], dtype=np.int32),
        spans=np.array([(s.start, s.end, s.box.page) for s in layout.boxes], dtype=np.int32).reshape(-1, 3),
        corners=np.rint(corners.clip(0, 1) * _SCALE).astype(np.uint16),
    )
    return buffer.getvalue()


def decode_layout(packed: bytes) -> Layout:
    """Unpack what `encode_layout` packed."""
    if not packed:
        return Layout()
    with np.load(io.BytesIO(packed)) as arrays:
        corners = np.round(arrays["corners"] / _SCALE, 5).tolist()
        pages = tuple(PageSpan(*row) for row in arrays["pages"].tolist())
        boxes = tuple(
            BoxSpan(start, end, Box(page, *corner))
            for (start, end, page), corner in zip(arrays["spans"].tolist(), corners, strict=True)
        )
    return Layout(pages, boxes)
