"""From passages to a prompt, and from a generated text to a cited answer: what the graph's nodes call.

Citations are found by comparing the text with the passages; what the model says about its sources
counts for nothing.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import dropwhile

from rag.core.errors import InvalidInputError
from rag.core.layout import Box
from rag.core.protocols import GenerationOptions, GeneratorCapabilities, Message, Prompt
from rag.core.types import Citation, Passage, Sentence
from rag.generation.context import message_tokens, neutralise, newest, order_passages, pack, render_passages
from rag.generation.markers import shown_whole
from rag.generation.prompts import Template, load_prompt
from rag.reading.support import Evidence, Support
from rag.scoring.sentences import sentence_spans

__all__ = [
    "REFUSAL",
    "CitedText",
    "Locate",
    "build_prompt",
    "cite",
    "not_found",
    "read_as",
    "refusal",
]

REFUSAL = "I could not find this in the documents."
_NOT_FOUND = "Not found in the documents:"
_READ_AS = "Spelling: read "

Locate = Callable[[str, int, int, int], tuple[int | None, tuple[Box, ...]]]
"""(document id, version, start, end) -> the page and the boxes of these characters."""

_MIN_PASSAGE_TOKENS = 64  # with less, a prompt holds no sentence worth reading
_HISTORY_SHARE = 4  # earlier turns take at most a quarter of the prompt

_NOT = r"(?:\ not|n['’]t)"
_REFUSAL_WORDS = re.compile(
    rf"""
      i(?:['’]m|\ am)?\ (?:sorry|not\ able\ to|unable\ to|cannot|can['’]t
        |(?:could|can|do|did){_NOT}\ (?:find|know|have|answer))
    | (?:the|these|none\ of\ the)\ (?:provided\ |given\ )?(?:passages?|documents?|contexts?|texts?)
        \ (?:(?:do|does|did){_NOT}|(?:contain|provide|mention)s?\ no)
    | there\ is\ no\ (?:information|mention|answer)
    | (?:this|the)\ (?:question|answer|information)\ (?:cannot|can['’]t|is{_NOT})""",
    re.VERBOSE | re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class CitedText:
    """An answer's text and what each of its sentences rests on."""

    text: str
    sentences: tuple[Sentence, ...]
    citations: tuple[Citation, ...]
    refused: bool


def build_prompt(
    question: str,
    passages: Sequence[Passage],
    *,
    capabilities: GeneratorCapabilities,
    options: GenerationOptions,
    count_tokens: Callable[[str], int],
    history: Sequence[Message] = (),
) -> Prompt:
    """Write the prompt for a question: as many passages as fit, best first, in the model's favoured order.

    Args:
        question: what is asked.
        passages: what was found, best first.
        capabilities: how much the generator reads and in which order it reads best.
        options: how much room the answer takes.
        count_tokens: the generator's.
        history: earlier turns, oldest first; the newest that fit are kept.

    Raises:
        InvalidInputError: the question leaves no room for passages.
    """
    template = load_prompt("answer")
    asked = neutralise(question)
    bare = template.render({"question": asked, "passages": ""})
    room = capabilities.context_tokens - options.max_tokens - message_tokens(bare, count_tokens)
    if room < _MIN_PASSAGE_TOKENS:
        raise InvalidInputError(
            f"the question leaves {max(room, 0)} of {capabilities.context_tokens} tokens for passages, at"
            f" least {_MIN_PASSAGE_TOKENS} are needed; shorten it, lower max_tokens (now"
            f" {options.max_tokens}) or take a model with a longer context"
        )
    turns = newest(history, budget_tokens=room // _HISTORY_SHARE, count_tokens=count_tokens)
    room -= message_tokens(turns, count_tokens)
    packed = pack(passages, budget_tokens=room, count_tokens=count_tokens)
    blocks = render_passages(order_passages(packed, capabilities.passage_order))
    if capabilities.passage_order == "stable":
        return Prompt(tuple(_as_it_grows(template, blocks, turns, asked)), question, tuple(packed))
    *system, user = template.render({"question": asked, "passages": blocks})
    return Prompt((*system, *turns, user), question, tuple(packed))


def cite(
    text: str,
    passages: Sequence[Passage],
    *,
    support: Support,
    locate: Locate,
    questions: Sequence[str] = ("",),
    min_relevance: float = 0.5,
) -> CitedText:
    """Tie each sentence of a generated text to the span that supports it, if one does.

    The text given back is what `AnswerStream` shows of `text`. An empty text is a refusal in our
    words; one in which the model refuses keeps its words. A refusal has no citations.

    Args:
        text: as generated.
        passages: those of the prompt.
        support: judges how well a span supports a sentence.
        locate: finds page and boxes of a span.
        questions: what was asked; each sentence answers one of them.
        min_relevance: a sentence with less probability of support is not supported, unless it stands in
            a passage word for word.
    """
    clean = shown_whole(text, passages)
    if not clean:
        return refusal()
    sentences: list[Sentence] = []
    citations: list[Citation] = []
    for start, end in sentence_spans(clean):
        if clean.startswith((_NOT_FOUND, _READ_AS), start):
            continue  # it claims nothing of a passage
        evidence = _best_evidence(clean[start:end], passages, support, questions)
        relevance = round(evidence.relevance, 4) if evidence else 0.0
        is_supported = evidence is not None and (evidence.is_verbatim or relevance >= min_relevance)
        sentences.append(Sentence(start, end, is_supported, relevance))
        if evidence and is_supported:
            citations.append(_citation((start, end), evidence, locate))
    # A document may hold such words too: what it supports is a quotation, no refusal.
    is_refused = not citations and _REFUSAL_WORDS.match(clean) is not None
    return CitedText(clean, tuple(sentences), tuple(citations), is_refused)


def not_found(question: str) -> str:
    """Name one of several questions that the documents do not answer.

    >>> not_found("when was it founded?")
    'Not found in the documents: when was it founded?'
    """
    return f"{_NOT_FOUND} {question}"


def read_as(slips: Mapping[str, str]) -> str:
    """Say which words of a question are read as others.

    >>> read_as({"cancle": "cancel"})
    'Spelling: read “cancle” as “cancel”.'
    """
    return f"{_READ_AS}{', '.join(f'“{word}” as “{other}”' for word, other in slips.items())}."


def refusal(reason: str = "") -> CitedText:
    """Give the answer that says that the documents hold none, and why."""
    text = f"{REFUSAL} {reason}".strip()
    sentences = tuple(Sentence(start, end, False, 0.0) for start, end in sentence_spans(text))
    return CitedText(text, sentences, (), True)


def _best_evidence(
    sentence: str, passages: Sequence[Passage], support: Support, questions: Sequence[str]
) -> Evidence | None:
    found = [support.evidence(sentence, passages, question=question) for question in questions]
    return max(
        (evidence for evidence in found if evidence is not None),
        key=lambda evidence: (evidence.is_verbatim, evidence.relevance),
        default=None,
    )


def _citation(span: tuple[int, int], evidence: Evidence, locate: Locate) -> Citation:
    passage = evidence.passage
    start, end = passage.start + evidence.start, passage.start + evidence.end
    page, boxes = locate(passage.document_id, passage.version, start, end)
    return Citation(
        answer_start=span[0],
        answer_end=span[1],
        document_id=passage.document_id,
        version=passage.version,
        chunk_id=passage.chunk_id,
        source=passage.source,
        title=passage.title,
        page=page,
        boxes=boxes,
        start=start,
        end=end,
        quote=passage.text[evidence.start : evidence.end],
        score=round(evidence.score, 4),
        relevance=round(evidence.relevance, 4),
    )


def _as_it_grows(
    template: Template, blocks: str, turns: Sequence[Message], question: str
) -> Iterator[Message]:
    """Give the messages as they were a turn before, and the question behind them.

    The passages stand with the first question that is kept, so that a prompt begins as the last one did.
    """
    asked = [*dropwhile(lambda turn: turn.role != "user", turns), Message("user", question)]
    yield from template.render({"question": asked[0].content, "passages": blocks})
    for turn in asked[1:]:
        if turn.role == "user":
            *_, user = template.render({"question": turn.content, "passages": ""})
            yield Message("user", user.content.strip())
        else:
            yield turn
