"""What is trained: the head alone over frozen states, or the encoder's last layers with it."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import pad_sequence

from rag.encoders._minilm import Backbone
from rag.networks.bert import Bert
from rag.networks.late import LateHead
from rag.training._late_pool import Columns, States

__all__ = ["LastLayers", "Student"]


class LastLayers(nn.Module):
    """A copy of MiniLM's last layers, that learns."""

    def __init__(self, count: int) -> None:
        super().__init__()
        layers = Bert.from_directory(Backbone().directory).layers
        self.layers = nn.ModuleList(list(layers)[len(layers) - count :])

    def forward(self, states: Tensor, lengths: Sequence[int]) -> Tensor:
        """Read on from the states (T, D) below the layers, of texts that lie one after the other."""
        padded = pad_sequence(list(torch.split(states, list(lengths))), batch_first=True)
        counts = torch.as_tensor(lengths, device=states.device)
        mask = torch.arange(padded.shape[1], device=states.device) < counts[:, None]
        for layer in self.layers:
            padded = layer(padded, mask[:, None, None, :])
        return padded[mask]


class Student(nn.Module):
    """A head, and as many of the encoder's last layers as are trained with it.

    Whole texts' vectors and the weights of query tokens come from the frozen encoder in either case. Stored
    states lie in main memory; what is computed lies where the parameters do.
    """

    def __init__(self, head: LateHead, columns: Columns, *, layers: int = 0) -> None:
        super().__init__()
        self.head = head
        self.layers = LastLayers(layers) if layers else None
        self._columns = columns

    def tokens(self, stored: States, texts: Sequence[int]) -> tuple[Tensor, list[int]]:
        """Give the texts' token vectors (T, dim), one text after the other, and the number of each."""
        if self.layers is None:
            states, lengths = stored.of(texts, self._columns.head)
            states = states.to(self._device)
        else:
            below, lengths = stored.of(texts, [self._columns.below])
            states = self.layers(below[:, 0].to(self._device), lengths)[:, None]
        vectors = torch.from_numpy(stored.vectors[list(texts)]).to(self._device)
        return self.head.passages(states, lengths, vectors), lengths

    def weights(self, stored: States, texts: Sequence[int]) -> Tensor:
        """Give the weight (T,) of each token of the texts, read as queries."""
        ends, lengths = stored.of(texts, self._columns.ends)
        return self.head.weights(ends.to(self._device), lengths)

    @property
    def _device(self) -> torch.device:
        return self.head.share.device
