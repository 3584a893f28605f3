"""Pages of a format that has them without boxes: slides and sheets."""

from indexing.loaders._text import TextBuilder
from rag.core.layout import Layout, PageSpan

__all__ = ["Pages"]


class Pages:
    """Note which of a builder's characters stand on which page; one without text is an empty span."""

    def __init__(self, builder: TextBuilder) -> None:
        self._builder = builder
        self._num_blocks = len(builder.blocks)
        self._spans: list[PageSpan] = []

    @property
    def num_pages(self) -> int:
        """Give how many have ended."""
        return len(self._spans)

    @property
    def layout(self) -> Layout:
        """Give the pages that have ended."""
        return Layout(tuple(self._spans))

    def end_page(self) -> None:
        """End the page that all blocks since the last one stand on."""
        blocks = self._builder.blocks[self._num_blocks :]
        self._num_blocks += len(blocks)
        before = self._spans[-1].end if self._spans else 0
        start, end = (blocks[0].start, blocks[-1].end) if blocks else (before, before)
        self._spans.append(PageSpan(self.num_pages + 1, start, end))
