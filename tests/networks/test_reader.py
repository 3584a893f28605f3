import torch
from torch import nn

from rag.encoders._minilm import Backbone
from rag.networks.bert import Bert, BertConfig
from rag.networks.reader import SpanReader

TINY = BertConfig(
    vocab_size=50,
    hidden_size=8,
    num_hidden_layers=3,
    num_attention_heads=2,
    intermediate_size=16,
    max_position_embeddings=20,
    layer_norm_eps=1e-12,
)


def inputs() -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    ids = torch.tensor([[1, 5, 6, 2, 7, 8, 2], [1, 5, 2, 9, 2, 0, 0]])
    segments = torch.tensor([[0, 0, 0, 0, 1, 1, 1], [0, 0, 0, 1, 1, 0, 0]])
    return ids, ids > 0, segments


def test_only_the_upper_layers_the_types_and_the_heads_are_trained() -> None:
    reader = SpanReader(Bert(TINY), first_trained=2)
    parts = {
        name.split(".")[1] if name.startswith("bert") else name.split(".")[0] for name in reader.trained()
    }
    assert parts == {"layers", "types", "spans"}
    assert {name.split(".")[2] for name in reader.trained() if "layers" in name} == {"2"}


def test_padding_changes_nothing() -> None:
    torch.manual_seed(0)
    reader = SpanReader(Bert(TINY), first_trained=0).eval()
    ids, mask, segments = inputs()
    together = reader(ids, mask, segments)
    alone = reader(ids[1:, :5], mask[1:, :5], segments[1:, :5])
    assert together.shape == (2, 7, 2)
    torch.testing.assert_close(together[1:, :5], alone)


def test_the_segments_tell_question_from_passage() -> None:
    torch.manual_seed(0)
    bert = Bert(TINY)
    nn.init.normal_(bert.types.weight)
    reader = SpanReader(bert, first_trained=0).eval()
    ids, mask, segments = inputs()
    assert not torch.allclose(reader(ids, mask, segments), reader(ids, mask, 1 - segments))


def test_what_is_shipped_leaves_the_lower_layers_as_they_are() -> None:
    directory = Backbone().directory
    encoder, plain = Backbone().network, Bert.from_directory(directory)
    reader = SpanReader.shipped(encoder)
    assert reader.first_trained > 0
    for number, (own, other) in enumerate(zip(reader.bert.layers, plain.layers, strict=True)):
        same = all(torch.equal(*pair) for pair in zip(own.parameters(), other.parameters(), strict=True))
        assert same == (number < reader.first_trained)
        assert (own is encoder.layers[number]) == same  # held once
    assert reader.bert.words is encoder.words
    for kept, before in zip(encoder.parameters(), plain.parameters(), strict=True):
        assert torch.equal(kept, before)
