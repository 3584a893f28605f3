"""FAISS and tantivy over immutable files: the embedded store.

A segment is a directory: `vectors.faiss`, `words/` (tantivy), `rows.json` (ids and attributes),
`texts.json` (read only to merge or export), `tokens/` when rows have token vectors (_token_file.py), and
the checksums of these, compared when each is opened. Few rows, or few that may be found, are searched
exactly, many by HNSW; token vectors by the centroids that they are near to, the best candidates then by
MaxSim.

Source of HNSW: Malkov & Yashunin, 2016, https://arxiv.org/abs/1603.09320.
"""

import json
import math
import uuid
from collections import OrderedDict
from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property
from pathlib import Path
from threading import Lock
from typing import Any

import faiss
import numpy as np
from numpy.typing import NDArray
from sqlalchemy.orm import Session

from rag.core.errors import MissingExtraError
from rag.core.filters import Filter, matches
from rag.core.protocols import StoreCapabilities
from rag.core.queries import Query, SectionQuery, TextQuery, TokenQuery, VectorQuery
from rag.core.types import Attribute, Hit, Row, Segment, Vector, attributes_of
from rag.stores._files import intact, is_written, leftovers, remove, written_whole
from rag.stores._ordered import in_order
from rag.stores._row_ids import packed_ids
from rag.stores._sections import SectionFile, best_in_sections, write_sections
from rag.stores._tantivy import WordIndex, best_words, write_words
from rag.stores._token_file import TokenFile, write_tokens
from rag.stores._tokens import Packed, num_candidates_for

__all__ = ["Faiss"]

_HNSW_LINKS = 16
_SECTIONS = "sections.npz"
_RARE = 0.1  # below this share of findable rows looking at each is exact, and quicker than HNSW
_MAX_OPEN = 256


