"""What heads draft: their states are those of the plain computation, their trees the likeliest."""

from itertools import product
from pathlib import Path

import pytest
import torch
from _tiny import SIZE, generator, prompts, proposal
from torch import Tensor
from transformers import GPT2Config, GPT2LMHeadModel, LlamaConfig, LlamaForCausalLM

from rag.core.errors import InvalidInputError
from rag.core.protocols import GenerationOptions
from rag.generation.backends._loading import Loaded
from rag.generation.backends._proposing import build_proposer, named_part
from rag.generation.backends._streaming import Progress
from rag.generation.backends._tree_reading import TreeReader, run
from rag.generation.speculation._cache import PlainCache
from rag.generation.speculation._drafts import Draft, Proposer, State
from rag.generation.speculation.fspad import Fspad
from rag.generation.speculation.hidden_transfer import HiddenTransfer, _tree
from rag.networks.fspad import FspadHead
from rag.networks.hidden_transfer import TransferMaps

PROMPT = prompts(1)[0][:12]
DIM = 32


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> Loaded:
    return generator(tmp_path_factory.mktemp("model"))._load()


def random_maps(layers: list[int]) -> TransferMaps:
    torch.manual_seed(1)
    maps = TransferMaps(DIM, layers)
    for weights in maps.parameters():
        torch.nn.init.normal_(weights, std=0.3)
    return maps.requires_grad_(False)


def in_one_pass(loaded: Loaded, maps: TransferMaps, token_ids: list[int]) -> Tensor:
    """Give the (k, D) pseudo states of the last token as the paper runs them: in the pass that reads it."""
    base, size = loaded.model.model, len(token_ids)
    hidden = base.embed_tokens(torch.tensor([token_ids]))
    layers = maps.layers.tolist()
    for number, layer in enumerate(base.layers):
        for step in (step for step, at in enumerate(layers) if at == number):
            hidden = torch.cat([hidden, maps.maps[step](hidden[:, size - 1 : size])], dim=1)
        places = torch.arange(hidden.shape[1])[None]
        hidden_from = torch.full((places.shape[1],) * 2, -torch.inf).triu(1)[None, None]
        angles = base.rotary_emb(hidden, places)
        hidden = layer(hidden, attention_mask=hidden_from, position_embeddings=angles)
    states: Tensor = base.norm(hidden)[0, size:]
    return states


@pytest.mark.parametrize("layers", [[1, 1, 1], [0, 1], [0, 0, 1]])
def test_pseudo_states_are_those_of_one_pass(loaded: Loaded, layers: list[int]) -> None:
    maps, past = random_maps(layers), PlainCache()
    with torch.inference_mode():
        output = loaded.model(
            input_ids=torch.tensor([PROMPT]), past_key_values=past, output_hidden_states=True
        )
        rows = torch.tensor([4, 7, 11])
        seen = torch.arange(len(PROMPT)) <= rows[:, None]
        taken = maps.taken(output.hidden_states)[:, :, rows]
        found = maps(loaded.model, taken, past, seen=seen, positions=rows)
        assert past.get_seq_length() == len(PROMPT)  # nothing of them is kept
        for number, row in enumerate(rows.tolist()):
            expected = in_one_pass(loaded, maps, PROMPT[: row + 1])
            torch.testing.assert_close(found[0, number], expected, atol=1e-5, rtol=1e-4)


def test_behind_the_last_layer_a_map_is_a_linear_head(loaded: Loaded) -> None:
    maps, past = random_maps([2]), PlainCache()
    with torch.inference_mode():
        output = loaded.model(
            input_ids=torch.tensor([PROMPT]), past_key_values=past, output_hidden_states=True
        )
        taken = maps.taken(output.hidden_states)[:, :, -1:]
        one = torch.tensor([len(PROMPT) - 1])
        found = maps(loaded.model, taken, past, seen=torch.ones(1, len(PROMPT)).bool(), positions=one)
    torch.testing.assert_close(found[0, 0, 0], maps.maps[0](output.hidden_states[-1][0, -1]))


def test_the_tree_has_the_paths_of_the_greatest_products() -> None:
    laws = [([1, 2], [0.6, 0.3]), ([3, 4], [0.5, 0.45]), ([5], [0.9])]
    chances = {
        tuple(token for token, _ in path): torch.tensor([chance for _, chance in path]).prod().item()
        for depth in (1, 2, 3)
        for path in product(*(zip(*law, strict=True) for law in laws[:depth]))
    }
    best = sorted(chances, key=lambda path: -chances[path])[:6]
    assert set(_tree(laws, 6, 0.0).paths()) == set(best)
    assert set(_tree(laws, 99, 0.25).paths()) == {path for path in chances if chances[path] >= 0.25}


