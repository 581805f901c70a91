"""Models of transformers, from a folder or the Hub: loaded with care, and told apart."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from generators.batched.render import check_device
from generators.errors import InputError, first_line
from generators.files import from_home

DTYPES = ("auto", "float32", "bfloat16", "float16")
_FILES = {".json", ".jinja", ".model", ".txt", ".safetensors", ".bin", ".py"}


@dataclass(frozen=True)
class Pretrained:
    """A model in memory.

    Attributes:
        model: in evaluation mode, on its device.
        processor: makes its inputs.
        about: what tells its weights from others'.
    """

    model: Any
    processor: Any
    about: Mapping[str, Any]


def load(
    name: str, what: str, auto: str, device: str, dtype: str, trust_remote_code: bool
) -> Pretrained:
    """Load a model and its processor.

    Args:
        name: as the user wrote it, for messages.
        what: a folder, or OWNER/NAME on the Hub.
        auto: class of transformers that loads it, such as `AutoModelForImageTextToText`.
        dtype: one of DTYPES; `auto` is that of the file.
        trust_remote_code: whether code that comes with it may run, and weights be read that are
            not safetensors, which may hold code too.

    Raises:
        InputError: it is not there, not such a model, or not to be had without trust.
    """
    flag = f"--model {name}"
    if not what:
        raise InputError(f"{flag}: name a folder, or OWNER/NAME on the Hub")
    if dtype not in DTYPES:
        raise InputError(f"--dtype {dtype}: use one of {', '.join(DTYPES)}")
    place = check_device(device)
    try:
        import transformers
    except ImportError:
        raise InputError(
            f'{flag} needs the package transformers: pip install "dubench[train]"'
        ) from None
    folder = from_home(what)
    where = str(folder) if folder.is_dir() else what
    trust = {"trust_remote_code": trust_remote_code}
    classes: Any = transformers
    try:
        model, report = getattr(classes, auto).from_pretrained(
            where,
            dtype=dtype,
            use_safetensors=None if trust_remote_code else True,
            output_loading_info=True,
            **trust,
        )
        processor = classes.AutoProcessor.from_pretrained(where, **trust)
    except Exception as error:  # each format's reader has its own
        raise InputError(f"{flag}: {_reason(error, folder.is_dir())}") from None
    if report["missing_keys"]:
        raise InputError(
            f"{flag} lacks {len(report['missing_keys'])} weights such as "
            f"{min(report['missing_keys'])}: the copy is not whole, or not of such a model"
        )
    if not hasattr(processor, "image_processor"):
        raise InputError(f"{flag} takes no pictures: its processor has no image processor")
    if folder.is_dir():
        about = {"weights": _digest(folder)}
    else:
        about = {"revision": str(getattr(model.config, "_commit_hash", None))}
    return Pretrained(model.eval().to(place), processor, about | {"dtype": dtype})


def _reason(error: Exception, is_folder: bool) -> str:
    text = str(error)
    if "trust_remote_code" in text:
        return "it brings code of its own; look at it, and run it with --trust-remote-code"
    if "safetensors" in text and isinstance(error, OSError):
        return (
            "it has no weights as safetensors; other formats may hold code: convert them, or read "
            "them with --trust-remote-code"
        )
    if "Unrecognized configuration class" in text:
        return "it is not a model that takes pictures and answers so"
    hint = "" if is_folder else "; give a folder, or OWNER/NAME of a model on the Hub"
    return f"it cannot be loaded ({type(error).__name__}: {first_line(error)}){hint}"


def _digest(folder: Path) -> str:
    """SHA-256 of the model's files, by their names in order."""
    digest = hashlib.sha256()
    for path in sorted(folder.iterdir()):
        if path.suffix in _FILES and path.is_file():
            with path.open("rb") as file:
                digest.update(hashlib.file_digest(file, "sha256").digest())
    return digest.hexdigest()