class Faiss:
    """Keep each segment as files below one directory."""

    def __init__(
        self,
        directory: Path,
        device: str = "cpu",
        exact_rows: int = 20_000,
        ef_search: int = 128,
        num_candidates: int = 160,
        num_probes: int = 16,
    ) -> None:
        if device not in ("cpu", "cuda"):
            raise ValueError(f"device is cpu or cuda, got {device!r}")
        self._directory = Path(directory)
        self._device = device
        self._exact_rows = exact_rows
        self._ef_search = ef_search
        self._num_candidates = num_candidates
        self._num_probes = num_probes
        self._open: OrderedDict[str, _Opened] = OrderedDict()
        self._lock = Lock()

    @property
    def capabilities(self) -> StoreCapabilities:
        """Say what this store can do."""
        return StoreCapabilities(is_exact=False, is_transactional=False, is_durable=True)

    def stage(self, rows: Iterable[Row], *, session: Session) -> Segment:
        """Write a segment's files and sync them to disk; token vectors of other segments stay on theirs."""
        segment = Segment(uuid.uuid4().hex, len(rows := list(rows)))
        with written_whole(self._directory / segment.segment_id) as partial:
            vectors = np.stack([row.vector for row in rows]).astype(np.float32)
            faiss.write_index(self._build(vectors), str(partial / "vectors.faiss"))
            write_words(partial / "words", [row.text for row in rows])
            if any(row.tokens is not None for row in rows):
                write_tokens(partial / "tokens", Packed.of(rows))
            if any(row.section is not None for row in rows):
                write_sections(partial / _SECTIONS, rows)
            (partial / "rows.json").write_text(json.dumps(packed_ids(rows)))
            (partial / "texts.json").write_text(json.dumps([row.text for row in rows]))
        return segment

    def search(
        self, query: Query, segments: Sequence[Segment], *, filter: Filter | None, k: int
    ) -> list[Hit]:
        """Search each segment and merge."""
        opened = [self._opened(segment) for segment in segments if segment.num_rows]
        masks = [segment.mask(filter, of.dead) for segment, of in zip(opened, segments, strict=False)]
        match query:
            case VectorQuery():
                found = [each.nearest(query, mask, k) for each, mask in zip(opened, masks, strict=True)]
            case TokenQuery():
                found = [self._best_tokens(query, *each, k) for each in zip(opened, masks, strict=True)]
            case SectionQuery():
                sections = [each.sections for each in opened]
                vectors_of = [each.vectors.reconstruct_batch for each in opened]
                found = best_in_sections(query, sections, vectors_of, masks)
            case TextQuery():
                words = [(each.words, len(each.chunk_ids)) for each in opened]
                found = best_words(query.text, words, masks, k)
        hits = [
            Hit(each.chunk_ids[row], score)
            for each, pairs in zip(opened, found, strict=True)
            for row, score in pairs
        ]
        return sorted(hits, key=lambda hit: (-hit.score, hit.chunk_id))[:k]

    def rows(self, segment: Segment, *, session: Session) -> Iterator[Row]:
        """Read the live rows back; a merge's last look at them is not kept open."""
        opened = self._open_files(segment)
        with intact(opened.path, "vectors.faiss") as path:
            vectors = faiss.read_index(str(path)).reconstruct_n(0, segment.num_rows)
        with intact(opened.path, "texts.json") as path:
            texts = json.loads(path.read_text())
        for row, chunk_id in enumerate(opened.chunk_ids):
            version_id, attributes = opened.groups[opened.group_of[row]]
            if version_id not in segment.dead:
                tokens = None if opened.tokens is None else opened.tokens.tokens(row)
                section = None if opened.sections is None else opened.sections.section(row)
                known = (chunk_id, version_id, texts[row], vectors[row], attributes, tokens, section)
                yield Row(*known, has_whole=opened.tokens is not None and opened.tokens.has_whole(row))

    def vectors(self, chunk_ids: Sequence[str], segments: Sequence[Segment]) -> Vector:
        """Give the vectors of chunks, reconstructed from the index."""
        found: dict[str, Vector] = {}
        for segment in segments:
            if segment.num_rows:
                opened = self._opened(segment)
                there = [chunk_id for chunk_id in chunk_ids if chunk_id in opened.row_of]
                rows = np.array([opened.row_of[chunk_id] for chunk_id in there], dtype=np.int64)
                found |= zip(there, opened.vectors.reconstruct_batch(rows), strict=True)
        return in_order(chunk_ids, found)

    def drop(
        self, segment_ids: Sequence[str] | None, *, keep: Sequence[str], session: Session
    ) -> list[str]:
        """Remove directories; what is still open here stays readable until it is closed."""
        kept = set(keep)
        doomed = (
            leftovers(self._directory, keep=kept)
            if segment_ids is None
            else [self._directory / name for name in segment_ids if name not in kept]
        )
        removed = [path for path in doomed if path.is_dir()]
        for path in removed:
            remove(path)
        return [path.name for path in removed]

    def _best_tokens(
        self, query: TokenQuery, opened: "_Opened", mask: NDArray[np.bool_] | None, k: int
    ) -> list[tuple[int, float]]:
        if opened.tokens is None:
            return []
        count = num_candidates_for(len(opened.chunk_ids), least=self._num_candidates, k=k)
        return opened.tokens.search(query.vectors, mask, num_candidates=count, num_probes=self._num_probes)

    def _build(self, vectors: NDArray[np.float32]) -> Any:  # Any: FAISS has no types
        size = vectors.shape[1]
        index: Any = (
            faiss.IndexFlatIP(size)
            if len(vectors) <= self._exact_rows
            else faiss.IndexHNSWFlat(size, _HNSW_LINKS, faiss.METRIC_INNER_PRODUCT)
        )
        index.add(vectors)
        return index

    def _open_files(self, segment: Segment) -> "_Opened":
        path = self._directory / segment.segment_id
        return _Opened(path, self._device, exact_rows=self._exact_rows, ef_search=self._ef_search)

    def _opened(self, segment: Segment) -> "_Opened":
        with self._lock:
            opened = self._open.get(segment.segment_id)
            if opened is None:
                opened = self._open_files(segment)
                self._open[segment.segment_id] = opened
                if len(self._open) > _MAX_OPEN:
                    self._open.popitem(last=False)
            self._open.move_to_end(segment.segment_id)
            return opened