def drafting(loaded: Loaded, folder: Path, name: str, **options: object) -> Proposer:
    _, heads = named_part(proposal(name, folder))
    proposer = build_proposer(name, heads | options, loaded=lambda: loaded, device="cpu")
    assert proposer is not None
    return proposer


def first_draft(loaded: Loaded, proposer: Proposer, prompt: list[int], token: int) -> Draft:
    cache = PlainCache()
    inputs = {"past_key_values": cache, "use_cache": True, "logits_to_keep": 1}
    run(loaded.model, proposer, input_ids=torch.tensor([prompt[:5]]), **inputs)
    run(loaded.model, proposer, input_ids=torch.tensor([prompt[5:]]), **inputs)
    state = State([*prompt, token])
    proposer.begin(state)
    draft = proposer.propose(state)
    read_ids = [token, *draft.token_ids]
    TreeReader(loaded.model, cache, "cpu", proposer)(read_ids, draft)
    path = draft.follow(draft.paths()[-1])
    cache.keep(len(read_ids), [0, *(place + 1 for place in path)])
    state.token_ids += [*(draft.token_ids[place] for place in path), 9]
    again = proposer.propose(state)
    whole = drafting_again(loaded, proposer, state.token_ids)
    assert again == whole  # what was drafted before has left nothing behind
    return draft


def drafting_again(loaded: Loaded, proposer: Proposer, token_ids: list[int]) -> Draft:
    cache = PlainCache()
    inputs = {"past_key_values": cache, "use_cache": True, "logits_to_keep": 1}
    run(loaded.model, proposer, input_ids=torch.tensor([token_ids[:-1]]), **inputs)
    return proposer.propose(State(token_ids))


@pytest.mark.parametrize("name", ["hidden_transfer", "fspad"])
def test_a_draft_is_that_of_a_request_which_begins_there(
    name: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("model")
    loaded = generator(folder)._load()
    more: dict[str, object] = {"min_chance": 0.0} if name == "hidden_transfer" else {}
    with torch.inference_mode():
        for number, prompt in enumerate(prompts(6)):
            proposer = drafting(loaded, folder, name, **more)
            draft = first_draft(loaded, proposer, [*prompt, *PROMPT], number + 2)
            assert len(draft) == 8


def test_fspad_goes_on_by_its_own_features(tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("model")
    loaded = generator(folder)._load()
    proposer = drafting(loaded, folder, "fspad", branches=1, max_depth=3)
    assert isinstance(proposer, Fspad)
    head = FspadHead.from_folder(folder / "fspad-heads", loaded.model)
    base, token_ids = loaded.model.model, [*PROMPT, 7]
    with torch.inference_mode():
        draft = drafting_again(loaded, proposer, token_ids)
        features = base(input_ids=torch.tensor([PROMPT])).last_hidden_state
        expected: list[int] = []
        for _ in range(3):
            size = features.shape[1]
            places = torch.arange(size)
            feature, state = head(
                features,
                base.embed_tokens(torch.tensor([token_ids[1:] + expected])),
                angles=base.rotary_emb(features, places[None]),
                mask=torch.full((size, size), -torch.inf).triu(1)[None, None],
            )
            expected.append(int(loaded.model.lm_head(state[0, -1]).argmax()))
            features = torch.cat([features, feature[:, -1:]], dim=1)
    assert draft.paths()[-1] == tuple(expected)


def test_a_stopped_answer_leaves_the_next_one_as_it_is(tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("model")
    for name in ("hidden_transfer", "fspad"):
        plain, drafted = generator(folder), generator(folder, speculation=proposal(name, folder))
        for prompt in prompts(4):
            stopped = drafted._tokens(drafted._load(), prompt, GenerationOptions(40), Progress(), None)
            next(stopped, None)
            next(stopped, None)
            answers = [
                list(each._tokens(each._load(), prompt, GenerationOptions(20), Progress(), None))
                for each in (plain, drafted)
            ]
            assert answers[0] == answers[1]


def test_heads_for_another_model_are_errors(tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("model")
    generator(folder)
    config = LlamaConfig(
        vocab_size=SIZE, hidden_size=16, intermediate_size=16, num_attention_heads=2, num_hidden_layers=1
    )
    gpt = GPT2LMHeadModel(GPT2Config(vocab_size=SIZE, n_embd=16, n_layer=1, n_head=2))
    for name in ("hidden_transfer", "fspad"):
        loaded = generator(folder)._load()
        for model, reason in ((LlamaForCausalLM(config), "train heads for"), (gpt, "Llama kind")):
            proposer = drafting(loaded, folder, name)
            with pytest.raises(InvalidInputError, match=reason):
                run(model, proposer, input_ids=torch.tensor([[3]]), past_key_values=PlainCache())


def test_sizes_that_make_no_sense_are_errors(tmp_path: Path) -> None:
    for kind in (HiddenTransfer, Fspad):
        with pytest.raises(ValueError, match="1 or more"):
            kind(str(tmp_path), 0)
