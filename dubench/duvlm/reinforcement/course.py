"""How a model learns from rewards: what a user chooses."""

from dataclasses import dataclass

GROUP, PROMPTS = 8, 4
"""Answers to a question, and questions in a step, unless another number is given."""


@dataclass(frozen=True)
class Course:
    """How a model is trained.

    Attributes:
        reward: `structured`, `naive` or `differentiable`.
        steps: of the optimizer.
        value_weight: of the values' mean error beside the reward.
        group: answers to each question that are compared.
        prompts: questions in a step, on each device.
        every: steps between evaluations.
        nano: whether all weights of a small model learn, rather than adapters.
        seed: of order and sampling.
        device: cpu or cuda.
    """

    reward: str
    steps: int
    value_weight: float = 0.0
    group: int = GROUP
    prompts: int = PROMPTS
    every: int = 50
    nano: bool = True
    seed: int = 0
    device: str = "cpu"
