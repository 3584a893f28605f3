import numpy as np
import pytest
from plugin_runner import Runner

from rag.generation.vllm_plugin.options import PluginOptions, ProposerKind, ProposerOptions

RANDOM = np.random.default_rng(7)
PASSAGES = RANDOM.integers(0, 500, 300).tolist()
QUESTION = RANDOM.integers(0, 500, 30).tolist()
PROMPT = [*PASSAGES, *QUESTION]
QUOTED = PASSAGES[100:140]
UNSEEN = RANDOM.integers(0, 500, 60).tolist()


@pytest.fixture
def runner(monkeypatch: pytest.MonkeyPatch) -> Runner:
    return made(monkeypatch, "rasd")


def made(monkeypatch: pytest.MonkeyPatch, kind: ProposerKind, **options: float) -> Runner:
    proposer = ProposerOptions(kind, **options)  # type: ignore[arg-type]  # numbers of either kind
    monkeypatch.setenv("GROVE_VLLM", PluginOptions(proposer).as_json())
    return Runner()


def accepted(runner: Runner, prompt: list[int], answer: list[int]) -> int:
    before = runner.accepted
    runner.add(prompt, answer)
    runner.finish()
    return runner.accepted - before


@pytest.mark.parametrize("kind", ["suffix", "rasd"])
def test_a_quotation_from_a_passage_is_drafted(monkeypatch: pytest.MonkeyPatch, kind: ProposerKind) -> None:
    assert accepted(made(monkeypatch, kind), PROMPT, QUOTED) > 25


def test_no_draft_is_longer_than_vllm_allows(runner: Runner) -> None:
    runner.add(PROMPT, QUOTED)
    longest = 0
    while runner.rows:
        longest = max(longest, *(len(draft) for draft in runner.step()))
    assert longest == 6


def test_a_row_whose_prompt_is_still_read_gets_no_draft(runner: Runner) -> None:
    rows = np.array([PROMPT], dtype=np.int32)
    assert runner.proposer.propose([[]], np.array([len(PROMPT)]), rows) == [[]]


def test_rows_may_move_between_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    others = [RANDOM.integers(0, 500, 200).tolist() for _ in range(3)]
    still, moving = made(monkeypatch, "suffix"), made(monkeypatch, "suffix")
    for runner in (still, moving):
        for prompt in others:
            runner.add(prompt, prompt[50:90])
    while still.rows:
        order = np.random.default_rng(len(moving.rows[0][0])).permutation(len(moving.rows)).tolist()
        moving.move(order)
        still.step()
        moving.step()
    assert not moving.rows
    assert moving.accepted >= 60  # and so does `still`; chances are learned in another order
    assert abs(still.accepted - moving.accepted) <= 12


def test_drafts_follow_the_text_and_not_the_row(runner: Runner) -> None:
    first, second = PASSAGES[:150], PASSAGES[150:]
    runner.add(first, first[20:60])
    runner.add(second, second[20:60])
    for _ in range(3):
        runner.step()
    runner.move([1, 0])
    drafts = runner.step()
    for (_, rest), draft in zip(runner.rows, drafts, strict=True):
        assert draft == rest[: len(draft)] != []


def test_the_same_request_twice_at_once_is_drafted_for_twice(runner: Runner) -> None:
    runner.add(PROMPT, QUOTED)
    runner.add(PROMPT, QUOTED)
    while runner.rows:
        drafts = runner.step()
        assert drafts[0] == drafts[1]
    assert runner.accepted > 50


def test_an_earlier_answer_is_drafted_from_where_the_passages_are_the_same(runner: Runner) -> None:
    first = accepted(runner, PROMPT, UNSEEN)
    assert accepted(runner, PROMPT, UNSEEN) > first + 30


def test_an_earlier_answer_is_not_drafted_from_for_others(monkeypatch: pytest.MonkeyPatch) -> None:
    runner = made(monkeypatch, "suffix")
    accepted(runner, PROMPT, UNSEEN)
    other = [*RANDOM.integers(0, 500, 300).tolist(), *QUESTION]
    assert accepted(runner, other, UNSEEN) == 0


def test_no_answers_are_kept_where_none_are_allowed(monkeypatch: pytest.MonkeyPatch) -> None:
    runner = made(monkeypatch, "suffix", answer_tokens=0)
    accepted(runner, PROMPT, UNSEEN)
    assert accepted(runner, PROMPT, UNSEEN) == 0


def test_recycling_drafts_what_the_model_found_likely_before(monkeypatch: pytest.MonkeyPatch) -> None:
    runner = made(monkeypatch, "recycling")
    accepted(runner, PROMPT, UNSEEN)
    other = RANDOM.integers(0, 500, 300).tolist()
    assert accepted(runner, [*other, PROMPT[-1]], UNSEEN) > 20


def test_logits_of_another_number_of_rows_teach_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    runner = made(monkeypatch, "recycling")
    runner.model.compute_logits([1, 2, 3])
    rows = np.array([[*PROMPT, 5]], dtype=np.int32)
    assert runner.proposer.propose([[5]], np.array([len(PROMPT) + 1]), rows) == [[]]


def test_drafts_that_were_never_right_grow_shorter(monkeypatch: pytest.MonkeyPatch) -> None:
    runner = made(monkeypatch, "suffix", min_chance=0.15)
    run = PASSAGES[:8]
    traps = [token for number in range(40) for token in (*run, 400 + number)]
    lengths = []
    runner.add([*PASSAGES, *traps], [token for number in range(60) for token in (*run[:3], 300 + number)])
    while runner.rows:
        lengths.append(sum(map(len, runner.step())))
    assert sum(lengths[-20:]) < sum(lengths[:20])


def test_many_requests_share_what_is_drafted_in_a_step(monkeypatch: pytest.MonkeyPatch) -> None:
    runner = made(monkeypatch, "suffix", step_tokens=8)
    for number in range(4):
        prompt = PASSAGES[number:]
        runner.add(prompt, prompt[50:90])
    while runner.rows:
        assert sum(map(len, runner.step())) <= 8


def test_no_draft_reaches_beyond_the_models_length(runner: Runner) -> None:
    prompt = (PASSAGES * 14)[:4090]
    runner.add(prompt, prompt[-260:-256])
    assert all(len(draft) <= 4 for draft in runner.step())
