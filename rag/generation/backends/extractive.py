"""Answers without a language model: the few words that answer, and the sentences that hold them, verbatim.

Knows which sentences to take and how to set them side by side; how likely one answers is support.py's.
"""

import asyncio
import re
from collections.abc import AsyncGenerator, Sequence
from dataclasses import replace
from itertools import takewhile
from textwrap import dedent

from rag.core.errors import GenerationError
from rag.core.protocols import Delta, GenerationOptions, GeneratorCapabilities, Prompt
from rag.core.types import Usage
from rag.generation.answer import REFUSAL
from rag.reading.candidates import Candidate, short_answer
from rag.reading.lists import denies, is_item, list_lead
from rag.reading.overview import told_whole
from rag.reading.prose import without_underline
from rag.reading.questions import asks_how, asks_yes_or_no
from rag.reading.support import Support
from rag.scoring.fences import FENCES, is_fenced
from rag.scoring.quotations import blank_marks
from rag.scoring.rows import cell_spans, header_lines, is_row
from rag.scoring.sentences import sentence_spans

__all__ = ["Extractive"]

# A sentence that opens like this says something of what stands before it.
_LEANS_BACK = re.compile(
    r"(?:he|she|it|they|this|these|those|his|her|its|their|such|however|but|thus|therefore|then)\b",
    re.IGNORECASE,
)

# One that gives the reason for what stands before it, of which neither has to say so.
_GOES_ON = re.compile(
    rf"(?:{_LEANS_BACK.pattern}|because|otherwise|else|the reason|without)\b", re.IGNORECASE
)
_REASON = re.compile(
    r"\b(?:because|since|so that|due to|owing to|in order to|to avoid|otherwise)\b", re.IGNORECASE
)
_ONLY_SAYS_SO = re.compile(r"(?:yes|no|not quite|it depends|that depends)[.!]", re.IGNORECASE)
_WHY = re.compile(r"\bwhy\b|\bhow come\b|\breasons?\b", re.IGNORECASE)
_LEADS = (":", "：", "...", "…")  # how a sentence ends that leads to a list or to code
_MAX_PARTS = 12
_UNIT = re.compile(r"\bin (?:thousands|millions|billions|percent|per cent|%)", re.IGNORECASE)
_SAME_SHARE = 0.8  # at least; a further sentence with the same short answer has to be worth its length
_MAX_CAPTION = 200  # characters


class Extractive:
    """Quote the sentences that are likeliest to answer: best passage first, each in its own order."""

    def __init__(self, support: Support, max_sentences: int = 2, min_share: float = 0.6) -> None:
        """Set how much is quoted.

        Args:
            support: ranks the sentences.
            max_sentences: at most so many, a sentence taken for context not counted.
            min_share: a further sentence is at least this share as likely an answer as the best.
        """
        self._support = support
        self._max_sentences = max_sentences
        self._min_share = min_share

    @property
    def capabilities(self) -> GeneratorCapabilities:
        """Say that it quotes, and reads as much as there is."""
        return GeneratorCapabilities(model="extractive", context_tokens=1_000_000, quotes_verbatim=True)

    def count_tokens(self, text: str) -> int:
        """Count words: there is no tokenizer."""
        return len(text.split())

    async def stream(self, prompt: Prompt, options: GenerationOptions) -> AsyncGenerator[Delta, None]:
        """Give one sentence at a time.

        Raises:
            GenerationError: ranking took longer than the time limit.
        """
        try:
            async with asyncio.timeout(options.timeout_seconds):
                short, chosen = await asyncio.to_thread(self._chosen, prompt)
        except TimeoutError as error:
            raise GenerationError(
                f"ranking the sentences took longer than {options.timeout_seconds} s; raise the limit or"
                " take fewer passages"
            ) from error
        written = short or ""
        if short:
            yield Delta(short)
        for candidate in chosen:
            sentence = _shown(_text(candidate))
            if sentence.rstrip(".") == written:
                continue  # the sentence is the answer
            piece = _joint(written, sentence) + sentence
            if written and self.count_tokens(written + piece) > options.max_tokens:
                break
            written += piece
            yield Delta(piece)
        if not written:
            yield Delta(REFUSAL)
        read = sum(self.count_tokens(message.content) for message in prompt.messages)
        yield Delta("", Usage(read, self.count_tokens(written or REFUSAL)))

    def _chosen(self, prompt: Prompt) -> tuple[str | None, list[Candidate]]:
        """Give the few words that answer, if such, and the sentences to quote."""
        if (told := told_whole(prompt.question, prompt.passages)) is not None:
            passage, spans = told
            return None, [Candidate(passage, start, end, 1.0) for start, end in spans]
        ranked = self._support.rank(prompt.question, prompt.passages)
        short = short_answer(prompt.question, ranked)
        return short and ranked[0].told, self._likeliest(prompt.question, ranked, short)

    def _likeliest(self, question: str, ranked: Sequence[Candidate], short: str | None) -> list[Candidate]:
        share = max(self._min_share, _SAME_SHARE) if short else self._min_share
        chosen: list[Candidate] = []
        quoted: set[str] = set()
        told = [each for each in ranked if _has_words(_text(each))]  # not the rule below a header
        for candidate in told[: 4 * self._max_sentences]:
            words = " ".join(_text(candidate).casefold().split())
            is_likely = candidate.relevance >= share * told[0].relevance
            if short and (candidate.short_answer or "").casefold() != short.casefold():
                continue  # it answers otherwise
            if len(chosen) < self._max_sentences and is_likely and words not in quoted:
                quoted.add(words)
                chosen.append(candidate)
        order: dict[str, int] = {}
        for number, candidate in enumerate(chosen):
            order.setdefault(candidate.passage.chunk_id, number)
        with_context: dict[tuple[int, int], Candidate] = {}
        for candidate in chosen:
            before, behind = _before(question, candidate, ranked), _behind(question, candidate, ranked)
            dated = [replace(candidate, start=start, end=end) for start, end in candidate.below]
            around = (*before, candidate, *behind, *dated)
            with_context |= {(order[each.passage.chunk_id], each.start): each for each in around}
        return [with_context[place] for place in sorted(with_context)]


