"""The last nodes of the graph: write from the passages and cite them, say what is missing, or greet."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from agents.compound import joined
from agents.state import Context, State, Step
from agents.writing import Emit, show_nothing, write
from rag.core.protocols import Delta, Generator, Prompt
from rag.core.types import Missing, Passage, Usage
from rag.generation.answer import CitedText, build_prompt, not_found, read_as, refusal
from rag.generation.answer import cite as cite_text
from rag.generation.closest import closest
from rag.generation.constrained.conditions import conditions_of
from rag.generation.context import neutralise
from rag.generation.markers import shown_whole
from rag.reading.missing import missing, missing_text
from rag.scoring.spelling import spelt

__all__ = ["cite", "generate", "greet", "refuse"]

_MAX_UNMET = 300  # characters of why a tool gave nothing
_MAX_DOUBTED = 2  # times that a run searches again for what its generator doubts


async def generate(state: State, context: Context, emit: Emit) -> Step:
    """Write the answer from the passages, as it comes; that of a checked generator once it is checked."""
    generator = context.generator
    if state.get("is_of_tool") and generator.capabilities.quotes_verbatim:
        return _as_it_is(state, emit)
    prompt = await asyncio.to_thread(
        build_prompt,
        spelt(state["question"], state.get("spelt", {})),
        state["passages"],
        capabilities=generator.capabilities,
        options=context.options,
        count_tokens=generator.count_tokens,
        history=state["history"],
    )
    conditions = conditions_of(context.conditions, prompt.passages)
    context = replace(context, options=replace(context.options, conditions=conditions))
    prompt = replace(prompt, question=state["query"])  # what quotes reads a follow-up with its subject
    is_checked = generator.capabilities.is_checked
    doubts = _Doubts(context.max_doubt, state)
    show = show_nothing if is_checked or doubts.is_heeded else emit
    draft, usage = await _written(
        prompt, context, show, generator=generator, state=state, until=doubts.are_too_much
    )
    inputs = {
        "question": state["query"],
        "passages": len(state["passages"]),
        "turns": len(state["history"]),
    }
    if doubts.words:
        update = State(doubted=doubts.words, num_doubted=state.get("num_doubted", 0) + 1, usage=usage)
        return Step(update, {"model": generator.capabilities.model, "doubts": list(doubts.words)}, inputs)
    if doubts.is_heeded and not is_checked:
        emit(shown_whole(draft, prompt.passages))
    used = generator
    if is_checked:
        cited = await asyncio.to_thread(_cited, draft, prompt.passages, state, context)
        if _stands(cited, state["short_answer"]):
            emit(cited.text)
        else:
            used = context.quoting
            draft, _ = await _written(prompt, context, emit, generator=used, state=state)
    if slips := state.get("spelt"):
        note = f"\n\n{read_as(slips)}"
        emit(note)
        draft += note
    summary = {
        "model": used.capabilities.model,
        "passages": len(prompt.passages),
        "prompt_tokens": usage.prompt_tokens,
        "completion_tokens": usage.completion_tokens,
        "passes": usage.passes,
        **({"cache_bytes": usage.cache_bytes} if usage.cache_bytes else {}),
        **({"reused_tokens": usage.reused_tokens} if usage.reused_tokens else {}),
    }
    return Step(State(draft=draft, passages=list(prompt.passages), usage=usage), summary, inputs)


@dataclass(slots=True)
class _Doubts:
    """What the generator doubts too much to go on (ATLAS, section 3.2): so often at most in a run."""

    most: float | None
    state: State
    words: tuple[str, ...] = ()

    @property
    def is_heeded(self) -> bool:
        return self.most is not None and self.state.get("num_doubted", 0) < _MAX_DOUBTED

    def are_too_much(self, delta: Delta) -> bool:
        """Say whether to stop; a doubt with nothing to search for is none."""
        if self.is_heeded and self.most is not None and delta.doubt and delta.doubt.score > self.most:
            self.words = delta.doubt.words
        return bool(self.words)


async def _written(
    prompt: Prompt,
    context: Context,
    emit: Emit,
    *,
    generator: Generator,
    state: State,
    until: Callable[[Delta], bool] | None = None,
) -> tuple[str, Usage]:
    """Let a model write to the whole question; what quotes answers one question after the other.

    What the passages do not answer is named at the end.
    """
    parts = state["parts"]
    if len(parts) == 1 or not generator.capabilities.quotes_verbatim:
        return await write(prompt, context, emit, generator=generator, state=state, until=until)
    drafts, usage = [], state.get("usage", Usage())
    for part in parts:
        if part not in state["open_parts"]:
            asked = replace(prompt, question=part.query)
            draft, usage = await write(asked, context, show_nothing, generator=generator, state=state)
            drafts.append(draft)
    drafts += [not_found(part.said) for part in state["open_parts"]]
    text = joined(drafts)
    emit(shown_whole(text, prompt.passages))
    return text, usage


def _as_it_is(state: State, emit: Emit) -> Step:
    """Answer with what the tool gave, all of it: sentences chosen from a list would be no list."""
    draft = "\n\n".join(passage.text for passage in state["passages"])
    emit(shown_whole(draft, state["passages"]))  # what a tool gave may be anybody's text
    return Step(State(draft=draft), {"passages": len(state["passages"])})


def _stands(cited: CitedText, short_answer: str | None) -> bool:
    says_it = short_answer is None or short_answer.casefold() in cited.text.casefold()
    return says_it and not cited.refused and all(sentence.supported for sentence in cited.sentences)


async def cite(state: State, context: Context, emit: Emit) -> Step:
    """Tie each sentence of the draft to the passage span that supports it."""
    cited = await asyncio.to_thread(_cited, state["draft"], state["passages"], state, context)
    short = state["short_answer"]
    if cited.refused or (short and short.casefold() not in cited.text.casefold()):
        short = None  # what was written says something else
    unsupported = sum(not sentence.supported for sentence in cited.sentences)
    gap = await asyncio.to_thread(_missing, state, context) if cited.refused else None
    summary = {"citations": len(cited.citations), "unsupported_sentences": unsupported}
    return Step(_outcome(cited, short, gap), summary, {"sentences": len(cited.sentences)})


async def refuse(state: State, context: Context, emit: Emit) -> Step:
    """Say that the documents hold no answer and what of the question they lack, rather than invent one."""
    gap = await asyncio.to_thread(_missing, state, context)
    # Why a tool failed may be anybody's text; where one was wanted, words that passages lack say nothing.
    unmet = shown_whole(neutralise(state.get("unmet", "")[:_MAX_UNMET]), ())
    said = unmet or missing_text(state["query"], gap)
    if slips := state.get("spelt"):
        said += f" {read_as(slips)}"
    refused = refusal(said)
    emit(refused.text)
    summary = {"missing": list(gap.terms)}
    return Step(
        _outcome(refused, None, gap), summary, {"searched": gap.searched, "passages": gap.num_passages}
    )


async def greet(state: State, context: Context, emit: Emit) -> Step:
    """Reply to a greeting, to thanks and the like: nothing is searched, claimed or cited."""
    reply = state["reply"]
    emit(reply)
    return Step(_outcome(CitedText(reply, (), (), False), None, None), {"reply": reply})


def _missing(state: State, context: Context) -> Missing:
    """Give what is missing; where a tool was wanted or has answered, no sentence of a document is meant."""
    gap = missing(state["query"], state["searched"], state["passages"])
    if "judged" not in state or state.get("unmet") or state.get("is_of_tool"):
        return gap
    return replace(gap, closest=closest(state["judged"], context.locate))


def _cited(draft: str, passages: Sequence[Passage], state: State, context: Context) -> CitedText:
    return cite_text(
        draft,
        passages,
        support=context.support,
        locate=context.locate,
        questions=[part.query for part in state["parts"]],
        min_relevance=context.min_relevance,
    )


def _outcome(cited: CitedText, short_answer: str | None, gap: Missing | None) -> State:
    return State(
        answer=cited.text,
        short_answer=short_answer,
        sentences=cited.sentences,
        citations=cited.citations,
        refused=cited.refused,
        missing=gap,
    )
