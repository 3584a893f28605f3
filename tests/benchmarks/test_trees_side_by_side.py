"""Trees read side by side, each behind its own cache, give the answers and passes of trees read alone."""

from functools import partial
from pathlib import Path

from _tiny import SIZE, generator, prompts

from benchmarks._speculation_prompts import Asked
from benchmarks._speculation_runs import Nothing, Run, decoded, read
from benchmarks._trees_side_by_side import TreesSideBySide
from rag.generation.speculation._drafts import Proposer
from rag.generation.speculation.lookup import Lookup
from rag.generation.speculation.rasd import Rasd
from rag.generation.speculation.recycling import Recycling

LIMIT = 30


def _proposers() -> list[Proposer]:
    return [Nothing(), Lookup(), Recycling(9), Rasd(5)]


def test_side_by_side_is_alone(tmp_path: Path) -> None:
    loaded = generator(tmp_path)._load()
    assert len(loaded.tokenizer) == SIZE
    together, alone, trees = _proposers(), _proposers(), TreesSideBySide(loaded.model)
    saved = 0
    for number, token_ids in enumerate(prompts(8)):
        prompt = read(loaded, Asked(str(number), "a", tuple(token_ids)))
        found = trees.run(
            [
                partial(decoded, loaded, prompt, each, LIMIT, no_repeat_tokens=0, side_by_side=trees)
                for each in together
            ]
        )
        wanted: list[Run] = [decoded(loaded, prompt, each, LIMIT, no_repeat_tokens=0) for each in alone]
        assert [(run.token_ids, run.passes) for run in found] == [
            (run.token_ids, run.passes) for run in wanted
        ]
        assert all(run.token_ids == wanted[0].token_ids for run in wanted)
        saved += wanted[0].passes - wanted[2].passes
    assert saved > 0
