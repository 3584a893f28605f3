"""The nodes of the graph: each takes the state and the parts, and gives back its change.

Work that blocks goes to a thread, so that one question never holds up another.
"""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import aclosing
from dataclasses import replace

from agents.followups import stand_alone
from agents.state import Context, State, Step
from rag.core.protocols import Generator, Prompt
from rag.core.types import Passage, Usage
from rag.generation.answer import AnswerStream, CitedText, build_prompt, refusal
from rag.generation.answer import cite as cite_text

__all__ = ["cite", "generate", "prepare", "read", "refuse", "retrieve"]

Emit = Callable[[str], None]


async def prepare(state: State, context: Context, emit: Emit) -> Step:
    """Make what is read: a follow-up stands alone. It is searched with the question before it besides."""
    question = state["question"]
    query = stand_alone(question, state["history"])
    earlier = [message.content for message in state["history"] if message.role == "user"]
    searched = query if query == question else f"{earlier[-1]} {query}"
    return Step(State(query=query, searched=searched), {"query": query, "searched": searched})


async def retrieve(state: State, context: Context, emit: Emit) -> Step:
    """Find passages."""
    result = await asyncio.to_thread(context.search, state["searched"])
    summary = {
        "passages": len(result.passages),
        "sources": list(dict.fromkeys(passage.source for passage in result.passages)),
        "timings": dict(result.timings),
    }
    return Step(State(passages=result.passages), summary)


async def read(state: State, context: Context, emit: Emit) -> Step:
    """Judge whether the passages hold an answer, and which few words of them are it."""
    answerability, short = await asyncio.to_thread(
        context.support.answer_in, state["query"], state["passages"]
    )
    summary = {"answerability": round(answerability, 3), "short_answer": short}
    is_answerable = answerability >= context.min_answerability
    return Step(State(is_answerable=is_answerable, short_answer=short), summary)


async def generate(state: State, context: Context, emit: Emit) -> Step:
    """Write the answer from the passages, as it comes; that of a checked generator once it is checked."""
    generator = context.generator
    prompt = await asyncio.to_thread(
        build_prompt,
        state["question"],
        state["passages"],
        capabilities=generator.capabilities,
        options=context.options,
        count_tokens=generator.count_tokens,
        history=state["history"],
    )
    prompt = replace(prompt, question=state["query"])  # what quotes reads a follow-up with its subject
    is_checked = generator.capabilities.is_checked
    draft, usage = await _write(generator, prompt, context, _show_nothing if is_checked else emit)
    used = generator
    if is_checked:
        cited = await asyncio.to_thread(_cited, draft, prompt.passages, state["query"], context)
        if _stands(cited, state["short_answer"]):
            emit(cited.text)
        else:
            used = context.quoting
            draft, _ = await _write(used, prompt, context, emit)
    summary = {
        "model": used.capabilities.model,
        "passages": len(prompt.passages),
        "prompt_tokens": usage.prompt_tokens,
        "completion_tokens": usage.completion_tokens,
    }
    return Step(State(draft=draft, passages=list(prompt.passages), usage=usage), summary)


async def _write(generator: Generator, prompt: Prompt, context: Context, emit: Emit) -> tuple[str, Usage]:
    shown = AnswerStream(prompt.passages)
    usage = Usage()
    draft: list[str] = []
    async with aclosing(generator.stream(prompt, context.options)) as deltas:
        async for delta in deltas:
            draft.append(delta.text)
            usage = delta.usage or usage
            if text := shown.feed(delta.text):
                emit(text)
    if text := shown.finish():
        emit(text)
    return "".join(draft), usage


def _show_nothing(text: str) -> None:
    """Wait until all is written."""


def _stands(cited: CitedText, short_answer: str | None) -> bool:
    says_it = short_answer is None or short_answer.casefold() in cited.text.casefold()
    return says_it and not cited.refused and all(sentence.supported for sentence in cited.sentences)


async def cite(state: State, context: Context, emit: Emit) -> Step:
    """Tie each sentence of the draft to the passage span that supports it."""
    cited = await asyncio.to_thread(_cited, state["draft"], state["passages"], state["query"], context)
    short = state["short_answer"]
    if cited.refused or (short and short.casefold() not in cited.text.casefold()):
        short = None  # what was written says something else
    unsupported = sum(not sentence.supported for sentence in cited.sentences)
    update = _outcome(cited, short)
    return Step(update, {"citations": len(cited.citations), "unsupported_sentences": unsupported})


async def refuse(state: State, context: Context, emit: Emit) -> Step:
    """Say that the documents hold no answer, rather than invent one."""
    refused = refusal()
    emit(refused.text)
    return Step(_outcome(refused, None))


def _cited(draft: str, passages: Sequence[Passage], question: str, context: Context) -> CitedText:
    return cite_text(
        draft,
        passages,
        support=context.support,
        locate=context.locate,
        question=question,
        min_relevance=context.min_relevance,
    )


def _outcome(cited: CitedText, short_answer: str | None) -> State:
    return State(
        answer=cited.text,
        short_answer=short_answer,
        sentences=cited.sentences,
        citations=cited.citations,
        refused=cited.refused,
    )
