"""How a Qwen3-VL is fine-tuned: what a user chooses, and what is fixed."""

from dataclasses import dataclass

BATCH = 4
"""Photographs at once on a device, unless another number is given."""
TOGETHER = 32
"""Photographs of one step of the optimizer, on all devices together, at least."""
EVERY = 250
"""Steps between validations, and checkpoints."""
WATCHED = 300
"""Photographs held out, of each dataset or preset, that validate on the way; at the end all do."""
NARROWED = 0.3
"""Share of the run after which the values' Gaussians are as narrow as they become."""
LORA_RATE, FULL_RATE, WARM_UP = 1e-4, 1e-5, 0.03
OPTIMIZERS = {"adamw": "adamw_torch", "adamw-8bit": "adamw_bnb_8bit"}
"""Their names for transformers."""


@dataclass(frozen=True)
class Course:
    """How a model is trained.

    Attributes:
        images: to see in all.
        batch: photographs at once on a device.
        full: all weights rather than adapters.
        optimizer: one of OPTIMIZERS.
        seed: of order, adapters and what is fed.
        workers: processes that read or make photographs, beside the one that trains.
        device: cpu or cuda.
    """

    images: int
    batch: int = BATCH
    full: bool = False
    optimizer: str = "adamw"
    seed: int = 0
    workers: int = 0
    device: str = "cpu"
