"""Predict, score, train and restore: everything done with a dataset of degradations.

What the commands do, as functions. The names below are loaded when they are first used, so that
importing the package costs nothing.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from dubench.baseline.train import train_statistics as train_statistics
    from dubench.calibrating import train_calibration as train_calibration
    from dubench.dataset import open_split as load
    from dubench.diagnosing import diagnose as diagnose
    from dubench.predictions.run import predict as predict
    from dubench.predictors import load_predictor as load_predictor
    from dubench.report.report import write_report as write_report
    from dubench.scoring.compare import compare as compare
    from dubench.scoring.compare import load_score as load_score
    from dubench.scoring.score import score as score
    from dubench.scoring.score_files import write_score as write_score
    from generators import Degradation as Degradation
    from generators import DepthSpec as DepthSpec
    from generators import InputError as InputError
    from generators import SourceSpec as SourceSpec
    from generators import degrade as degrade
    from generators import generate as generate
    from generators import preview as preview
    from generators import regenerate as regenerate
    from generators import verify as verify
    from generators import write_manifest as write_manifest

__all__ = [
    "Degradation",
    "DepthSpec",
    "InputError",
    "SourceSpec",
    "compare",
    "degrade",
    "diagnose",
    "generate",
    "load",
    "load_predictor",
    "load_score",
    "predict",
    "preview",
    "regenerate",
    "score",
    "train_calibration",
    "train_statistics",
    "verify",
    "write_manifest",
    "write_report",
    "write_score",
]

_OWN = {
    "compare": ("dubench.scoring.compare", "compare"),
    "diagnose": ("dubench.diagnosing", "diagnose"),
    "load": ("dubench.dataset", "open_split"),
    "load_predictor": ("dubench.predictors", "load_predictor"),
    "load_score": ("dubench.scoring.compare", "load_score"),
    "predict": ("dubench.predictions.run", "predict"),
    "score": ("dubench.scoring.score", "score"),
    "train_calibration": ("dubench.calibrating", "train_calibration"),
    "train_statistics": ("dubench.baseline.train", "train_statistics"),
    "write_report": ("dubench.report.report", "write_report"),
    "write_score": ("dubench.scoring.score_files", "write_score"),
}


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module 'dubench' has no attribute {name!r}")
    module, function = _OWN.get(name, ("generators", name))
    return getattr(import_module(module), function)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
