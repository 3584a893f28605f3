"""How the steps of a run read in a terminal; text only, no I/O."""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from api.outcomes import call_text
from api.render import answer_text, marked, timings_text
from rag.core.events import (
    AnswerFinished,
    Event,
    PermissionAnswered,
    PermissionAsked,
    RunFailed,
    RunStarted,
    StepFinished,
)
from rag.core.types import Answer, Passage

if TYPE_CHECKING:
    from rag.db.runs import RunSummary

__all__ = ["run_text", "step_text"]

_VALUE_CHARS = 200
_QUOTE_CHARS = 100
_ELSEWHERE = ("evidence", "sources", "timings")  # shown on lines of their own, or said by these


def run_text(run: "RunSummary", events: Sequence[Event]) -> str:
    """Tell a run from its events: the question, each step, the answer and what it rests on."""
    lines = [f"{run.question}  ({run.state})", ""]
    for event in events:
        lines += _lines(event)
    return "\n".join(lines)


def step_text(step: StepFinished) -> str:
    """Give a step: how long it took, what went in and came out, and the passages it found.

    >>> print(step_text(StepFinished(1, "read", 12.0, {"answerability": 0.9}, {"passages": 6})))
    read           12.0 ms  passages: 6 -> answerability: 0.9
    """
    inputs, outputs = _pairs(step.inputs), _pairs(step.summary)
    said = f"{inputs} -> {outputs}" if inputs and outputs else inputs or outputs
    lines = [f"{step.step:10} {step.milliseconds:8.1f} ms  {said}".rstrip()]
    found = step.summary.get("evidence")
    if isinstance(found, list | tuple):
        lines += [_passage(each) for each in found if isinstance(each, Mapping)]
    return "\n".join(lines)


def _lines(event: Event) -> Iterator[str]:
    match event:
        case RunStarted():
            asked = {"collection": event.collection, "retriever": event.retriever}
            yield f"{'asked':10} {'':11}  {_pairs({**asked, 'generator': event.generator})}"
        case StepFinished():
            yield step_text(event)
        case PermissionAsked():
            yield f"{'permission':10} {'':11}  asked: {call_text(event)} {event.effects}"
        case PermissionAnswered():
            answer = "allowed" if event.is_allowed else "forbidden"
            yield f"{'permission':10} {'':11}  {answer}: {event.tool}"
        case RunFailed():
            yield f"\n{event.error}: {event.message}"
            if event.found:
                yield "Found before that:"
            yield from (_passage(_fields(passage)) for passage in event.found)
        case AnswerFinished():
            yield f"\n{answer_text(event.answer)}"
            yield from _attribution(event.answer)
            yield f"\n{timings_text(event.answer.timings)}"


def _attribution(answer: Answer) -> Iterator[str]:
    """Say of each sentence whether it is supported, and by which characters of which document."""
    if not answer.citations:
        return
    yield f"\nEach sentence of “{_short(marked(answer), _QUOTE_CHARS)}”:"
    for sentence in answer.sentences:
        text = _short(answer.answer[sentence.start : sentence.end], _QUOTE_CHARS)
        rests = [
            f"{citation.source}, characters {citation.start} to {citation.end}"
            for citation in answer.citations
            if (citation.answer_start, citation.answer_end) == (sentence.start, sentence.end)
        ]
        verdict = f"supported {sentence.relevance:.2f}" if sentence.supported else "not supported"
        yield f"  {verdict:15} “{text}” {'; '.join(rests)}".rstrip()


def _pairs(values: Mapping[str, object]) -> str:
    shown = (f"{name}: {_value(value)}" for name, value in values.items() if name not in _ELSEWHERE)
    return " · ".join(shown)


def _value(value: object) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
    return _short(text, _VALUE_CHARS)


def _fields(passage: Passage) -> dict[str, Any]:
    return {name: getattr(passage, name) for name in ("source", "page", "score", "text")}


def _passage(found: Mapping[str, Any]) -> str:  # Any: JSON, as agents/nodes.py writes it
    page = f", page {found['page']}" if found.get("page") else ""
    text = _short(str(found.get("text", "")), _QUOTE_CHARS)
    return f"{'':25}{found.get('source')}{page} ({found.get('score')}) “{text}”"


def _short(text: str, chars: int) -> str:
    line = " ".join(text.split())
    return line if len(line) <= chars else line[: chars - 1] + "…"
