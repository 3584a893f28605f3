"""What a refusal shows as the closest sentence, by how likely an answer has to be for one to be shown.

The questions of short_documents.jsonl that are withheld, of their document alone and of all documents, and
questions about other things, of every sixth document alone and of all. Each floor is a row:
`right` is how many of the withheld questions with an answer show a sentence that holds it.

`python -m benchmarks.closest`; the floor was chosen by the part `choice`.
"""

import argparse
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.short_documents import Asked, documents, questions
from indexing.corpus import index_corpus
from rag.compose import DEFAULT, Grove
from rag.core.settings import Settings
from rag.evaluation.metrics import contains_answer

_FLOORS = (0.0, 0.02, 0.05, 0.1, 0.15, 0.2, 0.3)
_OTHER_THINGS = (
    "Who won the world cup in 2018?",
    "What is the capital of Australia?",
    "Who painted the Mona Lisa?",
    "How tall is Mount Everest?",
    "What is the speed of light?",
    "Who wrote Hamlet?",
    "When did the Second World War end?",
    "How many planets are there in the solar system?",
    "What is the boiling point of ethanol?",
    "Who is the president of France?",
    "How do I prune an apple tree?",
    "What is the population of Tokyo?",
    "Why is the sky blue?",
    "Who invented the telephone?",
    "What does photosynthesis need?",
    "can you play chess",
    "When was Mozart born?",
    "Is a whale a fish?",
)


@dataclass(frozen=True, slots=True)
class _Withheld:
    answerability: float
    is_right: bool  # the best sentence holds the answer


def main() -> None:
    """Print the rows of a part."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--part", choices=("choice", "report"), default="choice")
    part = parser.parse_args().part
    with TemporaryDirectory() as home:
        grove = Grove(Settings(home=Path(home)))
        corpus = ((each.id, each.parsed) for each in documents())
        index_corpus(grove, corpus, collection=DEFAULT, kinds=grove.kinds_for(["default"]))
        names = [each.id for each in documents() if each.part == part][::6]
        foreign = [Asked(name, text, None) for text in _OTHER_THINGS for name in names]
        for over in ("its document", "all documents"):
            is_alone = over == "its document"
            others = foreign if is_alone else foreign[:: len(names)]
            withheld = {
                "answered": _withheld(grove, [each for each in questions(part) if each.answer], is_alone),
                "unanswered": _withheld(
                    grove, [each for each in questions(part) if not each.answer], is_alone
                ),
                "about other things": _withheld(grove, others, is_alone),
            }
            for floor in _FLOORS:
                print(
                    json.dumps({"part": part, "over": over, "floor": floor, **_row(withheld, floor)}),
                    flush=True,
                )


def _withheld(grove: Grove, asked: Sequence[Asked], is_alone: bool) -> list[_Withheld]:
    return [found for each in asked for found in _judged(grove, each, is_alone)]


def _judged(grove: Grove, asked: Asked, is_alone: bool) -> Iterator[_Withheld]:
    generation = grove.settings.generation
    condition = {"source": [asked.document]} if is_alone else None
    passages = grove.search(asked.question, k=generation.num_passages, filter=condition).passages
    judged = grove.support.judge(asked.question, passages)
    if judged.answerability < generation.min_answerability:
        best = judged.best
        quote = "" if best is None else best.passage.text[best.start : best.end]
        is_right = asked.answer is not None and contains_answer(quote, [asked.answer])
        yield _Withheld(judged.answerability if best else -1.0, is_right)


def _row(withheld: dict[str, list[_Withheld]], floor: float) -> dict[str, str]:
    shown = {
        kind: [each for each in found if each.answerability >= floor] for kind, found in withheld.items()
    }
    right = [sum(each.is_right for each in found["answered"]) for found in (shown, withheld)]
    counts = {kind: f"{len(shown[kind])} of {len(found)}" for kind, found in withheld.items()}
    return {"right": f"{right[0]} of {right[1]}", **counts}


if __name__ == "__main__":
    main()
