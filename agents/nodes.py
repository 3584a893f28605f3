"""The nodes of the graph but the last ones: each takes the state and the parts, and gives back its change.

Work that blocks goes to a thread, so that one question never holds up another.
"""

import asyncio
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from itertools import zip_longest

from agents.abilities import declined
from agents.commands import as_question
from agents.compound import Part, parts_of
from agents.courtesy import recalled, reply_to, without_courtesies
from agents.followups import behind, leans, stand_alone
from agents.openings import Opening
from agents.rewriting import is_faithful
from agents.routing import choose
from agents.shares import Share, amount, quoted, share_of, tells_share, with_unit
from agents.state import Context, State, Step
from agents.summaries import call_in_short, evidence, found_in_short
from agents.tables import AskedTable
from agents.turns import in_turn
from agents.writing import Emit, asked
from rag.core.errors import LimitReachedError, RagError
from rag.core.protocols import Message
from rag.core.types import Passage, SearchResult, Usage
from rag.generation.context import neutralise, newest
from rag.reading.candidates import Judgement
from rag.scoring.rows import header_lines
from rag.scoring.spelling import spelt

__all__ = ["act", "hop", "plan", "prepare", "read", "retrieve", "route", "search_again"]


async def prepare(state: State, context: Context, emit: Emit) -> Step:
    """Make what is read: a follow-up stands alone. It is searched with the question before it besides."""
    question, history = state["question"], state["history"]
    if (reply := _reply(question, history, context)) is not None:
        return Step(State(query=question, reply=reply), {"query": question}, {"question": question})
    kept = await asyncio.to_thread(_newest, state, context) if history else ()
    query, by, usage = as_question(stand_alone(question, history)), "rules", state.get("usage", Usage())
    if kept and context.rewriter == "model" and context.generator.capabilities.follows_instructions:
        safe = neutralise(question)
        rewritten, usage = await asked("standalone", {"question": safe}, context, state, history=kept)
        if is_faithful(rewritten, question, history):
            query, by = rewritten, "model"
    earlier = [message.content for message in without_courtesies(history) if message.role == "user"]
    goes_on = bool(earlier) and (query != question or leans(question))
    searched = behind(earlier[-1], query) if goes_on else query
    parts = parts_of(query)
    share = share_of(query) if context.tools is not None and len(parts) == 1 else None
    if share is not None:
        query = share.question
        parts = parts_of(query)
    summary: dict[str, object] = {"query": query, "searched": searched}
    if share is not None:
        summary["percent"] = share.percent
    if len(parts) > 1:
        summary["parts"] = [part.query for part in parts]
    if query != question:
        summary["rewritten_by"] = by
    update = State(
        history=kept, query=query, parts=tuple(parts), searched=searched, usage=usage, share=share
    )
    return Step(update, summary, {"question": question, "turns": len(history), "turns_read": len(kept)})


def _reply(question: str, history: Sequence[Message], context: Context) -> str | None:
    """Give what is said to an utterance that asks nothing of the documents, or asks what cannot be done."""
    quotes = context.generator.capabilities.quotes_verbatim
    return reply_to(question) or recalled(question, history) or (declined(question) if quotes else None)


async def retrieve(state: State, context: Context, emit: Emit) -> Step:
    """Find passages; of several questions at once, each finds its own besides.

    Words of the question that are misspelt are read as words of what was found, and it is searched again.
    Where an overview of a document is wanted, its beginning comes first, and where rows of a table are, the
    whole of it.
    """
    opened = await asyncio.to_thread(context.openings, state["query"]) if context.openings else []
    if opened:
        return await _opened(opened, state, context)
    result = await _search(state["searched"], state["parts"], context)
    update, summary = State(passages=result.passages), {}
    slips = await asyncio.to_thread(context.support.respellings, state["query"], result.passages)
    if slips:
        query, searched = spelt(state["query"], slips), spelt(state["searched"], slips)
        parts = tuple(parts_of(query))
        result = await _search(searched, parts, context)
        update = State(passages=result.passages, query=query, searched=searched, parts=parts, spelt=slips)
        summary = {"read_as": slips}
    query = update.get("query", state["query"])
    if context.asked_table and (
        table := await asyncio.to_thread(context.asked_table, query, result.passages)
    ):
        result, tabled = _tabled(table, result, context)
        update |= tabled
    return Step(update, {**found_in_short(result), **summary}, {"searched": state["searched"]})


