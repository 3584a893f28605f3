"""A language model in this process: SmolLM2, or any causal model that transformers reads from a folder.

Knows how to run a model token by token and hand the text out; prompts and sources are others' work. For
speed and many users at once there is a generation server (openai.py).
"""

from collections.abc import AsyncGenerator, Iterator, Mapping
from dataclasses import KW_ONLY, dataclass
from pathlib import Path
from threading import Event, Lock
from typing import Any, ClassVar

import torch

from rag.core.errors import GenerationError
from rag.core.generation import PassageOrder
from rag.core.protocols import Delta, GenerationOptions, GeneratorCapabilities, Prompt
from rag.core.types import Usage
from rag.encoders._precision import Precision, matrix_dtype
from rag.generation.backends._chat import chat_tokens
from rag.generation.backends._choice import TokenChoice
from rag.generation.backends._doubt import DoubtMeter, ends_sentence
from rag.generation.backends._loading import Loaded, load_model
from rag.generation.backends._packing import pack_linears
from rag.generation.backends._proposing import NO_SPECULATION, build_proposer, named_part
from rag.generation.backends._smollm2 import SMOLLM2, model_folder
from rag.generation.backends._streaming import Progress, stream_from_thread
from rag.generation.backends._tree_reading import TreeReader, run
from rag.generation.speculation._cache import PlainCache
from rag.generation.speculation._decoding import decode
from rag.generation.speculation._drafts import State

__all__ = ["CausalModel", "Loaded"]

_PREFILL_TOKENS = 256  # read in pieces, so that a cancelled run stops within one of them
_WAIT_SECONDS = 0.1
_UNFINISHED = "\ufffd"  # the tokens so far end inside a character


