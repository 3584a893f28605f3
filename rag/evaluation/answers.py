"""How good answers are: right, cited, and withheld when the documents do not hold them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean

from rag.core.errors import InvalidInputError
from rag.core.types import Answer
from rag.evaluation.datasets import Dataset, Question
from rag.evaluation.metrics import contains_answer, exact_match, token_f1
from rag.evaluation.retrieval import latencies

__all__ = ["AnswerQuestion", "evaluate_answers"]

AnswerQuestion = Callable[[str, Sequence[str]], Answer]
"""(question, ids of documents that must not be seen) -> answer; a citation's source is a document id."""
_AGREES = 0.5  # token F1 of an answer and an accepted one


@dataclass(frozen=True, slots=True)
class _Result:
    question: Question
    answer: Answer
    relevant: Mapping[str, float]

    def right_citations(self) -> int:
        """Count citations that lie in a relevant document and hold or bear the accepted answer.

        A quote of the answer given bears it where both say nearly the same: "1968" and "late 1968".
        """
        given = self.answer.short_answer or self.answer.answer
        accepted = [*self.question.answers]
        if token_f1(given, accepted) >= _AGREES:
            accepted.append(given)
        return sum(
            citation.source in self.relevant and contains_answer(citation.quote, accepted)
            for citation in self.answer.citations
        )

    def is_right(self) -> bool:
        """Say whether the answer holds an accepted one."""
        return contains_answer(self.answer.answer, self.question.answers)


def evaluate_answers(
    dataset: Dataset, answer: AnswerQuestion, *, on_question: Callable[[], None] = lambda: None
) -> dict[str, float]:
    """Ask every question twice: as it is, and with its relevant documents hidden, to be refused.

    Where another document says it too, that is no refusal and yet right: `right_when_hidden`. What is right
    is counted over the questions that come with accepted answers.

    Raises:
        InvalidInputError: no question has any.
    """
    if not any(question.answers for question in dataset.questions):
        raise InvalidInputError(
            f'no question of {dataset.name} has "answers" to measure by; docs/evaluation.md has the format'
        )
    results, hidden = [], []
    for question in dataset.questions:
        relevant = dataset.relevant[question.id]
        results.append(_Result(question, answer(question.text, ()), relevant))
        hidden.append(_Result(question, answer(question.text, list(relevant)), relevant))
        on_question()
    given = [result for result in results if not result.answer.refused]
    cited = [len(result.answer.citations) for result in given]
    right = [result.right_citations() for result in given]
    times = [result.answer.timings for result in results]
    known = [result for result in results if result.question.answers]
    measures = {
        "em": fmean(exact_match(_short(result), result.question.answers) for result in known),
        "f1": fmean(token_f1(_short(result), result.question.answers) for result in known),
        "contains": fmean(result.is_right() for result in known),
        "citation_precision": sum(right) / max(sum(cited), 1),
        "citation_recall": sum(count > 0 for count in right) / max(len(given), 1),
        "answered": len(given) / len(results),
        "refusal_recall": fmean(each.answer.refused for each in hidden),
        "right_when_hidden": fmean(
            each.is_right() and not each.answer.refused for each in hidden if each.question.answers
        ),
        "false_refusals": 1 - len(given) / len(results),
    }
    return {
        **{name: round(value, 4) for name, value in measures.items()},
        **latencies([each["total"] for each in times]),
        "ttft_p50_ms": latencies([each.get("first_token", each["total"]) for each in times])["p50_ms"],
        "n": len(results),
    }


def _short(result: _Result) -> str:
    return result.answer.short_answer or result.answer.answer