def _tabled(table: AskedTable, result: SearchResult, context: Context) -> tuple[SearchResult, State]:
    """Put the whole of a table in the place of its parts; where that is too much, say so."""
    whole, most = table.passage, context.options.max_tokens
    unmet = ""
    if not table.rows:
        unmet = (
            f"The table in {whole.title} is too long to be looked through; an SQL source can be asked that."
        )
    elif context.generator.count_tokens("\n".join(table.rows)) > most:
        num_rows = len(table.rows) - len(header_lines(table.rows))
        unmet = (
            f"{num_rows} rows of {whole.title} have that, which an answer of {most} words does not hold:"
            " ask for fewer, or raise GROVE_GENERATION__MAX_TOKENS."
        )
    if unmet:
        return replace(result, passages=[]), State(passages=[], unmet=unmet)
    others = [
        passage
        for passage in result.passages
        if passage.document_id != whole.document_id or not whole.start <= passage.start < whole.end
    ]
    result = replace(result, passages=[whole, *others])
    return result, State(passages=result.passages, is_opened=True)


async def _opened(opened: Sequence[Opening], state: State, context: Context) -> Step:
    """Read the beginnings of the documents that are asked after, each as a question of its own."""
    if unmet := " ".join(each.unmet for each in opened if each.unmet):
        return Step(State(passages=[], unmet=unmet), {"passages": 0}, {"searched": state["searched"]})
    result = await asyncio.to_thread(context.search, state["searched"])
    first = {passage.chunk_id: passage for each in opened for passage in each.passages}
    others = [passage for passage in result.passages if passage.chunk_id not in first]
    result = replace(result, passages=[*first.values(), *others][: max(len(result.passages), len(first))])
    parts = tuple(Part(each.said, each.query) for each in opened)
    query = parts[0].query if len(parts) == 1 else state["query"]
    update = State(passages=result.passages, query=query, parts=parts, is_opened=True)
    summary = {**found_in_short(result), "begins": [each.title for each in opened]}
    return Step(update, summary, {"searched": state["searched"]})


async def _search(searched: str, parts: Sequence[Part], context: Context) -> SearchResult:
    result = await asyncio.to_thread(context.search, searched)
    if len(parts) > 1:
        results = [await asyncio.to_thread(context.search, part.query) for part in parts]
        result = _merged([*results, result])
    return result


async def route(state: State, context: Context, emit: Emit) -> Step:
    """Choose the way of the question by what was found and what there is."""
    choice = await choose(state, context)
    update = State(route=choice.route, tools=choice.tools, usage=choice.usage, hopped=choice.hopped)
    summary = {"route": choice.route, "by": choice.by, "signals": choice.signals}
    return Step(update, summary, {"ways": choice.ways, "passages": len(state["passages"])})


async def hop(state: State, context: Context, emit: Emit) -> Step:
    """Search on from what was found, unless that was done to judge whether to."""
    assert context.hop is not None, "this way is open only where there is such a search"
    before = {passage.chunk_id for passage in state["passages"]}
    if (result := state["hopped"]) is None:
        result = await asyncio.to_thread(context.hop, state["searched"])
    new = sum(passage.chunk_id not in before for passage in result.passages)
    return Step(
        State(passages=result.passages), {**found_in_short(result), "new": new}, {"passages": len(before)}
    )


async def search_again(state: State, context: Context, emit: Emit) -> Step:
    """Search for what the generator's doubt is about; what that finds comes beside what was there."""
    words, before = " ".join(state["doubted"]), state["passages"]
    result = await asyncio.to_thread(context.search, words)
    known = {passage.chunk_id for passage in before}
    new = [passage for passage in result.passages if passage.chunk_id not in known]
    passages = [each for pair in zip_longest(new, before) for each in pair if each is not None]
    update = State(passages=passages, doubted=())
    return Step(
        update, {**found_in_short(replace(result, passages=passages)), "new": len(new)}, {"words": words}
    )


async def plan(state: State, context: Context, emit: Emit) -> Step:
    """Choose a tool and what it is given; a question that gives no arguments is read as any other."""
    assert context.tools is not None, "this way is open only where there are tools"
    context.meter.usage = state.get("usage", Usage())
    call = await context.tools.plan(state["query"], state["tools"])
    summary = {"tool": None} if call is None else call_in_short(call)
    return Step(
        State(call=call, usage=context.meter.usage),
        summary,
        {"query": state["query"], "tools": list(state["tools"])},
    )


