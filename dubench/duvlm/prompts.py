"""What a vision language model is shown and asked, one photograph a question."""

from collections.abc import Sequence
from typing import Any

from dubench.duvlm.views import as_pictures, for_nano
from dubench.predictors.protocol import Image
from dubench.tiles import SIDE
from generators.errors import InputError

Question = Sequence[Image | str]
"""Pictures, (H, W, 3) uint8 RGB, and texts, in the order in which a model gets them."""

TRAINED = (
    "Which degradation is it, how severe, and at which values? Answer in words, then in tokens "
    "[T-…][K-…][V-…]."
)
"""The question to models that `dubench train sft` has trained."""

AS_NANO = ("nano",)
"""Instead of views: the pictures that nano takes, whichever program runs it."""

_CAPTIONS = {
    "fft": "Its log-amplitude spectrum, zero frequency in the middle:",
    "edges": "The strength of its edges, by Sobel's filter:",
    "chart": "Statistics of it, a cell each, grey where they are as usual:",
}


def question(image: Image, views: Sequence[str], text: str) -> Question:
    """A photograph, its views with a caption each, and the question.

    Raises:
        InputError: the views are AS_NANO, and the photograph is larger than a tile.
    """
    if views == AS_NANO:
        if max(image.shape[:2]) > SIDE:
            raise InputError(
                f"--views nano takes pictures of at most {SIDE} pixels a side, not "
                f"{image.shape[1]} × {image.shape[0]}; --model nano reads larger ones in tiles"
            )
        return [*for_nano(image), text]
    if not views:
        return image, text
    shown: list[Image | str] = ["The photograph:", image]
    for name, picture in zip(views, as_pictures(image, views), strict=True):
        shown += [_CAPTIONS[name], picture]
    return [*shown, text]


def encode(processor: Any, questions: Sequence[Question]) -> Any:
    """Questions as a model's inputs, as PyTorch tensors, padded as the tokenizer likes.

    Raises:
        ValueError, TypeError: the processor does not take them.
    """
    from PIL import Image as Pillow

    def content(part: Any) -> dict[str, Any]:
        if isinstance(part, str):
            return {"type": "text", "text": part}
        return {"type": "image", "image": Pillow.fromarray(part)}

    return processor.apply_chat_template(
        [[{"role": "user", "content": list(map(content, parts))}] for parts in questions],
        add_generation_prompt=True,
        tokenize=True,
        return_dict=True,
        return_tensors="pt",
        # Some tokenizers bring a length at which they would cut pictures off.
        processor_kwargs={"padding": True, "truncation": False},
    )
