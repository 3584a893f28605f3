"""A prompt read on from what earlier prompts had in common with it: its beginning, or passages anywhere.

Knows the order of the steps; what is kept, and for how long, is rag/generation/kv's business.
"""

from collections.abc import Sequence
from pathlib import Path
from threading import Event
from typing import Any

import torch
from torch import Tensor

from rag.generation.backends._compressing import REPEAT
from rag.generation.context import passage_spans
from rag.generation.kv._attention import use_ragged_attention
from rag.generation.kv._cache import RaggedCache
from rag.generation.kv._observations import Observations
from rag.generation.kv._passages import Place, SmallerPassages, TextForm, WholePassages
from rag.generation.kv._policy import Policy, Reading
from rag.generation.kv._prefixes import BLOCK_TOKENS, Prefixes
from rag.generation.kv._rotation import speeds
from rag.generation.kv._store import ByteStore, Kept, text_key
from rag.generation.speculation._cache import PlainCache

__all__ = ["PassageReader", "PrefixReader", "read_all"]

_PIECE_TOKENS = 256  # read at a time, so that a cancelled run stops within one of them
_REPAIRED_TOKENS = 8
_NEVER = Event()  # what stands between passages is short


class PrefixReader:
    """Read only what no earlier prompt began with; exact."""

    def __init__(self, store: ByteStore) -> None:
        """Take where keys and values are kept."""
        self.store = store
        self.prefixes = Prefixes(store)
        self.reused_tokens = 0  # of the newest prompt, known from earlier ones
        self._cache: PlainCache | RaggedCache | None = None

    @property
    def cache_bytes(self) -> int:
        """Give what the newest cache has allocated by now."""
        if isinstance(self._cache, RaggedCache):
            return self._cache.num_bytes
        return sum(key.nbytes + value.nbytes for key, value in _layers(self._cache)) if self._cache else 0

    def prepare(self, loaded: Any) -> None:  # Any: a model and its tokenizer, as transformers makes them
        """Take any model: its caches are plain ones."""

    def read(self, loaded: Any, token_ids: list[int], stop: Event) -> tuple[Any, list[int]]:
        """Give the cache of as many whole blocks as leave a token, and what is behind them, unread.

        Nothing is kept of a prompt whose reading was stopped.
        """
        self._cache = PlainCache()
        whole = (len(token_ids) - 1) // BLOCK_TOKENS * BLOCK_TOKENS
        self.reused_tokens, _ = self._begin(loaded.model, self._cache, token_ids[:whole], stop)
        return self._cache, token_ids[self._cache.get_seq_length() :]

    def _begin(self, model: Any, cache: Any, token_ids: Sequence[int], stop: Event) -> tuple[int, bool]:
        """Read the beginning of a text into an empty cache.

        Gives how many tokens of it were known, and whether all others were read.
        """
        for number, (keys, values) in enumerate(self.prefixes.find(token_ids)):
            cache.update(keys[None], values[None], number)
        known = cache.get_seq_length()
        if not read_all(model, cache, token_ids[known:], stop):
            return known, False
        if len(token_ids) - known >= BLOCK_TOKENS:
            self.prefixes.keep(token_ids, _layers(cache))
        return known, True


