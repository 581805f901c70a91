"""Which weights of a Qwen3-VL learn, and the plain model that they end in.

This file imports torch and peft when it is imported.
"""

from typing import Any

from dubench.duvlm.model import new_tokens
from dubench.duvlm.tokens import Vocabulary

RANK = 32
TARGETS = r".*language_model.*\.(q|k|v|o|gate|up|down)_proj"
LONGEST = 64
"""Tokens of a sampled answer, at most."""


def prepare(model: Any, words: Any, vocabulary: Vocabulary, full: bool) -> Any:
    """The model with the grammar's tokens, all its weights or its adapters ready to learn.

    With adapters the rows of the new tokens learn too, in and out; both matrices are kept apart,
    for a row that answers with a value need not be the one that reads it.
    """
    if full:
        new_tokens.add(model, words, vocabulary)
        return model.requires_grad_(True)
    from peft import get_peft_model

    new_tokens.untie(model)
    ids = new_tokens.add(model, words, vocabulary)
    # Naming the embedding alone would leave all that is answered untrained.
    return get_peft_model(model, adapters({"embed_tokens": ids, "lm_head": ids}))


def adapters(rows: dict[str, list[int]] | None = None) -> Any:
    """PEFT's configuration; of the matrices of tokens some `rows` may learn too."""
    from peft import LoraConfig

    return LoraConfig(r=RANK, lora_alpha=RANK, target_modules=TARGETS, trainable_token_indices=rows)


def merged(model: Any) -> Any:
    """The plain model, adapters and new rows added to its weights."""
    return model.merge_and_unload() if hasattr(model, "merge_and_unload") else model
