"""MkDocs: the pages of the reference, from the docstrings of what is public."""

from collections.abc import Iterable
from importlib import import_module

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files

PAGES = {
    "dubench": (
        "dubench",
        "What the commands do, as functions. The names that are missing here are those of "
        "[generators](generators.md), offered by `dubench` too.",
    ),
    "generators": ("generators", "What a degradation is, and how a dataset is made."),
    "types": (
        "Models and files",
        "What a model is, what a type of degradation is, and what a "
        "diagnosis and the files of a dataset and a score are when they are read.",
    ),
}
BETWEEN = (
    "dubench.predictors.protocol.Predictor",
    "generators.physics.Physics",
    "generators.dataset.info.DatasetInfo",
    "dubench.diagnosing.diagnosis.Diagnosis",
    "dubench.scoring.result.ScoreResult",
)


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add a page for each package, with the names of its `__all__`, and one for what passes."""
    seen = set[str]()
    for package in ("generators", "dubench"):
        names = [name for name in import_module(package).__all__ if name not in seen]
        seen.update(names)
        files.append(_page(config, package, [f"{package}.{name}" for name in names]))
    files.append(_page(config, "types", BETWEEN))
    return files


def _page(config: MkDocsConfig, name: str, objects: Iterable[str]) -> File:
    title, text = PAGES[name]
    text = f"# {title}\n\n{text}\n\n" + "".join(f"::: {path}\n\n" for path in objects)
    return File.generated(config, f"reference/{name}.md", content=text)
