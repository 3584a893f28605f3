"""What proposers draft, keep and learn."""

import json

import pytest
import torch
from _tiny import SIZE, generator, prompts, proposal

from rag.core.errors import InvalidInputError, UnknownPluginError
from rag.core.protocols import GenerationOptions
from rag.generation.backends._causal import CausalModel
from rag.generation.backends._streaming import Progress
from rag.generation.speculation._adjacency import Adjacency, template
from rag.generation.speculation._candidates import Candidate, Chances
from rag.generation.speculation._costs import CostCurve
from rag.generation.speculation._drafts import Draft, State, chain, fuse
from rag.generation.speculation.adaptive import Adaptive
from rag.generation.speculation.lookup import Lookup
from rag.generation.speculation.rasd import Rasd
from rag.generation.speculation.recycling import Recycling
from rag.generation.speculation.suffix import Suffix

SURE = ("lookup", "suffix", "recycling", "rasd", "adaptive", "hidden_transfer", "fspad")


def written(model: CausalModel, prompt: list[int], options: GenerationOptions) -> list[int]:
    return list(model._tokens(model._load(), prompt, options, Progress(), None))


@pytest.mark.parametrize("name", SURE)
def test_the_same_seed_samples_the_same_answer(name: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("model")
    plain, drafted = generator(folder), generator(folder, speculation=proposal(name, folder))
    for seed, prompt in enumerate(prompts(8)):
        options = GenerationOptions(40, temperature=0.7, seed=seed)
        assert written(drafted, prompt, options) == written(plain, prompt, options)


def test_lookup_drafts_what_followed_the_longest_run() -> None:
    proposer, state = Lookup(max_ngram=3, max_tokens=3), State([1, 2, 3, 4, 9, 3, 7, 7, 1, 2, 3])
    proposer.begin(state)
    assert proposer.propose(state) == chain([4, 9, 3])
    state.token_ids.append(5)
    assert len(proposer.propose(state)) == 0


def test_suffixes_of_earlier_answers_are_drafted_and_prompts_of_others_are_not() -> None:
    proposer = Suffix()
    first = State([1, 2, 3, 4, 5])
    proposer.begin(first)
    first.token_ids += [20, 21, 22, 23]
    again = State([30, 31, 20, 21])
    proposer.begin(again)
    assert proposer.propose(again).token_ids[:2] == (22, 23)
    other = Suffix()  # another tenant's
    other.begin(again)
    assert len(other.propose(State([30, 31, 20, 21]))) == 0


def test_the_matrix_has_what_was_last_seen_and_is_small() -> None:
    adjacency = Adjacency()
    logits = torch.randn(3, 49_152)
    adjacency.learn([7, 8, 7], logits)
    assert adjacency.followers(7) == logits[2].topk(8).indices.tolist()
    assert adjacency.followers(9) == []
    assert adjacency.num_bytes < 2 * 1024 * 1024
    assert Recycling().propose(State([7])) == Draft()


def test_what_followed_in_the_prompt_comes_before_what_the_model_found_likely() -> None:
    recycling = Recycling(max_nodes=3)
    logits = torch.zeros(1, SIZE)
    logits[0, 20:28] = torch.arange(8, 0, -1)
    recycling.observe([5], logits)
    recycling.begin(State([5, 6, 9, 5, 7, 9, 5, 7]))
    assert recycling._adjacency.followers(5) == [7, 6, 20, 21, 22, 23, 24, 25]
    assert recycling._adjacency.followers(6) == [9]
    assert recycling._adjacency.followers(8) == []
    assert recycling.propose(State([9])) == chain([5, 7])
    recycling.observe([5], logits)
    assert recycling._adjacency.followers(5) == list(range(20, 28))


def test_a_vocabulary_fills_what_is_empty_behind_what_the_prompt_says() -> None:
    asked: list[int] = []

    def vocabulary() -> torch.Tensor:
        asked.append(1)
        return (torch.arange(SIZE)[:, None] + torch.arange(1, 4)) % SIZE

    recycling, logits = Recycling(max_nodes=4, vocabulary=vocabulary), torch.zeros(1, SIZE)
    logits[0, 20:28] = torch.arange(8, 0, -1)
    recycling.observe([5], logits)
    for _ in range(2):
        recycling.begin(State([9, 4]))
    assert len(asked) == 1
    assert recycling._adjacency.followers(5) == list(range(20, 28))
    assert recycling._adjacency.followers(9) == [4, 10, 11, 12]
    assert recycling._adjacency.followers(7) == [8, 9, 10]


def test_chances_are_learned_from_what_was_known_before_the_pass() -> None:
    proposer, state, logits = Adaptive(), State([5, 6]), torch.zeros(1, 20)
    logits[0, 7] = 1
    proposer.begin(state)
    proposer.propose(state)
    proposer.observe([6], logits)
    state.token_ids.append(7)  # what those logits have first: no merit of a guess
    proposer.propose(state)
    for found in (False, True):
        assert proposer._chances.of(Candidate(7, ("row", 0, 0, found), 0.25)) == 0.25


def test_a_template_of_any_size_is_a_tree() -> None:
    for size in (1, 8, 80):
        places = template(size)
        assert len(set(places)) == size
        assert all(parent < place for place, (parent, _) in enumerate(places))


def test_fused_trees_are_the_union_of_their_paths() -> None:
    first, second = Draft((5, 6, 8), (-1, 0, -1)), Draft((5, 7, 6, 9), (-1, 0, 0, -1))
    fused = fuse(first, second)
    assert set(fused.paths()) == {*first.paths(), *second.paths()}
    assert len(fused.paths()) == len(set(fused.paths())) < len(first) + len(second)


def test_rasd_drafts_what_its_parts_draft_but_for_what_is_pruned() -> None:
    tokens = [5, 1, 2, 7, 2, 8, 5, 1]  # 2 was followed by 8 as well, where no suffix says so
    rasd, suffix, recycling = Rasd(), Suffix(), Recycling()
    logits = torch.randn(4, SIZE)
    for proposer in (rasd, suffix, recycling):
        proposer.begin(State(list(tokens)))
        proposer.observe([9, 6, 7, 8], logits)
    fused, found, drafted = (each.propose(State(list(tokens))) for each in (rasd, suffix, recycling))
    assert set(fused.paths()) == {*found.paths(), *drafted.paths()}
    short = State([9, 4, 8, 9])
    pruned = Rasd()
    pruned.begin(short)
    row = torch.zeros(1, SIZE)
    row[0, 20:28] = 1
    pruned.observe([9], row)
    assert 4 not in pruned.propose(short).token_ids


def test_chances_become_what_was_seen() -> None:
    chances, candidate = Chances(), Candidate(3, ("run", 0, 1, 1), 0.5)
    assert chances.of(candidate) == 0.5
    for number in range(2000):
        chances.note(candidate, is_right=number % 10 == 0)
    assert chances.of(candidate) == pytest.approx(0.1, abs=0.03)


def test_costs_become_what_was_measured_and_outliers_count_little() -> None:
    costs = CostCurve()
    for _ in range(200):
        costs.note(1, 0.05)
        for size in (2, 5, 9, 17):
            costs.note(size, 0.05 * (1.5 + 0.05 * size))
    costs.note(5, 9.0)
    assert costs.cost(1) == 1
    assert costs.cost(9) == pytest.approx(1.95, rel=0.1)
    assert costs.cost(33) == pytest.approx(3.15, rel=0.15)


def test_nothing_is_drafted_where_passes_are_dear() -> None:
    repeated = State([1, 2, 3, 4] * 8)
    drafts = []
    for more in (0.05, 5.0):
        proposer = Adaptive()
        proposer.begin(repeated)
        for _ in range(300):
            proposer._costs.note(1, 1.0)
            proposer._costs.note(9, 1 + 8 * more)
            proposer._costs.note(2, 1 + more)
        drafts.append(len(proposer.propose(repeated)))
    assert drafts[0] > 4
    assert drafts[1] == 0


def test_an_unknown_proposer_or_option_is_an_error(tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("model")
    with pytest.raises(UnknownPluginError, match="choose one of"):
        generator(folder, speculation="guess")
    with pytest.raises(InvalidInputError, match="takes no option"):
        generator(folder, speculation={"kind": "suffix", "options": {"size": 3}})
    with pytest.raises(ValueError, match="speculation is a name"):
        generator(folder, speculation=json.loads('{"name": "suffix"}'))


def test_the_usage_says_how_many_passes_there_were(tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("model")
    plain, drafted = generator(folder), generator(folder, speculation="suffix")
    options = GenerationOptions(60)
    passes = [0, 0]
    for prompt in prompts(8):
        for number, each in enumerate((plain, drafted)):
            *_, last = each._write(each._load(), prompt, options, Progress(), known="")
            assert last.usage is not None
            passes[number] += last.usage.passes
            if each is plain:  # one a token, and one for the end where it came
                assert 0 <= last.usage.passes - last.usage.completion_tokens <= 1
    assert 0 < passes[1] < passes[0]
