"""The nodes of the graph: each takes the state and the parts, and gives back its change.

Work that blocks goes to a thread, so that one question never holds up another.
"""

import asyncio
from collections.abc import Callable
from contextlib import aclosing

from agents.state import Context, State, Step
from rag.core.types import Usage
from rag.generation.answer import AnswerStream, CitedText, build_prompt, refusal
from rag.generation.answer import cite as cite_text

__all__ = ["cite", "generate", "prepare", "refuse", "retrieve"]

Emit = Callable[[str], None]


async def prepare(state: State, context: Context, emit: Emit) -> Step:
    """Make what is searched for: a follow-up is searched with the question before it."""
    earlier = [message.content for message in state["history"] if message.role == "user"]
    query = " ".join([*earlier[-1:], state["question"]])
    return Step(State(query=query), {"query": query})


async def retrieve(state: State, context: Context, emit: Emit) -> Step:
    """Find passages and judge whether they can hold an answer."""
    result = await asyncio.to_thread(context.search, state["query"])
    answerability = await asyncio.to_thread(context.support.answerable, state["query"], result.passages)
    summary = {
        "passages": len(result.passages),
        "sources": list(dict.fromkeys(passage.source for passage in result.passages)),
        "answerability": round(answerability, 3),
        "timings": dict(result.timings),
    }
    is_answerable = answerability >= context.min_answerability
    return Step(State(passages=result.passages, is_answerable=is_answerable), summary)


async def generate(state: State, context: Context, emit: Emit) -> Step:
    """Write the answer from the passages, as it comes."""
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
    summary = {
        "model": generator.capabilities.model,
        "passages": len(prompt.passages),
        "prompt_tokens": usage.prompt_tokens,
        "completion_tokens": usage.completion_tokens,
    }
    return Step(State(draft="".join(draft), passages=list(prompt.passages), usage=usage), summary)


async def cite(state: State, context: Context, emit: Emit) -> Step:
    """Tie each sentence of the draft to the passage span that supports it."""
    cited = await asyncio.to_thread(
        cite_text,
        state["draft"],
        state["passages"],
        support=context.support,
        locate=context.locate,
        question=state["question"],
        min_relevance=context.min_relevance,
    )
    unsupported = sum(not sentence.supported for sentence in cited.sentences)
    return Step(_outcome(cited), {"citations": len(cited.citations), "unsupported_sentences": unsupported})


async def refuse(state: State, context: Context, emit: Emit) -> Step:
    """Say that the documents hold no answer, rather than invent one."""
    refused = refusal()
    emit(refused.text)
    return Step(_outcome(refused))


def _outcome(cited: CitedText) -> State:
    return State(
        answer=cited.text, sentences=cited.sentences, citations=cited.citations, refused=cited.refused
    )
