"""What training a Qwen3-VL would take, reckoned on a model without weights: `--dry-run`.

Weights, gradients and states of the optimizer are counted; activations are estimated, with
checkpoints between layers. This file imports torch when it is imported.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from typing import Any

import torch

from dubench.duvlm.fine_tuning.adapters import LONGEST, adapters, prepare
from dubench.duvlm.model import new_tokens
from dubench.duvlm.tokens import Vocabulary

GPUS = {"1× 80 GB": (1, 79.0), "1× H200": (1, 139.0), "8× A100 80 GB": (8, 79.0)}
"""How many, and GiB that each has for programs."""
WAYS = {"adapters": (False, 8), "full, adamw": (True, 8), "full, adamw-8bit": (True, 2)}
"""Whether all weights learn, and bytes of the optimizer's states per weight."""

_SHAPE: dict[str, Any] = {
    "text_config": {
        "vocab_size": 151936, "hidden_size": 4096, "intermediate_size": 12288,
        "num_hidden_layers": 36, "num_attention_heads": 32, "num_key_value_heads": 8,
        "head_dim": 128, "rope_parameters": {
            "rope_type": "default", "rope_theta": 5000000.0, "mrope_section": [24, 20, 20],
            "mrope_interleaved": True,
        },
    },
    "vision_config": {
        "depth": 27, "hidden_size": 1152, "intermediate_size": 4304, "num_heads": 16,
        "patch_size": 16, "spatial_merge_size": 2, "out_hidden_size": 4096,
        "num_position_embeddings": 2304, "deepstack_visual_indexes": [8, 16, 24],
    },
    "tie_word_embeddings": False,
}  # fmt: skip
"""Of KNOWN, so that it needs no Hub; its tokenizer has so many words:"""
_WORDS = 151669
KNOWN = "Qwen/Qwen3-VL-8B-Instruct"
_SIDE, _TEXT, _ANSWER = 256, 120, 24  # pixels of a picture; tokens of a question's words; answer
_RESERVE = 2.0  # GiB of CUDA's own, and of what lies between allocations
_GIB = 2**30


@dataclass(frozen=True)
class Need:
    """What one GPU of a machine needs.

    Attributes:
        way: of WAYS. gpus: of GPUS.
        gib: in all, for weights, gradients, states, and the activations of a pass.
        room: GiB that there are.
    """

    way: str
    gpus: str
    gib: float
    room: float

    @property
    def fits(self) -> bool:
        """Whether it does."""
        return self.gib <= self.room


@dataclass(frozen=True)
class DryRun:
    """A model, and what it takes.

    Attributes:
        parameters: in all. trained: by adapters and the rows of new tokens.
        rows: per matrix how many new tokens' rows learn with adapters; of so many `tokens`.
        batch: photographs of a pass, or answers about them.
        needs: for each way on each machine.
    """

    parameters: int
    trained: int
    tokens: int
    rows: Mapping[str, int]
    batch: int
    needs: tuple[Need, ...]

    def to_json(self) -> dict[str, Any]:
        """As plain data."""
        return asdict(self) | {"needs": [asdict(need) | {"fits": need.fits} for need in self.needs]}


def dry_run(model: str, vocabulary: Vocabulary, views: Sequence[str], batch: int) -> DryRun:
    """Fine-tuning: build a model on the meta device, with all that would learn, and reckon.

    Raises:
        InputError: the model is no Qwen3-VL, or not to be had.
    """
    config, words = _described(model, vocabulary, views)
    with _no_weights():
        network = _network(config)
        parameters = _count(network)
        adapted = prepare(network, words, vocabulary, full=False)
    trained, with_adapters = _trained(adapted)
    activations = batch * _activations(config, len(views) + 1, _ANSWER) + _RESERVE * _GIB
    needs = []
    for way, (full, states) in WAYS.items():
        for gpus, (count, room) in GPUS.items():
            weights = with_adapters
            if full:
                # All in float32, shared out; alone, autocast keeps a copy in bfloat16 of each.
                weights = (8 + states) * parameters / count + (2 * parameters if count == 1 else 0)
            needs.append(Need(way, gpus, round((weights + activations) / _GIB, 1), room))
    return DryRun(
        parameters, trained, len(vocabulary.new), trained_rows(adapted), batch, tuple(needs)
    )