def _shown(text: str) -> str:
    """Give a sentence on one line, and code as it stands, between fences where the passage cuts one off.

    What underlines a heading is left out.
    """
    if not is_fenced(text):
        return " ".join(blank_marks(without_underline(text)).split())
    lines = text.splitlines()
    mark = lines[0][:3]
    if mark not in FENCES:
        return f"{lines[-1].strip()}\n{text}"
    is_closed = len(lines) > 1 and lines[-1].strip().startswith(mark)
    body = dedent("\n".join(lines[1 : -1 if is_closed else None]))
    fence = mark if FENCES[0] in body else FENCES[0]
    return "\n".join((f"{fence}{lines[0].lstrip(mark[0])}", body, fence))


def _before(question: str, candidate: Candidate, ranked: Sequence[Candidate]) -> list[Candidate]:
    """Give what stands before a sentence and has to be quoted with it."""
    before = [other for other in reversed(_neighbours(candidate, ranked)) if other.end <= candidate.start]
    quoted = _text(candidate)
    if is_row(quoted):
        return _header(candidate, before)
    if is_item(quoted):
        return _lead(question, candidate, before)
    if before and _has_words(candidate.passage.text[before[0].end : candidate.start]):
        return []  # a heading or a question stands between
    is_led = (
        is_fenced(quoted) and before and not is_row(_text(before[0])) and not is_fenced(_text(before[0]))
    )
    return before[:1] if is_led or _LEANS_BACK.match(blank_marks(quoted).lstrip()) else []


def _behind(question: str, candidate: Candidate, ranked: Sequence[Candidate]) -> list[Candidate]:
    """Give what a sentence leads to: the code, items or rows that follow; to "how to" the code anyway.

    Of a list that is too long to quote it gives none. It gives what follows "No.", and to "why" the
    sentence that goes on from one without a reason.
    """
    behind = [other for other in _neighbours(candidate, ranked) if other.start >= candidate.end]
    is_lead = _text(candidate).endswith(_LEADS)
    if not behind or is_fenced(_text(candidate)):
        return []
    if candidate.passage.text[candidate.end : behind[0].start].strip():
        return []
    if _ONLY_SAYS_SO.fullmatch(_text(candidate)):
        return behind[:1]
    if is_fenced(_text(behind[0])):
        return behind[:1] if is_lead or asks_how(question) else []
    if _WHY.search(question) and not is_lead and not _REASON.search(_text(candidate)):
        return behind[:1] if _GOES_ON.match(blank_marks(_text(behind[0])).lstrip()) else []
    is_part = is_item if is_item(_text(behind[0])) else is_row
    parts = list(takewhile(lambda other: is_part(_text(other)), behind)) if is_lead else []
    return parts if len(parts) <= _MAX_PARTS else []


def _neighbours(candidate: Candidate, ranked: Sequence[Candidate]) -> list[Candidate]:
    """Give the sentences of its passage in the order in which they stand."""
    chunk = candidate.passage.chunk_id
    return sorted((each for each in ranked if each.passage.chunk_id == chunk), key=lambda each: each.start)


def _text(candidate: Candidate) -> str:
    return candidate.passage.text[candidate.start : candidate.end]


def _has_words(text: str) -> bool:
    return any(map(str.isalnum, text))


def _header(row: Candidate, before: Sequence[Candidate]) -> list[Candidate]:
    """Give the nearest row above that names the columns, and what stands over them if it says the unit.

    Args:
        row: of a table.
        before: what stands before it in its passage, nearest first.
    """
    text, below = row.passage.text, row.start
    found: list[Candidate] = []
    for other in before:
        if text.count("\n", other.end, below) != 1:
            break  # above the table
        line, below = text[other.start : other.end], other.start
        if header_lines([line]):
            found = [other]
            if not line[slice(*cell_spans(line)[0])]:
                break
    above = text[:below].rstrip()
    start = above.rfind("\n") + 1
    if found and _UNIT.search(above, start) and len(above) - start <= _MAX_CAPTION:
        found.insert(0, replace(row, start=start, end=len(above), span=None))
    return found


def _lead(question: str, item: Candidate, before: Sequence[Candidate]) -> list[Candidate]:
    """Give what an item stands under if that denies, or names what is listed to a question of yes or no."""
    if (span := list_lead(item.passage.text, item.start)) is None:
        return []
    start, end = span
    line = replace(item, start=start, end=end, span=None)
    lead = next((other for other in before if other.start <= start and end <= other.end), line)
    is_named = asks_yes_or_no(question) and not _text(lead).endswith((".", "!"))
    return [lead] if is_named or denies(_text(lead)) else []


def _joint(written: str, sentence: str) -> str:
    """Give what keeps two sentences apart, also for a reader that looks for sentence marks only."""
    if not written:
        return ""
    if is_fenced(sentence):
        return "\n\n"
    if is_item(sentence) or (is_row(sentence) and is_row(written.rpartition("\n")[2])):
        return "\n"
    spaced = f"{written} {sentence}"
    return " " if (len(written) + 1, len(spaced)) in sentence_spans(spaced) else "\n\n"
