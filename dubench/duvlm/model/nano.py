"""nano: a Qwen3-VL of 2.5 million parameters, with a tokenizer of the answers' pieces alone.

This file imports torch when it is imported.
"""

import math
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from dubench.duvlm.tokens import BEGIN, END, NANO, PAD, VISION, Vocabulary
from dubench.duvlm.views import NANO_VIEWS, PHOTOGRAPH

WIDTH, HEADS, VISION_LAYERS, TEXT_LAYERS = 192, 4, 3, 2
PATCH, MERGE = 16, 2
GRIDS = {PHOTOGRAPH: (8, 8), "fft": (8, 8), "edges": (8, 8), "chart": (2, 2)}
"""Patches of every view: pictures of 128 × 128, the chart of 32 × 32 pixels."""
_DEVIATION = 0.06  # of the first weights: about 1/√width; with 0.02 the values learn far later

_IMAGE = "".join((VISION[0], VISION[2], VISION[1]))
_TEMPLATE = (
    "{% for m in messages %}{% if m.role == 'assistant' %}" + BEGIN + "{% if m.content is string %}"
    "{{ m.content }}{% else %}{% for c in m.content %}{{ c.text }}{% endfor %}{% endif %}" + END
    + "{% elif m.content is string %}{{ raise_exception('nano takes pictures: PICTURES') }}"
    "{% else %}{% set ns = namespace(n=0) %}{% for c in m.content %}"
    "{% if c.type in ('image', 'image_url') %}{% set ns.n = ns.n + 1 %}" + _IMAGE + "{% endif %}"
    "{% endfor %}{% if m.role == 'user' and ns.n != COUNT %}{{ raise_exception('nano takes COUNT "
    "pictures, PICTURES, not ' ~ ns.n) }}{% endif %}{% endif %}"
    "{% endfor %}{% if add_generation_prompt %}" + BEGIN + "{% endif %}"
)  # fmt: skip
"""nano knows one question, so that words beside the pictures are passed over."""


def tokenizer(vocabulary: Vocabulary = NANO) -> Any:
    """A tokenizer with one token per piece."""
    from tokenizers import AddedToken, Tokenizer, decoders
    from tokenizers.models import WordLevel
    from transformers import PreTrainedTokenizerFast

    build: Any = PreTrainedTokenizerFast

    special = [PAD, BEGIN, END, *VISION]
    ids = {piece: i for i, piece in enumerate([*special, *vocabulary.pieces])}
    words = Tokenizer(WordLevel(ids, unk_token=PAD))
    words.decoder = decoders.Fuse()
    words.add_special_tokens(special)
    words.add_tokens([AddedToken(piece, normalized=False) for piece in vocabulary.pieces])
    return build(
        tokenizer_object=words, eos_token=END, pad_token=PAD, padding_side="left",
        clean_up_tokenization_spaces=False,
    )  # fmt: skip


def template(views: Sequence[str]) -> str:
    """The chat template for pictures of these views."""
    names = [f"{view} {PATCH * GRIDS[view][0]}x{PATCH * GRIDS[view][1]}" for view in views]
    return _TEMPLATE.replace("COUNT", str(len(names))).replace("PICTURES", ", ".join(names))


def processor(words: Any, views: Sequence[str] = NANO_VIEWS) -> Any:
    """The processor of pictures of these views, which resizes none of them."""
    from transformers import Qwen2VLImageProcessor, Qwen3VLProcessor, Qwen3VLVideoProcessor

    build: Any = Qwen3VLProcessor
    sizes = {"shortest_edge": 32 * 32, "longest_edge": 128 * 128}
    shape: dict[str, Any] = {
        "patch_size": PATCH,
        "merge_size": MERGE,
        "temporal_patch_size": 1,
        "size": sizes,
    }
    half = [0.5] * 3
    return build(
        Qwen2VLImageProcessor(**shape, image_mean=half, image_std=half),
        words,
        Qwen3VLVideoProcessor(**shape, image_mean=half, image_std=half),
        chat_template=template(views),
    )


def new(words: Any, seed: int, vocabulary: Vocabulary = NANO) -> Any:
    """A Qwen3-VL with first weights."""
    from transformers import Qwen3VLConfig, Qwen3VLForConditionalGeneration

    start, end, image, video = (words.convert_tokens_to_ids(piece) for piece in VISION)
    config = Qwen3VLConfig(
        text_config={
            "vocab_size": len(words), "hidden_size": WIDTH, "intermediate_size": 2 * WIDTH,
            "num_hidden_layers": TEXT_LAYERS, "num_attention_heads": HEADS,
            "num_key_value_heads": HEADS, "head_dim": WIDTH // HEADS,
            "max_position_embeddings": 512, "tie_word_embeddings": True,
            "rope_parameters": {
                "rope_type": "default", "rope_theta": 10000.0,
                "mrope_section": [WIDTH // HEADS // 6] * 3, "mrope_interleaved": True,
            },
            "eos_token_id": words.eos_token_id, "pad_token_id": words.pad_token_id,
        },
        vision_config={
            "depth": VISION_LAYERS, "hidden_size": WIDTH, "intermediate_size": 2 * WIDTH,
            "num_heads": HEADS, "out_hidden_size": WIDTH, "patch_size": PATCH,
            "spatial_merge_size": MERGE, "temporal_patch_size": 1,
            "num_position_embeddings": math.prod(GRIDS[PHOTOGRAPH]), "deepstack_visual_indexes": [],
        },
        image_token_id=image, video_token_id=video, vision_start_token_id=start,
        vision_end_token_id=end, tie_word_embeddings=True,
    )  # fmt: skip
    torch.manual_seed(seed)
    model: Any = Qwen3VLForConditionalGeneration(config)
    with torch.no_grad():
        for name, weight in model.named_parameters():
            if name.endswith("patch_embed.proj.weight"):
                weight.normal_(0, weight[0].numel() ** -0.5)
            elif weight.ndim > 1:
                weight.normal_(0, _DEVIATION)
        rows = [words.convert_tokens_to_ids(piece) for piece in vocabulary.values]
        embedding = model.model.language_model.embed_tokens.weight
        embedding[rows] = _DEVIATION * math.sqrt(2) * waves(len(rows), embedding.shape[1])
    for name in ("eos_token_id", "pad_token_id"):
        setattr(model.generation_config, name, getattr(words, name))
    return model


def waves(count: int, width: int) -> Tensor:
    """Sinusoids (count, width) from half a wave to many: neighbours are alike from the start."""
    places = torch.linspace(0, 1, count)[:, None]
    phases = math.pi * torch.logspace(0, math.log2(count), width // 2, base=2)
    return torch.cat([(places * phases).sin(), (places * phases).cos()], 1)
