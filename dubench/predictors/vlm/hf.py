"""Any vision language model of transformers, asked in batches."""

from collections.abc import Mapping, Sequence
from typing import Any

from dubench.duvlm.prompts import Question, encode
from dubench.predictors.vlm import pretrained
from dubench.predictors.vlm.asking import Reply
from generators.errors import InputError, first_line


class Hf:
    """A vision language model from a folder or the Hub; its likeliest answer, token by token.

    Args:
        what: a folder, or OWNER/NAME on the Hub.
        batch: questions at once.
        max_tokens: the longest answer.
        device, dtype, trust_remote_code: see `pretrained.load`.

    Raises:
        InputError: see `pretrained.load`.
    """

    def __init__(
        self,
        what: str,
        *,
        device: str = "cpu",
        dtype: str = "auto",
        batch: int = 8,
        max_tokens: int = 1024,
        trust_remote_code: bool = False,
    ) -> None:
        self.name = f"hf:{what}"
        self.batch = batch
        self._longest = max_tokens
        loaded = pretrained.load(
            self.name, what, "AutoModelForImageTextToText", device, dtype, trust_remote_code
        )
        self._model, self._processor = loaded.model, loaded.processor
        self.about: Mapping[str, Any] = dict(loaded.about) | {"max_tokens": max_tokens}
        # Answers go on at the right end of their questions.
        tokenizer = self._processor.tokenizer
        tokenizer.padding_side = "left"
        if tokenizer.pad_token is None:
            tokenizer.pad_token = tokenizer.eos_token

    def ask(self, questions: Sequence[Question], anew: bool = False) -> list[Reply]:
        """One reply per question.

        Raises:
            InputError: the model has no chat template, or takes fewer pictures at once, or memory
                does not suffice.
        """
        import torch

        inputs = self._inputs(questions).to(self._model.device, dtype=self._model.dtype)
        try:
            with torch.inference_mode():
                # A model's own sampling is switched off, and what would tune it.
                tokens = self._model.generate(
                    **inputs, max_new_tokens=self._longest, do_sample=False, num_beams=1,
                    temperature=None, top_p=None, top_k=None,
                )  # fmt: skip
        except ValueError as error:
            raise self._refusal(error) from None
        except torch.OutOfMemoryError:
            raise InputError(
                f"--model {self.name}: the memory of {self._model.device} does not suffice; "
                "give a smaller --batch, or --dtype bfloat16"
            ) from None
        answers = tokens[:, inputs["input_ids"].shape[1] :]
        texts = self._processor.batch_decode(answers, skip_special_tokens=True)
        return [
            Reply(text, cut=self._is_cut(answer))
            for text, answer in zip(texts, answers.tolist(), strict=True)
        ]

    def _inputs(self, questions: Sequence[Question]) -> Any:
        try:
            return encode(self._processor, questions)
        except (ValueError, TypeError) as error:
            raise self._refusal(error) from None

    def _refusal(self, error: Exception) -> InputError:
        return InputError(
            f"--model {self.name} does not take such a question ({first_line(error)}); does it "
            "take as many pictures?"
        )

    def _is_cut(self, answer: list[int]) -> bool:
        ends = self._model.generation_config.eos_token_id
        ends = {ends} if isinstance(ends, int) else set(ends or ())
        return len(answer) >= self._longest and not ends & set(answer)
