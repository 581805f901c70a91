"""A grammar that a model cannot break: after [T-…] its keys, each with as many values as it has.

This file imports torch and transformers when it is imported.
"""

from typing import Any

import torch
from transformers import LogitsProcessor

from dubench.duvlm.tokens import VISION, Vocabulary
from generators.taxonomy import TYPES


class Grammar(LogitsProcessor):
    """For `generate`: leaves a rationale free, then lets nothing through but the grammar.

    It keeps no state: what may follow is read off the tokens that are there.

    Args:
        words: the tokenizer, in which every piece of `vocabulary.new` is one token.
        prompt: tokens of the prompts, with their padding on the left.
        rationale: the most tokens before [T-…]; 2 for nano.

    Examples:
        grammar = Grammar(words, NANO, inputs["input_ids"].shape[1])
        model.generate(**inputs, logits_processor=[grammar])
    """

    def __init__(
        self, words: Any, vocabulary: Vocabulary, prompt: int, rationale: int = 64
    ) -> None:
        ids = words.convert_tokens_to_ids
        self._prompt, self._rationale = prompt, rationale
        self._types = {ids(f"[T-{name}]"): name for name in TYPES}
        values = ids(list(vocabulary.values))
        self._chains = {name: self._chain(ids, name, values) for name in TYPES}
        self._end = [words.eos_token_id]
        known = (*vocabulary.new, *VISION)
        self._not_in_rationale = sorted({*ids(list(known)), words.eos_token_id} - {*self._types})

    def __call__(self, input_ids: Any, scores: Any) -> Any:
        """Scores (B, vocabulary) with −∞ for what may not follow the tokens (B, n)."""
        masked = torch.full_like(scores, -torch.inf)
        for row, tokens in enumerate(input_ids[:, self._prompt :].tolist()):
            allowed = self._allowed(tokens)
            if allowed is None:
                masked[row] = scores[row]
                masked[row, self._not_in_rationale] = -torch.inf
            else:
                masked[row, allowed] = scores[row, allowed]
        return masked

    def _allowed(self, tokens: list[int]) -> list[int] | None:
        """What may follow an answer's tokens; None: any rationale."""
        place = next((i for i, token in enumerate(tokens) if token in self._types), None)
        if place is None:
            return list(self._types) if len(tokens) >= self._rationale else None
        chain = self._chains[self._types[tokens[place]]]
        done = len(tokens) - place - 1
        return chain[done] if done < len(chain) else self._end

    @staticmethod
    def _chain(ids: Any, name: str, values: list[int]) -> list[list[int]]:
        chain: list[list[int]] = []
        for key in TYPES[name].keys:
            chain += [[ids(f"[K-{key.name}]")], *[values] * key.size]
        return chain
