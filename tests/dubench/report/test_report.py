"""A report: all of it or nothing, one page that fetches nothing, and no unlike scores together."""

import json
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from dubench.report.paper import note
from dubench.report.report import write_report
from dubench.scoring.estimates import estimate
from dubench.scoring.score_files import read_score, read_scores
from generators.errors import InputError
from tests.dubench.scoring import synthetic_scores

HOME = Path(__file__).parents[3]
NAME = "<script>alert(1)</script> & 'co'"
CHROMIUM = "/usr/bin/chromium"


class Page(HTMLParser):
    """The elements of a page, and its text."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.texts.append(" ".join(data.split()))


@pytest.fixture(scope="module")
def paths(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Two scores of the same data, of which one restored images too: do not write to them."""
    home = tmp_path_factory.mktemp("scores")
    one = synthetic_scores.scored("nano", wrong=0.1, n=400, metrics=("psnr",))
    two = synthetic_scores.scored(NAME, wrong=0.5, seed=1, n=400, metrics=())
    return [synthetic_scores.write(home / "one", one), synthetic_scores.write(home / "two", two)]


@pytest.fixture(scope="module")
def report_folder(paths: list[Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("report") / "out"
    written = write_report(paths, out)
    assert written[0] == out / "index.html"
    assert {path for path in out.rglob("*") if path.is_file()} == set(written)
    assert not list(out.parent.glob(".*"))
    return out


def test_tables_and_figures_are_there(report_folder: Path) -> None:
    names = {path.name for path in (report_folder / "tables").iterdir()}
    for table in ("table1_overview", "table1_p_rel", "table2_psnr", "table4_5_variants"):
        assert {f"{table}.md", f"{table}.tex", f"{table}.csv"} <= names
    assert not [name for name in names if name.startswith("table3")]  # nothing was measured
    figures = {path.name for path in (report_folder / "figures").iterdir()}
    assert figures == {
        f"{name}.{suffix}"
        for name in ("figure4_by_type", "figure8_confusion", "figure9_keys", "figure6_psnr_1")
        for suffix in ("png", "pdf")
    }


def test_page_fetches_and_runs_nothing(report_folder: Path) -> None:
    page = Page((report_folder / "index.html").read_text("utf-8"))
    tags = {tag for tag, _ in page.elements}
    assert not tags & {"script", "link", "iframe", "object", "embed", "a", "form", "base"}
    pictures = 0
    for tag, attributes in page.elements:
        assert "style" not in attributes  # the policy would refuse it
        assert not [name for name in attributes if name.startswith("on")]
        for name in ("src", "href", "srcset", "data", "poster"):
            if name in attributes:
                assert (tag, name) == ("img", "src")
                assert (attributes["src"] or "").startswith("data:image/svg+xml;base64,")
                assert attributes["alt"]
                pictures += 1
    assert pictures == 4
    policies = [a["content"] for _, a in page.elements if a.get("http-equiv")]
    assert len(policies) == 1
    assert (policies[0] or "").startswith("default-src 'none'; img-src data:; style-src 'sha256-")
    style = next(text for text in page.texts if "color-scheme" in text)
    assert "url(" not in style
    assert "@import" not in style


def test_page_tells_what_a_reader_must_know(report_folder: Path, paths: list[Path]) -> None:
    page = Page((report_folder / "index.html").read_text("utf-8"))
    for path in paths:
        data = json.loads(path.read_text())
        for name in ("signature", "content_id", "recipe_id", "predictions_sha256", "model"):
            assert data[name] in page.texts
    assert NAME in page.texts  # as text: it made no element
    assert note() in page.texts
    assert ("tbody", {"class": "paper"}) in page.elements
    assert any("dubench 0.1.0" in text for text in page.texts)
    text = " ".join(page.texts)
    assert "no model is here with scores at two values of Δ" in text
    assert "no score here has LPIPS of restored images" in text
    low, high = json.loads(paths[0].read_text())["intervals"]["p_rel.avg"]
    assert f"[{low:.3f}, {high:.3f}]" in page.texts


@pytest.mark.skipif(not Path(CHROMIUM).exists(), reason="no Chromium here")
@pytest.mark.parametrize("width", [1200, 500])
def test_page_in_a_browser(report_folder: Path, tmp_path: Path, width: int) -> None:
    shot = tmp_path / "shot.png"
    command = [
        *(CHROMIUM, "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic"),
        *("--no-first-run", "--disable-background-networking", "--disable-component-update"),
        *("--disable-sync", "--enable-logging=stderr", "--hide-scrollbars"),
        *(f"--user-data-dir={tmp_path / 'profile'}", f"--screenshot={shot}"),
        *(f"--window-size={width},1600", f"file://{report_folder / 'index.html'}"),
    ]
    done = subprocess.run(command, capture_output=True, text=True, timeout=600)
    assert "Content Security Policy" not in done.stderr
    with Image.open(shot) as image:
        assert image.width == width
        shades = image.convert("L").histogram()
    assert sum(shades[:64]) > 0.005 * sum(shades)  # there is ink
    assert max(shades) < 0.99 * sum(shades)


def test_an_earlier_report_is_replaced(
    report_folder: Path, paths: list[Path], tmp_path: Path
) -> None:
    out = Path(shutil.copytree(report_folder, tmp_path / "out"))
    (out / "tables" / "stale.md").write_text("of the earlier report")
    progress: list[tuple[int, int]] = []
    write_report(paths[1:], out, lambda done, total: progress.append((done, total)))
    assert not (out / "tables" / "stale.md").exists()
    assert not (out / "figures" / "figure6_psnr_1.pdf").exists()
    assert progress == [(0, 3), (1, 3), (2, 3), (3, 3)]
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


@pytest.mark.parametrize(
    "where", ["notes.txt", "tables/mine.xlsx", "index.html", "figures/mine.png"]
)
def test_a_folder_with_something_else_is_left_alone(
    paths: list[Path], tmp_path: Path, where: str
) -> None:
    mine = tmp_path / "out" / where
    mine.parent.mkdir(parents=True)
    mine.write_text("mine")
    with pytest.raises(InputError, match="name a new folder"):
        write_report(paths, tmp_path / "out")
    assert mine.read_text() == "mine"
    with pytest.raises(InputError, match="a file has this name"):
        write_report(paths, mine)


def test_killed_half_way_nothing_is_half_written(
    report_folder: Path, paths: list[Path], tmp_path: Path
) -> None:
    out = Path(shutil.copytree(report_folder, tmp_path / "out"))
    before = {path: path.read_bytes() for path in sorted(out.rglob("*.*"))}
    code = (
        "import os, signal, sys; from pathlib import Path\n"
        "from dubench.report.report import write_report\n"
        "paths, out = [Path(sys.argv[1])], Path(sys.argv[2])\n"
        "write_report(paths, out, lambda done, total: os.kill(os.getpid(), signal.SIGKILL))"
    )
    run = subprocess.run([sys.executable, "-c", code, str(paths[1]), str(out)], cwd=HOME)
    assert run.returncode == -signal.SIGKILL
    assert len(list(tmp_path.iterdir())) == 3  # half of the new one and the lock as well
    assert {path: path.read_bytes() for path in sorted(out.rglob("*.*"))} == before
    write_report(paths[1:], out)
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


Spoil = Callable[[Path, dict[str, Any]], object]


def rewrite(path: Path, data: dict[str, Any], **changes: Any) -> None:
    path.write_text(json.dumps(data | changes))


def understand(path: Path, data: dict[str, Any], **changes: Any) -> None:
    rewrite(path, data, understanding=data["understanding"] | changes)


@pytest.mark.parametrize(
    ("spoil", "says"),
    [
        (lambda path, data: path.unlink(), "No such file"),
        (lambda path, data: path.write_bytes(path.read_bytes()[:2000]), "not JSON"),
        (lambda path, data: path.write_text("[1, 2]"), "not a score"),
        (lambda path, data: path.write_bytes(b"\xff\xfe\x00"), "not JSON"),
        (lambda path, data: path.with_name("score.parquet").unlink(), "score.parquet"),
        (lambda path, data: path.with_name("score.parquet").write_bytes(b"PAR1"), "score.parquet"),
        (lambda path, data: rewrite(path, data, per_sample="../one/score.parquet"), "beside it"),
        (lambda path, data: rewrite(path, data, n=7), "7 samples"),
        (lambda path, data: rewrite(path, data, model=None), "model is None, not a text"),
        (lambda path, data: rewrite(path, data, coverage="all"), "coverage is 'all', not a number"),
        (lambda path, data: rewrite(path, data, intervals={"t_acc": [1]}), r"t_acc is \[1\], not"),
        (lambda path, data: rewrite(path, data, intervals=None), "intervals is None, not"),
        (lambda path, data: rewrite(path, data, restoration={"psnr": 3}), "psnr is 3, not an obj"),
        (lambda path, data: understand(path, data, t_acc=float("nan")), "t_acc is nan, not a fini"),
        (lambda path, data: understand(path, data, p_rel={"gamma": [1]}), r"gamma is \[1\], not a"),
        (lambda path, data: understand(path, data, confusion=None), "confusion is None, not an"),
        (lambda path, data: understand(path, data, oracle_constant={}), "oracle_constant: values"),
    ],
)
def test_a_damaged_score_is_one_line(
    paths: list[Path], tmp_path: Path, spoil: Spoil, says: str
) -> None:
    home = Path(shutil.copytree(paths[1].parent, tmp_path / "two"))
    spoil(home / "score.json", json.loads((home / "score.json").read_text()))
    with pytest.raises(InputError, match=says) as caught:
        write_report([paths[0], home / "score.json"], tmp_path / "out")
    assert "\n" not in str(caught.value)
    assert str(home) in str(caught.value)
    assert not (tmp_path / "out").exists()


def test_scores_of_different_data_do_not_mix(paths: list[Path], tmp_path: Path) -> None:
    other = synthetic_scores.scored("nano", n=400, metrics=(), data="a7")
    path = synthetic_scores.write(tmp_path / "other", other)
    with pytest.raises(InputError, match="different data") as caught:
        write_report([*paths, path], tmp_path / "out")
    message = str(caught.value)
    assert str(paths[0]) in message
    assert str(path) in message
    assert "content_id 3f3f3f3f3f3f… and a7a7a7a7a7a7…" in message
    assert "separately" in message


@pytest.mark.parametrize(
    ("old", "new", "names"),
    [
        ("psnr:made-up", "psnr:y", "psnr is made-up and y"),
        ("dubench:0.1", "dubench:0.2", "dubench is 0.1 and 0.2"),
        ("p-rel:uncapped", "p-rel:capped", "p-rel is uncapped and capped"),
    ],
)
def test_scores_computed_differently_do_not_mix(
    paths: list[Path], tmp_path: Path, old: str, new: str, names: str
) -> None:
    path = Path(shutil.copytree(paths[0].parent, tmp_path / "other")) / "score.json"
    path.write_text(path.read_text().replace(old, new))
    with pytest.raises(InputError, match=names):
        read_scores([paths[0], path])


def test_how_intervals_were_drawn_does_not_matter(paths: list[Path], tmp_path: Path) -> None:
    path = Path(shutil.copytree(paths[0].parent, tmp_path / "other")) / "score.json"
    scored = read_score(path)
    estimates = estimate(scored.rows, 1)
    other = replace(
        scored.result,
        signature=scored.result.signature.replace("seed-0", "seed-1"),
        intervals=estimates.intervals,
    )
    assert other.intervals != scored.result.intervals
    path.write_text(json.dumps(other.to_json()))
    assert list(read_scores([paths[0], path])) == [f"nano ({paths[0]})", f"nano ({path})"]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        (("understanding", "t_acc"), 0.999),
        (("understanding", "p_rel_capped", "sigma"), 0.001),
        (("understanding", "by_type", "haze", "f1"), 1.0),
        (("restoration", "psnr", "avg"), 40.0),
        (("intervals", "t_acc"), [0.99, 1.0]),
        (("coverage",), 1.0),
        (("parse_failures",), 0),
        (("unmeasured",), {"psnr": 3}),
    ],
)
def test_a_score_that_is_not_its_rows_is_refused(
    paths: list[Path], tmp_path: Path, field: tuple[str, ...], value: Any
) -> None:
    path = Path(shutil.copytree(paths[0].parent, tmp_path / "edited")) / "score.json"
    data = json.loads(path.read_text())
    *parents, last = field
    place = data
    for name in parents:
        place = place[name]
    assert place[last] != value
    place[last] = value
    path.write_text(json.dumps(data))
    with pytest.raises(InputError, match="run dubench score again"):
        read_scores([path])


def test_names_of_one_models_variants(tmp_path: Path) -> None:
    paths = [
        synthetic_scores.write(
            tmp_path / str(step), synthetic_scores.scored("nano", n=100, delta=step, metrics=())
        )
        for step in (0.01, 0.05)
    ]
    assert list(read_scores(paths)) == ["nano, Δ 0.01", "nano, Δ 0.05"]
    assert list(read_scores(paths[:1])) == ["nano"]
    with pytest.raises(InputError, match="given twice"):
        read_scores([paths[0], paths[0]])
    with pytest.raises(InputError, match="at least one"):
        read_scores([])


def test_rows_come_with_the_score(paths: list[Path]) -> None:
    scored = read_score(paths[0])
    assert scored.rows.n == scored.result.n == 400
    assert set(scored.rows.quality) == {"psnr"}