@dataclass(eq=False)
class CausalModel:
    """Generate with a causal model of the transformers library, greedily or by sampling.

    Args:
        models_dir: where SmolLM2 is kept once it is unpacked.
        model: `smollm2`, or the folder of any causal model with its tokenizer.
        context_tokens: prompt and answer together; SmolLM2 reads about 180 tokens a second on a core.
        passage_order: where in the prompt the best passages stand.
        no_repeat_tokens: the answer never has this many tokens in a row twice (small models loop);
            0 allows it. Copying from the prompt is not hindered.
        is_checked: show its answer only if the passages support every sentence of it, and else the
            extractive one; then nothing is shown before all is written. By default for SmolLM2 alone.
        seed: of the sampling at temperatures above 0.
        speculation: a file of rag/generation/speculation, `{"kind", "options"}` of one, or `none`.
        device: as torch names it. The number of threads is torch's own setting.
        precision: float32, bfloat16, or what the file has; see docs/generation.md.
    """

    models_dir: Path
    model: str = SMOLLM2
    _: KW_ONLY
    context_tokens: int = 2048
    passage_order: PassageOrder = "best_first"
    no_repeat_tokens: int = 8
    is_checked: bool | None = None
    seed: int = 0
    speculation: str | Mapping[str, Any] = NO_SPECULATION  # Any: JSON
    device: str = "cpu"
    precision: Precision = "auto"

    _attention: ClassVar[str | None] = None  # how transformers computes it; None: its own choice

    def __post_init__(self) -> None:
        """Check the numbers, and build what drafts.

        Raises:
            ValueError: a number that makes no sense.
            InvalidInputError: no such precision.
            UnknownPluginError: there is no such proposer.
        """
        if self.no_repeat_tokens < 0 or self.context_tokens < 1:
            raise ValueError("no_repeat_tokens is 0 or more, context_tokens 1 or more")
        matrix_dtype(self.precision, self.device)  # refuses another word before a model is read
        name, options = named_part(self.speculation)
        self._proposer = build_proposer(
            name, options, loaded=self._load, device=self.device, folder=self.models_dir
        )
        self._loaded: Loaded | None = None
        self._load_lock = Lock()
        self._turn = Lock()  # two generations at once would each take more than twice as long

    @property
    def capabilities(self) -> GeneratorCapabilities:
        """Say which model it is and how much it reads."""
        name = "SmolLM2-135M-Instruct" if self.model == SMOLLM2 else Path(self.model).name
        return GeneratorCapabilities(
            model=name,
            context_tokens=self.context_tokens,
            follows_instructions=self.model != SMOLLM2,
            passage_order=self.passage_order,
            keeps_schema=True,
            keeps_grammar=True,
            keeps_conditions=True,
            is_checked=self.model == SMOLLM2 if self.is_checked is None else self.is_checked,
        )

    def count_tokens(self, text: str) -> int:
        """Count exactly."""
        return len(self._load().tokenizer.encode(text, add_special_tokens=False))

    def stream(self, prompt: Prompt, options: GenerationOptions) -> AsyncGenerator[Delta, None]:
        """Generate in a thread; closing the iterator stops it within one token.

        Raises:
            GenerationError: the prompt is longer than the context, or the time limit passed.
            InvalidInputError: the model has no chat template, or one that refuses the messages.
        """
        progress = Progress()
        return stream_from_thread(
            lambda: self._generate(prompt, options, progress),
            progress=progress,
            model=self.capabilities.model,
            timeout_seconds=options.timeout_seconds,
        )

    def _generate(self, prompt: Prompt, options: GenerationOptions, progress: Progress) -> Iterator[Delta]:
        loaded = self._load()
        messages = [{"role": message.role, "content": message.content} for message in prompt.messages]
        token_ids = chat_tokens(loaded.tokenizer, messages)
        if len(token_ids) + options.max_tokens > self.context_tokens:
            raise GenerationError(
                f"the prompt has {len(token_ids)} tokens, and with an answer of {options.max_tokens} more"
                f" than the {self.context_tokens} of this model's setting context_tokens"
            )
        known = " ".join((prompt.question, *(passage.text for passage in prompt.passages)))
        written = self._write(loaded, token_ids, options, progress, known=known)
        yield from self._in_turn(written, progress.stop)

    def _in_turn(self, written: Iterator[Delta], stop: Event) -> Iterator[Delta]:
        """Hand on what is written once no other answer is being written."""
        while not self._turn.acquire(timeout=_WAIT_SECONDS):
            if stop.is_set():
                return
        try:
            yield from written
        finally:
            self._turn.release()

    def _write(
        self,
        loaded: Loaded,
        token_ids: list[int],
        options: GenerationOptions,
        progress: Progress,
        *,
        known: str,
    ) -> Iterator[Delta]:
        written: list[int] = []
        shown, is_judged = "", True
        meter = self._meter(loaded)
        for token_id in self._tokens(loaded, token_ids, options, progress, meter):
            written.append(token_id)
            text = loaded.tokenizer.decode(written, skip_special_tokens=True)
            if len(text) > len(shown) and not text.endswith(_UNFINISHED):
                is_judged = meter is None or ends_sentence(text)
                doubt = meter.doubt(f"{known} {text}") if meter and is_judged else None
                yield Delta(text[len(shown) :], doubt=doubt)
                shown = text
        text = loaded.tokenizer.decode(written, skip_special_tokens=True)
        doubt = meter.doubt(f"{known} {text}") if meter and not is_judged else None
        usage = Usage(len(token_ids), len(written), progress.passes, reused_tokens=progress.reused_tokens)
        yield Delta(text[len(shown) :], usage, doubt)

    def _tokens(
        self,
        loaded: Loaded,
        token_ids: list[int],
        options: GenerationOptions,
        progress: Progress,
        meter: DoubtMeter | None,
    ) -> Iterator[int]:
        stop = progress.stop
        choice = self._choice(loaded, options)
        written = 0
        with torch.inference_mode():
            cache, unread = self._begin(loaded, token_ids, progress)
            while written < options.max_tokens:
                while unread and not stop.is_set():
                    piece, unread = unread[:_PREFILL_TOKENS], unread[_PREFILL_TOKENS:]
                    output = run(
                        loaded.model,
                        None if meter else self._proposer,
                        input_ids=torch.tensor([piece], device=self.device),
                        past_key_values=cache,
                        use_cache=True,
                        logits_to_keep=1,
                        output_attentions=bool(meter and written),
                        output_hidden_states=meter is not None,
                    )
                    if meter:
                        meter.read(piece, output)
                if stop.is_set():
                    return
                logits = output.logits[0, -1].float().cpu()
                progress.passes += 1
                token_id = choice.choose(logits)
                if token_id in loaded.stop_ids:
                    return
                choice.accept(token_id)
                if meter:
                    meter.wrote(token_id, float(logits.softmax(dim=-1)[token_id]))
                written += 1
                unread = [token_id]
                yield token_id
                if meter is None and self._proposer is not None:
                    left = options.max_tokens - written
                    state = State([*token_ids, token_id], choice.temperature, choice.random)
                    yield from self._drafted(loaded, cache, choice, state, left, progress)
                    return

    def _drafted(
        self,
        loaded: Loaded,
        cache: Any,  # of whatever kind `_begin` gives
        choice: TokenChoice,
        state: State,
        max_tokens: int,
        progress: Progress,
    ) -> Iterator[int]:
        """Go on behind the first token of an answer, several tokens a pass."""
        assert self._proposer is not None
        read = TreeReader(loaded.model, cache, self.device, self._proposer)
        steps = decode(
            read, cache=cache, proposer=self._proposer, choice=choice, state=state, max_tokens=max_tokens
        )
        for token_id in steps:
            progress.passes = 1 + read.passes  # the prompt's gave one too
            if progress.stop.is_set() or token_id in loaded.stop_ids:
                return
            yield token_id

    def _choice(self, loaded: Loaded, options: GenerationOptions) -> TokenChoice:
        return TokenChoice.of(loaded, options, seed=self.seed, no_repeat_tokens=self.no_repeat_tokens)

    def _begin(self, loaded: Loaded, token_ids: list[int], progress: Progress) -> tuple[Any, list[int]]:
        """Give the cache and what of the prompt is to be read into it."""
        return PlainCache(), token_ids

    def _meter(self, loaded: Loaded) -> DoubtMeter | None:
        """Give what follows a generation to judge its sentences; here nothing does."""
        return None

    def _load(self) -> Loaded:
        with self._load_lock:
            if self._loaded is None:
                self._loaded = self._read()
        return self._loaded

    def _read(self) -> Loaded:
        folder = model_folder(self.model, self.models_dir)
        loaded = load_model(folder, attention=self._attention, device=self.device, precision=self.precision)
        if self._proposer is not None or loaded.model.dtype == torch.bfloat16:
            pack_linears(loaded.model)
        return loaded