async def act(state: State, context: Context, emit: Emit) -> Step:
    """Call the tool: what it gives is read in the place of passages; where it fails, those stay."""
    call = state["call"]
    assert context.tools is not None, "the call was planned by them"
    assert call is not None, "the way here is a call"
    context.meter.usage = state.get("usage", Usage())
    try:
        results = await context.tools.run(call)
    except LimitReachedError:
        raise
    except RagError as error:
        update = State(call=None, unmet=f"The tool {call.tool} gave nothing: {error}.")
        return Step(update | State(usage=context.meter.usage), {"error": str(error)}, call_in_short(call))
    update = State(call=None, usage=context.meter.usage)
    if not results:
        return Step(update, {"results": 0}, call_in_short(call))
    summary = {"results": len(results), "evidence": evidence(results)}
    return Step(update | State(passages=results, is_of_tool=True), summary, call_in_short(call))


async def read(state: State, context: Context, emit: Emit) -> Step:
    """Judge whether the passages hold an answer, and which few words of them are it.

    Each of several questions at once is judged by itself; where none is answered, all together as one.
    """
    passages, parts = state["passages"], state["parts"]
    judged = [await in_turn(context.support.judge, part.query, passages) for part in parts]
    if len(parts) > 1 and all(each.answerability < context.min_answerability for each in judged):
        parts = (Part(state["query"], state["query"]),)
        judged = [await in_turn(context.support.judge, state["query"], passages)]
    is_open = [each.answerability < context.min_answerability for each in judged]
    likeliest = max(judged, key=lambda each: each.answerability)
    reckoned = [] if all(is_open) else await _reckoned(state, context, likeliest)
    shares = [state.get("share") or share_of(part.query) for part in parts]
    if not reckoned and context.generator.capabilities.quotes_verbatim:  # the whole is no answer
        lacks = [_lacks(share, each) for share, each in zip(shares, judged, strict=True)]
        is_open = [each or is_without for each, is_without in zip(is_open, lacks, strict=True)]
    open_parts = tuple(part for part, each in zip(parts, is_open, strict=True) if each)
    # What a tool gave is the answer, in whatever words: the judgement was fitted on prose.
    is_of_tool = state.get("is_of_tool", False)
    is_answerable = is_of_tool or not all(is_open)
    shorts = [each.short_answer for each, is_unmet in zip(judged, is_open, strict=True) if not is_unmet]
    short = judged[0].short_answer if len(parts) == 1 else shorts[0] if len(shorts) == 1 else None
    is_list = is_of_tool and sum(len(passage.text.splitlines()) for passage in passages) > 1
    if is_list or any(shares):
        short = None  # a list is not answered by one of its words, nor a share by the whole
    summary: dict[str, object] = {
        "answerability": round(likeliest.answerability, 3),
        "short_answer": short,
    }
    if is_answerable and open_parts:
        summary["not_answered"] = [part.said for part in open_parts]
    update = State(
        is_answerable=is_answerable,
        judged=likeliest,
        short_answer=short,
        parts=parts,
        open_parts=open_parts,
    )
    if reckoned:
        update |= State(passages=reckoned, is_of_tool=True)
        summary["reckoned"] = reckoned[0].text
    return Step(update, summary, {"query": state["query"], "passages": len(passages)})


def _lacks(share: Share | None, judged: Judgement) -> bool:
    """Say whether a share is asked for whose percentage the likeliest sentence does not tell."""
    return share is not None and (judged.best is None or not tells_share(quoted(judged.best).text, share))


async def _reckoned(state: State, context: Context, judged: Judgement) -> list[Passage]:
    """Give the share of the amount that was found, and the sentence that has the amount; else nothing."""
    share, number, best = state.get("share"), amount(judged.short_answer), judged.best
    if share is None or best is None or number is None or context.tools is None:
        return []
    if tells_share(judged.short_answer or "", share):
        return []  # "20% of the budget is spent on travel" has no amount
    call = await context.tools.plan(f"{share.percent}% of {number}", ["calculator"])
    if call is None:
        return []
    return [*(with_unit(each, best) for each in await context.tools.run(call)), quoted(best)]


def _merged(results: Sequence[SearchResult]) -> SearchResult:
    """Give as many passages as one search finds, the best of each first."""
    ranks = zip_longest(*(result.passages for result in results))
    found = {passage.chunk_id: passage for rank in ranks for passage in rank if passage is not None}
    most = max(len(result.passages) for result in results)
    timings: Counter[str] = Counter()
    for result in results:
        timings.update(result.timings)
    return replace(results[0], passages=list(found.values())[:most], timings=timings)


def _newest(state: State, context: Context) -> tuple[Message, ...]:
    limit = context.limits.history_tokens
    return newest(state["history"], budget_tokens=limit, count_tokens=context.generator.count_tokens)
