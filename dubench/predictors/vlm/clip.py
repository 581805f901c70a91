"""Types by text prompts: which phrase lies nearest to the picture in a model of both.

After "Learning Transferable Visual Models From Natural Language Supervision" (CLIP,
arXiv 2103.00020, section 3.1). Such a model knows no parameters: its T-Acc may be high, its J-Acc
is 0 but for `none`.
"""

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

from dubench.predictors.protocol import Image, Record
from dubench.predictors.vlm import pretrained
from generators.errors import InputError
from generators.taxonomy import TYPES

TEMPLATE = "a photograph, {}"


def phrases() -> dict[str, list[str]]:
    """What stands for each type: its name, and the names people use for it."""
    return {
        type_.name: [
            TEMPLATE.format(name.replace("_", " ")) for name in (type_.name, *type_.aliases)
        ]
        for type_ in TYPES.values()
    }


class Clip:
    """A model of pictures and texts, such as CLIP or SigLIP, from a folder or the Hub.

    Args:
        what: a folder, or OWNER/NAME on the Hub.
        batch: images at once.
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
        batch: int = 32,
        trust_remote_code: bool = False,
    ) -> None:
        self.name = f"clip:{what}"
        self.batch = batch
        loaded = pretrained.load(
            self.name, what, "AutoModelForZeroShotImageClassification",
            device, dtype, trust_remote_code,
        )  # fmt: skip
        self._model, self._processor = loaded.model, loaded.processor
        self._phrases = phrases()
        text = "\n".join(phrase for of_type in self._phrases.values() for phrase in of_type)
        digest = hashlib.sha256(text.encode()).hexdigest()
        self.about: Mapping[str, Any] = dict(loaded.about) | {"prompt_sha256": digest}

    def predict(self, images: Sequence[Image]) -> list[Record]:
        """The likeliest type of each image, and how likely each type is; no parameters.

        A type's score is the mean of the model's logits for its phrases.

        Raises:
            InputError: memory does not suffice.
        """
        import torch

        flat = [phrase for of_type in self._phrases.values() for phrase in of_type]
        # SigLIP was trained on texts padded to full length; to CLIP it is all one.
        inputs = self._processor(
            text=flat, images=list(images), padding="max_length", truncation=True,
            return_tensors="pt",
        ).to(self._model.device, dtype=self._model.dtype)  # fmt: skip
        try:
            with torch.inference_mode():
                logits = self._model(**inputs).logits_per_image.double().cpu()
        except torch.OutOfMemoryError:
            raise InputError(
                f"--model {self.name}: the memory of {self._model.device} does not suffice; "
                "give a smaller --batch"
            ) from None
        counts = [len(of_type) for of_type in self._phrases.values()]
        scores = torch.stack([part.mean(dim=1) for part in logits.split(counts, dim=1)], dim=1)
        return [self._record(row) for row in scores.softmax(dim=1).tolist()]

    def _record(self, shares: list[float]) -> Record:
        probabilities = dict(zip(self._phrases, shares, strict=True))
        likeliest = max(probabilities, key=probabilities.__getitem__)
        return {"type": likeliest, "type_probabilities": probabilities}
