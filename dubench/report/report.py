"""A report of several scores: tables and figures as a paper has them, and a page of all."""

import shutil
from collections.abc import Callable, Sequence
from pathlib import Path

from dubench.report.figures import certainty, tolerance, understanding
from dubench.report.figures.plotting import Drawing, render
from dubench.report.formats import Table, comma_separated, latex, markdown
from dubench.report.page import MARK, page
from dubench.report.tables import tables
from dubench.scoring.score_files import read_scores
from generators.errors import InputError, plain_errors
from generators.lock import hold_beside

_WRITERS: dict[str, Callable[[Table], str]] = {
    "md": markdown,
    "tex": latex,
    "csv": comma_separated,
}
_PICTURES = ("pdf", "png")
_OURS = {"index.html": (), "tables": tuple(_WRITERS), "figures": _PICTURES}


@plain_errors()
def write_report(
    paths: Sequence[Path],
    out: Path,
    on_progress: Callable[[int, int], None] = lambda done, total: None,
    *,
    as_radar: bool = False,
) -> list[Path]:
    """Write tables/, figures/ and index.html into `out`, whole or not at all.

    Args:
        paths: score.json files, with their rows beside them.
        out: a new or empty folder, or that of an earlier report, which is replaced.
        on_progress: called with how many of how many figures are drawn.
        as_radar: draw the scores by type as the paper does, instead of dots with intervals.

    Returns:
        the files written, the page first.

    Raises:
        InputError: a score is missing, damaged, or cannot be compared with the others; or `out`
            holds something else, or cannot be written.

    Examples:
        >>> from pathlib import Path  # the scores are those of `write_score`'s example
        >>> from dubench import write_report
        >>> files = write_report([Path("constant.json"), Path("statistics.json")], Path("report"))
        >>> files[0].name
        'index.html'
    """
    with hold_beside(out):
        return _write(paths, out, on_progress, as_radar)


def _write(
    paths: Sequence[Path], out: Path, on_progress: Callable[[int, int], None], as_radar: bool
) -> list[Path]:
    """`write_report` to a folder that is held."""
    _check_out(out)
    scored = read_scores(paths)
    scores = {name: score.result for name, score in scored.items()}
    drawn = understanding.drawings(scores, as_radar=as_radar)
    drawn += certainty.drawings(scored)
    drawn += tolerance.drawings({name: score.rows for name, score in scored.items()})
    home = out.resolve()
    part = home.with_name(f".{home.name}.part")
    try:
        shutil.rmtree(part, ignore_errors=True)
        (part / "tables").mkdir(parents=True)
        (part / "figures").mkdir()
        filled = tables(scores)
        for table in filled:
            for suffix, write in _WRITERS.items():
                (part / "tables" / f"{table.name}.{suffix}").write_text(write(table), "utf-8")
        vectors = _draw(part / "figures", drawn, on_progress)
        (part / "index.html").write_text(page(scores, filled, drawn, vectors), "utf-8")
        _replace(home, part)
    finally:
        shutil.rmtree(part, ignore_errors=True)
    return [out / "index.html", *sorted(out.glob("*/*"))]


def _draw(
    folder: Path, drawings: Sequence[Drawing], on_progress: Callable[[int, int], None]
) -> dict[str, bytes]:
    """Save the figures as PDF and PNG; returns them as SVG, by name."""
    vectors = {}
    wanted = [drawing for drawing in drawings if drawing.figure]
    on_progress(0, len(wanted))
    for done, drawing in enumerate(wanted, 1):
        assert drawing.figure is not None
        for suffix in _PICTURES:
            (folder / f"{drawing.name}.{suffix}").write_bytes(render(drawing.figure, suffix))
        vectors[drawing.name] = render(drawing.figure, "svg")
        on_progress(done, len(wanted))
    return vectors


def _check_out(out: Path) -> None:
    """Refuse a file, and a folder with anything but an earlier report."""
    if not out.exists():
        return
    if not out.is_dir():
        raise InputError(f"--out {out}: a file has this name; name a folder")
    held = sorted(out.iterdir())
    # Without the page that bears the mark, figures/ and tables/ may be anyone's.
    odd = [path for path in held if not _is_ours(path)] if out / "index.html" in held else held
    if odd:
        raise InputError(
            f"--out {out}: holds {odd[0].name}, which is no report's; name a new folder"
        )


def _is_ours(path: Path) -> bool:
    if path.name not in _OURS:
        return False
    if path.name == "index.html":
        return path.is_file() and MARK in path.read_text("utf-8", "replace")
    return path.is_dir() and all(
        entry.suffix.removeprefix(".") in _OURS[path.name] for entry in path.iterdir()
    )


def _replace(out: Path, part: Path) -> None:
    old = out.with_name(f".{out.name}.old")
    shutil.rmtree(old, ignore_errors=True)
    if out.exists():
        out.rename(old)
    part.rename(out)
    shutil.rmtree(old, ignore_errors=True)
