"""The one loss of all sizes of DU-VLM.

This file imports torch when it is imported.
"""

import torch
from torch import Tensor

from dubench.duvlm.train.targets import Targets


def loss_of(logits: Tensor, targets: Targets) -> Tensor:
    """Weighted cross-entropy of every token, summed over the answer, mean over the batch.

    Args:
        logits: (B, L, vocabulary) of the answers' tokens.
    """
    device = logits.device
    wanted, weights, columns = (
        torch.from_numpy(part).to(device)
        for part in (targets.wanted, targets.weights, targets.columns)
    )
    each = -(wanted * logits.float().log_softmax(-1)[..., columns]).sum(-1)
    return (weights * each).sum() / len(logits)
