"""Hierarchical search: the sections that a question is about first, then the passages inside them.

Source: Thulke et al., ClimateGPT, 2024, https://arxiv.org/abs/2401.09646, section 5
(hierarchical retrieval).
"""

from dataclasses import dataclass
from typing import ClassVar

from rag.core.kinds import LONG
from rag.core.protocols import Encoder, LongEncoder, SearchRequest, Store
from rag.core.queries import SectionQuery
from rag.core.types import Hit
from rag.retrieval._kinds import check_kind
from rag.retrieval._nearest import query_of

__all__ = ["Long"]


@dataclass(frozen=True, slots=True)
class Long:
    """Find the nearest passages of the `sections` nearest sections.

    A passage scores its own similarity, and `weight` times that of its section.
    """

    store: Store
    encoder: Encoder
    long_encoder: LongEncoder
    sections: int = 10
    weight: float = 0.5
    needs: ClassVar[tuple[str, ...]] = (LONG,)  # kinds of index that the collection must have

    def __post_init__(self) -> None:
        if self.sections < 1 or self.weight < 0:
            raise ValueError("sections is 1 or more, weight 0 or more")

    def retrieve(self, request: SearchRequest, *, k: int) -> list[Hit]:
        """Give at most k hits, best first.

        Raises:
            ConflictError: the collection has no section vectors, or those of another encoder.
        """
        snapshot = request.snapshot
        check_kind(snapshot, LONG, now=self.long_encoder.fingerprint)
        query = query_of(request, self.encoder).vector
        is_shared = self.long_encoder.backbone == self.encoder.fingerprint
        with request.timings.stage("encode_long"):
            section_query = query if is_shared else self.long_encoder.encode([request.text])[0]
        with request.timings.stage("long"):
            wanted = SectionQuery(query, section_query, self.sections, self.weight)
            return self.store.search(wanted, snapshot.segments, filter=request.filter, k=k)
