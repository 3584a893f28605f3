"""An answer that is written together with others and fails says so; nobody waits for ever."""

from collections.abc import Sequence
from pathlib import Path
from queue import SimpleQueue
from threading import Thread

from _tiny import generator
from torch import Tensor

from rag.core.errors import GenerationError
from rag.generation.backends._batching import Batch
from rag.generation.backends._choice import TokenChoice
from rag.generation.backends._streaming import Progress
from rag.generation.kv._prefixes import Prefixes
from rag.generation.kv._store import ByteStore


class LostOnce(Prefixes):
    """Fails the first time that it is asked."""

    is_asked = False

    def find(self, token_ids: Sequence[int]) -> list[tuple[Tensor, Tensor]]:
        if not self.is_asked:
            self.is_asked = True
            raise RuntimeError("no memory")
        return super().find(token_ids)


def end_of(batch: Batch, prompt: list[int]) -> list[int] | GenerationError:
    """Give an answer, or the error that it ended with, within a minute."""
    ends: SimpleQueue[list[int] | GenerationError] = SimpleQueue()

    def ask() -> None:
        choice = TokenChoice(temperature=0, seed=0)
        try:
            ends.put(list(batch.tokens(prompt, choice, max_tokens=3, progress=Progress())))
        except GenerationError as error:
            ends.put(error)

    Thread(target=ask, daemon=True).start()
    return ends.get(timeout=60)


def test_a_beginning_that_cannot_be_taken_up_fails_its_answer_and_no_later_one(tmp_path: Path) -> None:
    loaded = generator(tmp_path, max_batch=1)._load()
    batch = Batch(loaded.model, loaded.stop_ids, size=2, prefixes=LostOnce(ByteStore(1 << 20)))
    failed, later = end_of(batch, [5, 6]), end_of(batch, [5, 6])
    assert isinstance(failed, GenerationError)
    assert "no memory" in str(failed)
    plain = Batch(loaded.model, loaded.stop_ids, size=2)
    assert later == end_of(plain, [5, 6])
