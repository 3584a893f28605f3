"""How well passages answer a question, and how well a span supports a sentence, as probabilities.

Knows features (features.py), vectors, what a reader finds, and small logistic models; no language model
takes part. `python -m rag.training support`, and `calibrate` for the reader, fit them and say on what.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import groupby

import numpy as np

from rag.core.latest import Latest
from rag.core.minilm import is_minilm
from rag.core.protocols import Encoder, Reader
from rag.core.types import AnswerSpan, Passage, Vector
from rag.reading.candidates import Candidate, Judgement
from rag.reading.coefficients import DENSE, FOREIGN, LEXICAL, Coefficients
from rag.reading.contradictions import contradiction
from rag.reading.features import (
    Unit,
    claim_features,
    question_features,
    summary_features,
    units_of,
    weights_of,
    windows,
)
from rag.reading.fitting import fitting
from rag.reading.forms import with_forms
from rag.reading.heads import told_below
from rag.reading.logistic import linear, logistic, sigmoid
from rag.reading.meanings import with_meanings
from rag.reading.named import of_named
from rag.reading.overview import told_whole
from rag.reading.questions import asked_words, wants_sentences
from rag.reading.reader_coefficients import READER
from rag.reading.spans import (
    answerable_features,
    best_spans,
    is_quotable,
    likeliest,
    read_logits,
    said_logits,
    whole_logits,
)
from rag.reading.tables.cells import asked_cells, cell_logit
from rag.reading.tables.values import lacks_value
from rag.reading.verbatim import find_verbatim, without_lead_in
from rag.scoring.languages import may_be_english
from rag.scoring.spelling import respellings
from rag.scoring.words import content_words

__all__ = ["SHORT_CLAIM", "Evidence", "Support"]

SHORT_CLAIM = 4  # content words; a shorter claim is read together with its question
_CONTRADICTED = 0.2  # numbers or negation differ: never supported, whatever the words say
_UNLIKE = -1.0  # the cosine of a sentence that is not looked at: it never decides
_CACHED_VECTORS = 16_384  # 25 MB of 384 dimensions
_CACHED_READINGS = 256
_Reading = tuple[str, str, tuple[str, ...], str]  # question; title, headings and text of the passage


@dataclass(frozen=True, slots=True)
class Evidence:
    """The span of a passage that supports a sentence best."""

    passage: Passage
    start: int  # offsets into the passage's text
    end: int
    score: float  # share of the sentence's weighted words that the span holds
    relevance: float  # probability that the span supports the sentence, or that the few words answer
    is_verbatim: bool = False


class Support:
    """Judge questions and sentences against passages.

    The vectors of an encoder are used only if coefficients were fitted for it; words alone otherwise. Where
    the reader reads nothing, for it knows English only, sentences are judged as without it. Where an answer
    is less likely than `min_answerability`, words of near meaning are sought before it is refused.
    """

    def __init__(
        self,
        encoder: Encoder | None = None,
        reader: Reader | None = None,
        *,
        min_answerability: float = 0.0,
    ) -> None:
        self._encoder, self._reader = encoder, reader
        self._min_answerability = min_answerability
        self._vectors = Latest[str, Vector](_CACHED_VECTORS)
        self._read = Latest[_Reading, list[AnswerSpan]](_CACHED_READINGS)

    def warm_up(self) -> None:
        """Load what the first question would otherwise wait for."""
        self.rank("What is warm?", [Passage("", "", 1, "", "", None, 0, 11, 0.0, "It is warm.")])

    def answerable(self, question: str, passages: Sequence[Passage]) -> float:
        """Give the probability that the passages hold an answer; 0 if they lack a value that it states."""
        passages = of_named(question, passages)
        units = self.units(question, passages, spans := self.spans(question, passages))
        about = [" ".join((each.title, *each.heading)) for each in passages]
        if not units or lacks_value(question, [*about, *(f"{each.label} {each.text}" for each in units)]):
            return 0.0
        return self._probability(question, units, spans)

    def _probability(self, question: str, units: Sequence[Unit], spans: Sequence[AnswerSpan]) -> float:
        without = self.answerable_unread(question, units, spans)
        if not spans:
            return logistic(without)
        logits, _, told = self._judge(question, units, spans)
        features = answerable_features(question, units, logits, without=without, told=told)
        return sigmoid(READER.answerable, features)

    def answerable_unread(self, question: str, units: Sequence[Unit], spans: Sequence[AnswerSpan]) -> float:
        """Give the logit of `answerable` as words and vectors have it.

        Args:
            question: what is asked.
            units: of all passages, at least one.
            spans: what a reader found; they say only which units' vectors are looked at.
        """
        features, fitted = self._features(question, units, spans), self._fitted(question, units)
        return float(
            linear(fitted.answerable, summary_features(linear(fitted.answers, features), features))
        )

    def rank(self, question: str, passages: Sequence[Passage]) -> list[Candidate]:
        """Give every sentence that may be quoted, likeliest answer first."""
        passages = of_named(question, passages)
        units = self.units(question, passages, spans := self.spans(question, passages))
        if not units:
            return []
        logits, found, _ = self._judge(question, units, spans)
        if spans and wants_sentences(question):
            logits = whole_logits(logits, self._unread(question, units, spans))
        candidates = (
            Candidate(
                passages[unit.passage],
                unit.start,
                unit.end,
                logistic(float(logit)),
                span := found.get(number),
                "" if span is None else unit.place.column(span[0] - unit.start),
                tuple((told.start, told.end) for told in told_below(question, unit) or ()),
            )
            for number, (unit, logit) in enumerate(zip(units, logits, strict=True))
            if is_quotable(question, unit)
        )
        return sorted(candidates, key=lambda candidate: -candidate.relevance)

    def _judge(
        self, question: str, units: Sequence[Unit], spans: Sequence[AnswerSpan]
    ) -> tuple[Vector, dict[int, tuple[int, int]], frozenset[str]]:
        """Give each unit's logit, the few words that answer of those that have some, and what cells say.

        A reader knows no tables: a row whose cell the question names is judged by its headers alone, and
        goes before the rows beside it.
        """
        if not spans:
            return self._unread(question, units, spans), {}, frozenset()
        read = said_logits(question, units, read_logits(question, units, spans))
        best, lowest = best_spans(question, units, spans), read.min()
        weights = weights_of(dict.fromkeys(asked_words(question)), units)
        told: frozenset[str] = frozenset()
        for number, cell in asked_cells(question, units).items():
            best.pop(number, None)
            if cell is None:
                read[number] = lowest
                continue
            best[number] = (cell.start, cell.end)
            read[number] = cell_logit(cell, units[number], weights)
            told |= cell.words
        return read, best, told

    def respellings(self, question: str, passages: Sequence[Passage]) -> dict[str, str]:
        """Give the misspelt words of a question, and what of the passages each is read as; English alone.

        A word that the encoder has as one token is none: one of characters or words has all.
        """
        texts = [" ".join((passage.title, *passage.heading, passage.text)) for passage in passages]
        if self._encoder is None or self._coefficients is LEXICAL or not may_be_english(question, texts):
            return {}
        starts = self._encoder.token_starts
        return respellings(question, texts, lambda word: len(starts(word)) == 1)

    def judge(self, question: str, passages: Sequence[Passage]) -> Judgement:
        """Give how likely the passages hold an answer, and the words and the sentence that may be it."""
        if told_whole(question, passages) is not None:
            return Judgement(1.0)
        return Judgement.of(question, self.answerable(question, passages), self.rank(question, passages))

    def spans(self, question: str, passages: Sequence[Passage]) -> list[AnswerSpan]:
        """Give what the reader finds, best first; each passage is read once for a question."""
        if self._reader is None:
            return []
        keys = [(question, passage.title, passage.heading, passage.text) for passage in passages]
        known = self._read.known(keys)
        new = {key: passage for key, passage in zip(keys, passages, strict=True) if key not in known}
        known.update({key: [] for key in new})
        for span in self._reader.read(question, list(new.values())):
            known[list(new)[span.passage]].append(span)
        self._read.remember({key: known[key] for key in new})
        found = [replace(span, passage=number) for number, key in enumerate(keys) for span in known[key]]
        return sorted(fitting(question, passages, units_of(passages), found), key=lambda span: -span.score)

    def evidence(
        self, sentence: str, passages: Sequence[Passage], *, question: str = ""
    ) -> Evidence | None:
        """Give the span that supports the sentence best; None when they have no word in common.

        Args:
            sentence: one sentence of an answer.
            passages: where the span may lie.
            question: what was asked; a sentence of a few words says little without it.
        """
        sentence = without_lead_in(sentence)
        ranked = self.rank(question, passages)[:1]  # no less likely answer counts
        nearest = [*(answer.passage for answer in ranked), *of_named(question, passages), *passages]
        if (whole := find_verbatim(sentence, nearest)) is not None:  # others may have the same sentence
            return Evidence(nearest[whole.passage], whole.start, whole.end, 1.0, 1.0, True)
        for answer in ranked:
            if answer.span and answer.told == " ".join(sentence.split()):
                return Evidence(answer.passage, *answer.span, 1.0, answer.relevance, True)
        units = units_of(passages)
        must, asked = frozenset(content_words(sentence)), frozenset(content_words(question))
        contradicts = contradiction(sentence, units, asked)
        claim = f"{question} {sentence}" if len(must) < SHORT_CLAIM else sentence
        similarities = dict(zip(units, self.similarities(claim, units), strict=True))
        weights = weights_of(dict.fromkeys(content_words(claim)), units)
        best: Evidence | None = None
        for window in windows(units):
            if all(must.isdisjoint(unit.words) for unit in window):
                continue
            cosines = [similarities[unit] for unit in window]
            features = claim_features(window, weights, must - asked, cosines)
            score, relevance = float(features[0]), sigmoid(self._coefficients.supports, features)
            if contradicts(window):
                score, relevance = score / 2, min(relevance, _CONTRADICTED)
            if best is None or relevance > best.relevance:
                start, end = window[0].start, window[-1].end
                best = Evidence(passages[window[0].passage], start, end, score, relevance)
        return best

    @property
    def _coefficients(self) -> Coefficients:
        fingerprint = "" if self._encoder is None else self._encoder.fingerprint
        return DENSE if is_minilm(fingerprint) else LEXICAL

    def _unread(self, question: str, units: Sequence[Unit], spans: Sequence[AnswerSpan]) -> Vector:
        return linear(self._fitted(question, units).answers, self._features(question, units, spans))

    def _fitted(self, question: str, units: Sequence[Unit]) -> Coefficients:
        passages = groupby(units, lambda unit: unit.passage)
        texts = (" ".join(unit.text for unit in group) for _, group in passages)
        is_foreign = not may_be_english(question, texts)
        return FOREIGN if is_foreign and self._coefficients is DENSE else self._coefficients

    def units(self, question: str, passages: Sequence[Passage], spans: Sequence[AnswerSpan]) -> list[Unit]:
        """Cut the passages, with words of the question that they say by others or in other forms."""
        units = units_of(passages)
        if not may_be_english(question, [passage.text for passage in passages]):
            return with_forms(asked_words(question), units)
        is_fitted = self._coefficients is not LEXICAL and spans and units
        if not is_fitted or self._encoder is None:
            return units
        if self._probability(question, units, spans) >= self._min_answerability:
            return units
        by_words = linear(LEXICAL.answers, question_features(question, units, [0.0] * len(units)))
        chosen = likeliest(read_logits(question, units, spans), by_words)
        return with_meanings(question, units, chosen, partial(self._encode, self._encoder))

    def _features(self, question: str, units: Sequence[Unit], spans: Sequence[AnswerSpan]) -> Vector:
        """Give `question_features`; what a reader has read is not all encoded once more."""
        features = question_features(question, units, [0.0] * len(units))
        chosen = list(range(len(units)))
        if spans and self._coefficients is not LEXICAL:
            chosen = likeliest(read_logits(question, units, spans), linear(LEXICAL.answers, features))
            features[:, 0] = _UNLIKE
        features[chosen, 0] = self.similarities(question, [units[number] for number in chosen])
        return features

    def similarities(self, text: str, units: Sequence[Unit]) -> list[float]:
        """Give the cosine of a text and each unit under its title; zeros when no vectors are used."""
        if self._encoder is None or self._coefficients is LEXICAL:
            return [0.0] * len(units)
        texts = [f"{unit.label}. {unit.text}" if unit.label else unit.text for unit in units]
        (target,) = self._encode(self._encoder, [text])  # alone: the search has just encoded a question
        return [float(vector @ target) for vector in self._encode(self._encoder, texts)]

    def _encode(self, encoder: Encoder, texts: Sequence[str]) -> list[Vector]:
        known = self._vectors.known(texts)
        new = [text for text in dict.fromkeys(texts) if text not in known]
        # Copies: a row of the matrix would keep all of it for as long as it is remembered.
        known.update(zip(new, map(np.copy, encoder.encode(new)), strict=True))
        self._vectors.remember(known)
        return [known[text] for text in texts]
