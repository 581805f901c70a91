"""Let a model see each picture of a batch once: the answers of a group are to the same question.

TRL repeats the question for each answer, in sampling, in the divergence from the start and in the
loss. For nano seeing is most of each.

This file imports torch when it is imported.
"""

from functools import wraps
from typing import Any

import torch
from torch import Tensor
from transformers.models.qwen3_vl.modeling_qwen3_vl import Qwen3VLModel


def see_once(model: Any) -> None:
    """Change a Qwen3-VL, with adapters or without, so that equal pictures are seen once.

    What it answers and learns stays the same.
    """
    for part in model.modules():
        if isinstance(part, Qwen3VLModel):
            part.get_image_features = _once(part.get_image_features)


def _once(see: Any) -> Any:
    @wraps(see)
    def of_distinct(pixel_values: Tensor, image_grid_thw: Tensor, **options: Any) -> Any:
        pictures = torch.split(pixel_values, image_grid_thw.prod(-1).tolist())
        content = [picture.float().cpu().numpy().tobytes() for picture in pictures]
        first = {key: place for place, key in reversed(list(enumerate(content)))}
        distinct = sorted(first.values())
        seen = see(
            torch.cat([pictures[place] for place in distinct]), image_grid_thw[distinct], **options
        )
        places = [distinct.index(first[key]) for key in content]
        seen.pooler_output = tuple(seen.pooler_output[place] for place in places)
        seen.deepstack_features = [
            tuple(layer[place] for place in places) for layer in seen.deepstack_features
        ]
        return seen

    return of_distinct
