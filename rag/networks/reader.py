"""The extractive reader: question and passage together through MiniLM -> where the answer begins and ends.

The embeddings and the lowest layers are the dense encoder's, unchanged; the upper layers and two linear
heads are trained. The score of "no answer" is that of a span at [CLS], so that the scores of spans, each
less that one, can be compared across passages.
Source: Devlin et al., BERT, 2019, sections 4.2 and 4.3; comparable scores: Clark & Gardner, Simple and
Effective Multi-Paragraph Reading Comprehension, 2018, section 3.
"""

from copy import deepcopy
from typing import Self

from torch import Tensor, nn

from rag.networks._weights import load_weights
from rag.networks.bert import Bert

__all__ = ["SpanReader"]


class SpanReader(nn.Module):
    """Token ids of question and passage -> a start and an end logit of each token."""

    def __init__(self, bert: Bert, first_trained: int) -> None:
        """Put heads on an encoder.

        Args:
            bert: the dense encoder's network; its layers from `first_trained` on become the reader's own.
            first_trained: the lowest layer that is trained; 0 is the first.
        """
        super().__init__()
        self.bert = bert
        self.first_trained = first_trained
        self.spans = nn.Linear(bert.words.embedding_dim, 2)
        self.bert.requires_grad_(False)
        for module in (*self.bert.layers[first_trained:], self.bert.types):
            module.requires_grad_(True)

    @classmethod
    def shipped(cls, encoder: Bert) -> Self:
        """Put the weights that the package carries over the dense encoder; what both have is held once.

        Raises:
            DamagedWeightsError: the file is not the one that was trained.
        """
        weights = load_weights("reader")
        first = int(weights.pop("first_trained"))
        common = (encoder.words, encoder.positions, encoder.norm, *encoder.layers[:first])
        reader = cls(deepcopy(encoder, {id(module): module for module in common}), first)
        reader.load_state_dict(weights, strict=False)
        return reader.requires_grad_(False).eval()

    def trained(self) -> dict[str, Tensor]:
        """Give what is not the dense encoder's, for `shipped` to read."""
        kept = tuple(f"bert.layers.{number}." for number in range(self.first_trained))
        return {
            name: tensor
            for name, tensor in self.state_dict().items()
            if name.startswith(("spans.", "bert.types.", "bert.layers.")) and not name.startswith(kept)
        }

    def forward(self, token_ids: Tensor, mask: Tensor, segments: Tensor) -> Tensor:
        """Score tokens as starts and ends of the answer.

        Args:
            token_ids: (B, T) int64: [CLS] question [SEP] title and passage [SEP].
            mask: (B, T) bool, true for tokens, false for padding.
            segments: (B, T) int64, 1 for the passage with its title and last [SEP], else 0.

        Returns:
            (B, T, 2) float32.
        """
        logits: Tensor = self.spans(self.bert(token_ids, mask, segments=segments))
        return logits