class _Opened:
    """A segment's files, each read when first needed."""

    def __init__(self, path: Path, device: str, *, exact_rows: int, ef_search: int) -> None:
        self.path = path
        self._device = device
        self._gpu_lock = Lock()  # FAISS lets one thread at a time search on a GPU
        self._exact_rows = exact_rows
        self._ef_search = ef_search
        with intact(path, "rows.json") as file:
            rows = json.loads(file.read_text())
        self.chunk_ids: list[str] = rows["chunk_ids"]
        self.group_of = np.array(rows["group_of"], dtype=np.int64)
        self.groups: list[tuple[str, dict[str, Attribute]]] = [
            (version_id, attributes_of(stored)) for version_id, stored in rows["groups"]
        ]

    @cached_property
    def row_of(self) -> dict[str, int]:
        return {chunk_id: row for row, chunk_id in enumerate(self.chunk_ids)}

    @cached_property
    def vectors(self) -> Any:  # Any: FAISS has no types
        with intact(self.path, "vectors.faiss") as file:
            return faiss.read_index(str(file))

    @cached_property
    def _flat(self) -> Any:  # Any: FAISS has no types
        """The vectors themselves, without their graph."""
        index = self.vectors
        return faiss.downcast_index(index.storage) if isinstance(index, faiss.IndexHNSW) else index

    @cached_property
    def _gpu(self) -> Any:  # Any: FAISS has no types
        return _on_gpu(self._flat)

    @cached_property
    def words(self) -> WordIndex:
        with intact(self.path, "words") as folder:
            return WordIndex(folder)

    @cached_property
    def tokens(self) -> TokenFile | None:
        if not is_written(self.path, "tokens"):
            return None
        with intact(self.path, "tokens") as folder:
            return TokenFile(folder)

    @cached_property
    def sections(self) -> SectionFile | None:
        if not is_written(self.path, _SECTIONS):
            return None
        with intact(self.path, _SECTIONS) as file:
            return SectionFile(file)

    def mask(self, condition: Filter | None, dead: frozenset[str]) -> NDArray[np.bool_] | None:
        """Give which rows may be found, (N,); None for all."""
        if condition is None and not dead:
            return None
        allowed = [
            version_id not in dead and matches(condition, attributes)
            for version_id, attributes in self.groups
        ]
        mask: NDArray[np.bool_] = np.array(allowed, dtype=np.bool_)[self.group_of]
        return mask

    def nearest(
        self, query: VectorQuery, mask: NDArray[np.bool_] | None, k: int
    ) -> list[tuple[int, float]]:
        """Give (row, cosine) of the k nearest allowed rows."""
        num_allowed = len(self.chunk_ids) if mask is None else int(mask.sum())
        if num_allowed == 0:
            return []
        scores, found = self._search(
            query.vector[None].astype(np.float32), mask, num_allowed, min(k, num_allowed)
        )
        return list(zip(found[0].tolist(), scores[0].tolist(), strict=True))

    def _search(
        self, query: Vector, mask: NDArray[np.bool_] | None, num_allowed: int, k: int
    ) -> tuple[Vector, NDArray[np.int64]]:
        """Give (1, k) scores and rows; on a GPU where all may be found, for it heeds no selector."""
        if mask is None and self._device == "cuda":
            with self._gpu_lock:
                on_gpu: tuple[Vector, NDArray[np.int64]] = self._gpu.search(query, k)
                return on_gpu
        selector = None if mask is None else faiss.IDSelectorBitmap(np.packbits(mask, bitorder="little"))
        num_rows = len(self.chunk_ids)
        is_few = num_allowed <= max(self._exact_rows, _RARE * num_rows)
        if isinstance(self.vectors, faiss.IndexHNSW) and (mask is None or not is_few):
            # It counts rows that may not be found among those that it looks at.
            ef_search = math.ceil(max(self._ef_search, 2 * k) * num_rows / num_allowed)
            by_graph = faiss.SearchParametersHNSW(sel=selector, efSearch=ef_search)
            scores, found = self.vectors.search(query, k, params=by_graph)
            if (found >= 0).all():  # else the graph reached too few
                return scores, found
        exact: tuple[Vector, NDArray[np.int64]] = self._flat.search(
            query, k, params=faiss.SearchParameters(sel=selector)
        )
        return exact


def _on_gpu(index: Any) -> Any:  # Any: FAISS has no types
    if not hasattr(faiss, "index_cpu_to_all_gpus"):
        raise MissingExtraError(
            "device cuda needs faiss-gpu in place of faiss-cpu: pip uninstall faiss-cpu, then"
            " pip install 'grove-rag[gpu]'"
        )
    return faiss.index_cpu_to_all_gpus(index)