class PassageReader(PrefixReader):
    """Read passages once, wherever they stand; not exact.

    Each is read behind the prompt's beginning alone. In a prompt its keys are moved to where it stands, and
    its first tokens are read anew, with all that stands before them.

    Source: TurboRAG (2410.07590), independent attention and reordered positions, here for models as they
    are; LegoLink of EPIC (2410.15332), the first tokens of each passage read anew.
    """

    def __init__(
        self,
        store: ByteStore,
        *,
        policy: Policy | None = None,
        folder: Path | None = None,
        repaired_tokens: int = _REPAIRED_TOKENS,
    ) -> None:
        """Set what is kept.

        Args:
            store: where.
            policy: makes passages smaller; None: all of them is kept.
            folder: where what was found out about a model is kept.
            repaired_tokens: first tokens of a passage that are read anew in every prompt.

        Raises:
            ValueError: a policy that needs the question, or the whole prompt.
        """
        super().__init__(store)
        if policy is not None and not policy.is_for_parts:
            name = type(policy).__module__.rpartition(".")[2]
            raise ValueError(
                f"kv_policy {name} does not judge passages alone, before a"
                " question is known; with kv_reuse passages take kvzip, keydiff or none"
            )
        self._policy, self._folder = policy, folder
        self.repaired_tokens = repaired_tokens
        self.form: TextForm = (
            SmallerPassages(repaired_tokens, policy) if policy else WholePassages(repaired_tokens)
        )
        self._speeds: Tensor | None = None
        self._repeat_ids: list[int] = []

    def prepare(self, loaded: Any) -> None:
        """Take a model whose keys can be moved.

        Raises:
            InvalidInputError: they cannot.
        """
        self._speeds = speeds(loaded.model)
        if self._policy is not None:
            use_ragged_attention(loaded.model)
            self._repeat_ids = loaded.tokenizer.encode(REPEAT, add_special_tokens=False)

    def read(self, loaded: Any, token_ids: list[int], stop: Event) -> tuple[Any, list[int]]:
        """Give the cache of all up to the end of the last passage, and what is behind it, unread."""
        spans = [
            span for span in _passages(loaded.tokenizer, token_ids) if len(span) > self.repaired_tokens
        ]
        if not spans:
            return super().read(loaded, token_ids, stop)
        assert self._speeds is not None
        cache = self._cache = self._new_cache(loaded.model)
        head = token_ids[: spans[0].start]
        before = _first_and_last_turn(head, loaded.stop_ids)
        self.reused_tokens, is_read = self._begin(loaded.model, cache, head, stop)
        if not is_read:
            return cache, token_ids[cache.get_seq_length() :]
        parts: list[tuple[Place, Kept]] = []
        for span in spans:
            kept = self._passage(loaded, before, token_ids[span.start : span.stop], stop)
            if kept is None:
                return cache, token_ids[len(head) :]
            parts.append((Place(span.start, len(span), len(before)), kept))
        join = self._join if self._policy is None else self._join_in_order
        join(loaded.model, cache, token_ids, parts)
        return cache, token_ids[cache.get_seq_length() :]

    def _join(
        self, model: Any, cache: PlainCache, token_ids: list[int], parts: Sequence[tuple[Place, Kept]]
    ) -> None:
        """Attach all passages, and read what stands between them in one pass, behind them in the cache."""
        assert self._speeds is not None
        known = list(range(cache.get_seq_length()))
        for place, kept in parts:
            self.form.attach(cache, kept, place, self._speeds)
            known += range(place.start + self.form.first(place), place.start + place.size)
        read_gaps(model, cache, token_ids[: known[-1] + 1], known)

    def _join_in_order(
        self, model: Any, cache: RaggedCache, token_ids: list[int], parts: Sequence[tuple[Place, Kept]]
    ) -> None:
        """Attach each passage once all before it is read: what follows sees every entry of such a cache."""
        assert self._speeds is not None
        for place, kept in parts:
            between = token_ids[cache.get_seq_length() : place.start + self.form.first(place)]
            read_all(model, cache, between, _NEVER)
            self.form.attach(cache, kept, place, self._speeds)

    def _passage(self, loaded: Any, before: list[int], token_ids: list[int], stop: Event) -> Kept | None:
        """Give what is kept of a passage, read now if it is new; None if that was stopped."""
        key = text_key(text_key(self.form.name, before), token_ids)
        kept = self.store.get(key)
        if kept is not None:
            self.reused_tokens += len(token_ids) - self.repaired_tokens
        else:
            cache = self._new_cache(loaded.model)
            _, is_read = self._begin(loaded.model, cache, before, stop)
            if not is_read or not read_all(loaded.model, cache, token_ids, stop):
                return None
            seen = Observations(loaded.model, frozenset(), window=1)  # policies for parts need nothing
            text = [*before, *token_ids]
            reading = Reading(loaded.model, text, seen, self._repeat_ids, folder=self._folder, stop=stop)
            kept = self.form.kept(cache, len(before), reading)
            if stop.is_set():
                return None
            self.store.put(key, kept)
        return kept

    def _new_cache(self, model: Any) -> PlainCache | RaggedCache:
        return PlainCache() if self._policy is None else RaggedCache(model.config.num_hidden_layers)


def read_all(model: Any, cache: Any, token_ids: Sequence[int], stop: Event) -> bool:
    """Read tokens behind what the cache holds; say whether all were read, or it was stopped."""
    for start in range(0, len(token_ids), _PIECE_TOKENS):
        if stop.is_set():
            return False
        piece = torch.tensor([token_ids[start : start + _PIECE_TOKENS]], device=model.device)
        model(input_ids=piece, past_key_values=cache, use_cache=True, logits_to_keep=1)
    return True


def read_gaps(model: Any, cache: Any, token_ids: Sequence[int], known: Sequence[int]) -> None:
    """Read the tokens of a text that a plain cache lacks, in one pass; each sees what stands before it.

    Args:
        model: a causal model.
        cache: holds those at the places `known`, in that order; the others come behind them.
        token_ids: the whole text.
        known: places.
    """
    held = torch.tensor(known)
    is_new = torch.ones(len(token_ids), dtype=torch.bool)
    is_new[held] = False
    new = is_new.nonzero().flatten()
    if not len(new):
        return
    is_later = torch.cat((held, new)) > new[:, None]
    mask = torch.zeros(is_later.shape, dtype=model.dtype).masked_fill_(
        is_later, torch.finfo(model.dtype).min
    )
    model(
        input_ids=torch.tensor(token_ids)[new][None].to(model.device),
        position_ids=new[None].to(model.device),
        attention_mask=mask[None, None].to(model.device),
        past_key_values=cache,
        use_cache=True,
        logits_to_keep=1,
    )


def _passages(tokenizer: Any, token_ids: list[int]) -> list[range]:
    """Give the places of each passage's tokens; none where tokens and text do not lead to each other."""
    text = tokenizer.decode(token_ids, skip_special_tokens=False, clean_up_tokenization_spaces=False)
    again = tokenizer(text, add_special_tokens=False, return_offsets_mapping=True)
    if again["input_ids"] != token_ids:
        return []
    found = []
    for start, end in passage_spans(text):
        places = [
            place
            for place, (first, last) in enumerate(again["offset_mapping"])
            if start <= first and last <= end
        ]
        found.append(range(places[0], places[-1] + 1))
    return found


def _first_and_last_turn(head: list[int], stop_ids: frozenset[int]) -> list[int]:
    """Leave out the turns between, so that passages are kept for all conversations."""
    ends = [place + 1 for place, token_id in enumerate(head) if token_id in stop_ids]
    return [*head[: ends[0]], *head[ends[-1] :]] if ends else head


def _layers(cache: PlainCache | RaggedCache) -> list[tuple[Tensor, Tensor]]:
    """Give (K, T, D) keys and values."""
    return [(layer.keys.flatten(0, -3), layer.values.flatten(0, -3)) for layer in cache.layers]