def dry_run_of_rewards(
    model: str, vocabulary: Vocabulary, views: Sequence[str], answers: int
) -> DryRun:
    """Learning from rewards, `answers` a pass on each GPU; as `dry_run`."""
    from peft import get_peft_model

    config, words = _described(model, vocabulary, views)
    with _no_weights():
        network = _network(config)
        new_tokens.add(network, words, vocabulary)
        parameters = _count(network)
        trained, weights = _trained(get_peft_model(network, adapters()))
    activations = answers * _activations(config, len(views) + 1, LONGEST) + _RESERVE * _GIB
    gib = round((weights + activations) / _GIB, 1)
    needs = [Need("adapters", gpus, gib, room) for gpus, (_, room) in GPUS.items()]
    return DryRun(parameters, trained, len(vocabulary.new), {}, answers, tuple(needs))


@contextmanager
def _no_weights() -> Iterator[None]:
    from transformers.initialization import no_init_weights

    with torch.device("meta"), no_init_weights():
        yield


def _network(config: Any) -> Any:
    from transformers import Qwen3VLForConditionalGeneration

    return Qwen3VLForConditionalGeneration(config)


def _count(network: Any) -> int:
    return sum(weight.numel() for weight in network.parameters())


def _trained(adapted: Any) -> tuple[int, float]:
    """How many weights learn in a model with adapters, and the bytes of all: what learns in
    float32 with its gradients and states, the rest in bfloat16, on every GPU."""
    trained = sum(weight.numel() for weight in adapted.parameters() if weight.requires_grad)
    return trained, 16.0 * trained + 2.0 * (_count(adapted) - trained)


def trained_rows(model: Any) -> dict[str, int]:
    """How many rows of single tokens learn, by the matrix that they are of."""
    return {
        name.removesuffix(".token_adapter").rpartition(".")[2]: len(indices)
        for name, indices in _token_rows(model)
    }


def _token_rows(model: Any) -> Iterator[tuple[str, list[int]]]:
    for name, module in model.named_modules():
        deltas = getattr(module, "trainable_tokens_delta", None)
        if deltas is not None:
            for adapter, delta in deltas.items():
                indices = module.token_indices[adapter]
                if delta.requires_grad and len(delta) == len(indices):
                    yield name, indices


def _described(model: str, vocabulary: Vocabulary, views: Sequence[str]) -> tuple[Any, Any]:
    """A model's configuration and tokenizer; those of the 8B need no Hub."""
    from transformers import AutoConfig, AutoTokenizer, Qwen3VLConfig

    from dubench.duvlm.model.qwen import check_base
    from dubench.duvlm.views import PHOTOGRAPH

    if model == KNOWN:
        return Qwen3VLConfig(**_SHAPE), _stand_in()
    check_base(model, vocabulary, (PHOTOGRAPH, *views))
    return AutoConfig.from_pretrained(model), AutoTokenizer.from_pretrained(model)


def _stand_in() -> Any:
    """A tokenizer of as many words as that of the 8B."""
    from tokenizers import Tokenizer, pre_tokenizers
    from tokenizers.models import WordLevel
    from transformers import PreTrainedTokenizerFast

    build: Any = PreTrainedTokenizerFast
    words = Tokenizer(WordLevel({str(i): i for i in range(_WORDS)}, unk_token="0"))
    words.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    return build(tokenizer_object=words, pad_token="0", eos_token="1")


def _activations(config: Any, pictures: int, answer: int) -> float:
    """Bytes that a photograph's activations take in a pass, with so many tokens of an answer."""
    text, vision = config.text_config, config.vision_config
    patches = pictures * (_SIDE // vision.patch_size) ** 2
    tokens = patches // vision.spatial_merge_size**2 + _TEXT + answer
    kept = 2 * tokens * text.hidden_size * text.num_hidden_layers
    kept += 2 * patches * vision.hidden_size * vision.depth
    # Of the layer that is computed anew: its inputs and projections, and their gradients.
    layer = 2 * 2 * tokens * (8 * text.hidden_size + 4 * text.intermediate_size)
    logits = 4 * 3 * answer * text.vocab_size
    return kept + layer + logits
