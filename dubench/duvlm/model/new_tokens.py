"""The grammar's pieces as tokens of a pretrained model.

This file imports torch when it is imported.
"""

import math
from typing import Any

import torch
from torch import Tensor, nn

from dubench.duvlm.model.nano import waves
from dubench.duvlm.tokens import Vocabulary


def add(model: Any, words: Any, vocabulary: Vocabulary) -> list[int]:
    """Give a Qwen3-VL one token per piece of the grammar; the ids of all of them.

    A new row, in and out, begins as the mean of the tokens that the piece would else take, moved
    apart from its like: rows of values by sinusoids, so that neighbours are alike. The matrices
    grow only where the tokenizer has more words than rows; none loses any.
    """
    from tokenizers import AddedToken

    before, texts = len(words), list(vocabulary.new)
    tokens = words(texts, add_special_tokens=False)["input_ids"]
    spelled = dict(zip(texts, tokens, strict=True))
    # As special tokens they would be left out when an answer is decoded.
    words.add_tokens([AddedToken(piece, normalized=False, special=False) for piece in spelled])
    if len(words) > model.get_input_embeddings().weight.shape[0]:
        model.resize_token_embeddings(len(words), mean_resizing=False)
    ids: list[int] = words.convert_tokens_to_ids(list(spelled))
    if any(tokens != [token] for tokens, token in zip(spelled.values(), ids, strict=True)):
        both = (model.get_input_embeddings().weight, model.get_output_embeddings().weight)
        for matrix in {id(x): x for x in both}.values():
            if not matrix.is_meta:  # of a dry run
                _begin(matrix, before, words, spelled, vocabulary)
    return ids


def untie(model: Any) -> None:
    """Give the output a matrix of its own, where it shares the embeddings'."""
    embedding, head = model.get_input_embeddings(), model.get_output_embeddings()
    if head.weight is embedding.weight:
        head.weight = nn.Parameter(embedding.weight.detach().clone())
    for config in (model.config, model.config.text_config):
        config.tie_word_embeddings = False
    model.all_tied_weights_keys = {}


@torch.no_grad()
def _begin(
    matrix: Tensor,
    before: int,
    words: Any,
    spelled: dict[str, list[int]],
    vocabulary: Vocabulary,
) -> None:
    deviation = matrix[:before].float().std()
    for piece, tokens in spelled.items():
        matrix[words.convert_tokens_to_ids(piece)] = matrix[tokens].mean(0)
    rows = words.convert_tokens_to_ids(list(vocabulary.values))
    shape = deviation * math.sqrt(2) * waves(len(rows), matrix.shape[1]).to(matrix.device)
    matrix[rows] = (matrix[rows].float().mean(0) + shape).to(matrix.dtype)
