"""Jobs in threads whose questions to a model are answered together, once each of them has asked.

Knows neither the jobs nor the model.
"""

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Generic, TypeVar

__all__ = ["SideBySide"]

Question = TypeVar("Question")
Answer = TypeVar("Answer")
Result = TypeVar("Result")


class _Round(Generic[Question, Answer]):
    """Questions that are answered together."""

    def __init__(self) -> None:
        self.questions: list[Question] = []
        self.answers: Sequence[Answer] | None = None
        self.error: BaseException | None = None


class SideBySide(Generic[Question, Answer]):
    """Gather questions until every job waits for its answer; outside `run`, answer at once."""

    def __init__(self, answer: Callable[[list[Question]], Sequence[Answer]]) -> None:
        """Take what answers: as many answers as questions, in their order."""
        self._answer = answer
        self._turn = threading.Condition()
        self._round: _Round[Question, Answer] = _Round()
        self._working = 0

    def ask(self, question: Question) -> Answer:
        """Ask, and wait for the others.

        Raises:
            Exception: what the answering of this round raised, in each job that asked.
        """
        with self._turn:
            ours, number = self._round, len(self._round.questions)
            ours.questions.append(question)
            while ours.answers is None and ours.error is None:
                if len(ours.questions) >= self._working:
                    self._answer_round(ours)
                else:
                    self._turn.wait()
        if ours.error is not None:
            raise ours.error
        assert ours.answers is not None
        return ours.answers[number]

    def run(self, jobs: Sequence[Callable[[], Result]]) -> list[Result]:
        """Give what the jobs give.

        Raises:
            Exception: the first that a job raised, once all have ended.
        """
        self._working = len(jobs)

        def work(job: Callable[[], Result]) -> Result:
            try:
                return job()
            finally:
                with self._turn:
                    self._working -= 1
                    self._turn.notify_all()

        with ThreadPoolExecutor(max(len(jobs), 1)) as pool:
            return list(pool.map(work, jobs))

    def _answer_round(self, ours: _Round[Question, Answer]) -> None:
        self._round = _Round()
        try:
            ours.answers = self._answer(ours.questions)
        except BaseException as error:  # whoever asked has to know
            ours.error = error
        self._turn.notify_all()
