from _passages import passage

from rag.core.layout import Box
from rag.generation.closest import MIN_ANSWERABILITY, closest
from rag.reading.candidates import Candidate, Judgement

BOXES = (Box(3, 0.1, 0.2, 0.3, 0.4),)
PASSAGE = passage("It is new. The depot opens at nine.", start=40)


def locate(document_id: str, version: int, start: int, end: int) -> tuple[int, tuple[Box, ...]]:
    assert (document_id, version, start, end) == ("d1", 1, 51, 75)
    return 3, BOXES


def test_the_sentence_is_found_again_by_its_characters_and_on_its_page() -> None:
    found = closest(Judgement(0.4, best=Candidate(PASSAGE, 11, 35, 0.1)), locate)
    assert found is not None
    assert found.quote == PASSAGE.text[found.start - 40 : found.end - 40] == "The depot opens at nine."
    assert (found.page, found.boxes) == (3, BOXES)
    assert (found.document_id, found.chunk_id, found.source) == ("d1", "d1.1.40", "d1.txt")


def test_what_is_about_other_things_has_none() -> None:
    best = Candidate(PASSAGE, 11, 35, 0.1)
    assert closest(Judgement(MIN_ANSWERABILITY, best=best), locate) is not None
    assert closest(Judgement(MIN_ANSWERABILITY - 0.001, best=best), locate) is None
    assert closest(Judgement(0.4), locate) is None
