"""The commands of the pages, and README's Python, run as they stand, on small things.

Every command either runs here, in its page's order and with exit code 0, or is tried by the test
that ELSEWHERE names.
"""

import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import pytest
from PIL import Image

from generators.sources.pools import BUNDLED
from tests.docs.pages import PAGES, ROOT, Command, blocks, commands, name

# What asks for a network, a GPU, a person or hours, and the tests in which its like is run.
ELSEWHERE = {
    r"--model (hf|clip):": "tests/dubench/predictors",
    r"openai:": "tests/dubench/predictors",
    r"(duvlm:|Qwen/|--device cuda)": "tests/dubench/duvlm",
    r"(celeba|bdd100k|nuscenes|hf)=": "tests/generators/sources",
    r"--depth model=": "tests/generators/depth",
    r"--engine ray|/shared/": "tests/generators/engines",
    r"s3://": "tests/generators/build/test_urls.py",
    r"^review (serve|add-reviewer|invite|set-password|disable)": "tests/annotation_ui",
    r"^review finalize": "tests/annotation_ui/test_finalize.py",
    r"^leaderboard serve": "tests/leaderboard/test_app.py",
    r"^publish": "tests/leaderboard/exchange/test_publish.py",
    r"^train (sft|grpo|online)|nano:|nano-": "tests/dubench/duvlm",
    r"^train (statistics|calibration)": "tests/dubench/baseline",
    r"mine\.safetensors": "tests/dubench/baseline",
    r"^train prior": "tests/dubench/ddnm",
    r"^ablate": "tests/dubench/duvlm",
    r"--metrics paper|--real": "tests/dubench/scoring",
    r"\$": "a loop over folders that each reader has of their own",
}
# A type is added to the code first.
ADDED = {"docs/adding-a-degradation.md": "tests/adding_a_degradation"}

SMALL = {"--n": "120", "--seed": "0"}
STANDS_FOR = {"MODEL": "statistics", "PRESET": "du110k"}

PHOTOGRAPHS = ("PHOTOS", "photos", "BSDS", "OTHERS", "PICTURES", "FOLDER", "holidays")
DATASETS = {"du110k": "du110k", "DIR": "du110k", "du110k-wild": "du110k-wild"}
# What is there where a page takes it for granted: by which command, after what else.
GRANTED = {
    "preds.jsonl": "predict --dataset du110k --out preds.jsonl",
    "a.jsonl": "predict --dataset du110k --out a.jsonl",
    "b.jsonl": "predict --model constant --dataset du110k --out b.jsonl",
    "a.json": "score a.jsonl --out a.json",
    "b.json": "score b.jsonl --out b.json",
    "m.parquet": "manifest du110k --out m.parquet",
}
Call = Callable[[str], None]


@pytest.fixture
def call(dubench_here, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Call:
    """Run dubench in the working folder, a new one; fails unless the exit code is 0."""
    monkeypatch.chdir(tmp_path)

    def run(text: str) -> None:
        done = dubench_here(*shlex.split(text), cwd=tmp_path)
        assert done.returncode == 0, f"dubench {text}\n{done.stdout}{done.stderr}"

    return run


def grant(word: str, call: Call) -> None:
    """Make what a page takes for granted, unless it is there."""
    path = Path(word)
    if path.exists():
        return
    if word in PHOTOGRAPHS:
        path.mkdir()
        few = 3 if word in ("FOLDER", "holidays") else None
        for photograph in sorted(BUNDLED.glob("*.jpg"))[:few]:
            half_as_large(photograph, path / photograph.name)
    elif word == "photo.jpg":
        half_as_large(BUNDLED / "dragonfly-by-bolly.jpg", path)
    elif word == "other.png":
        call("degrade photo.jpg --type blur --set sigma=3 --out other.png")
    elif word == "card.yaml":
        shutil.copy(ROOT / "docs" / "cards" / "classical.yaml", path)
    elif word in DATASETS:
        grant("PHOTOS", call)
        small = "--n 120 --size 64 --source folder=PHOTOS"
        call(f"generate {small} --preset {DATASETS[word]} --out {word}")
    elif word in GRANTED:
        for needed in GRANTED[word].split()[1:-1]:
            grant(needed, call)
        call(GRANTED[word])


def half_as_large(photograph: Path, to: Path) -> None:
    with Image.open(photograph) as image:
        image.reduce(2).save(to, quality=95)


def run(command: Command, call: Call) -> None:
    """Run a command of a page, smaller where it asks for much."""
    words = [STANDS_FOR.get(word, word) for word in command.arguments]
    for at, word in enumerate(words[:-1]):
        if word in SMALL:
            words[at + 1] = SMALL[word]
    if words[0] == "generate" or words[:2] == ["leaderboard", "epoch"]:
        words += [] if {"--size", "--manifest"} & {*words} else ["--size", "64"]
    if words[:3] == ["leaderboard", "add", "preds.jsonl"]:  # the board's, not the page's last
        Path("preds.jsonl").unlink(missing_ok=True)
        call("predict --model classical --dataset BOARD.epoch1 --out preds.jsonl")
    for before, word in pairwise(words):
        if before != "--out":
            grant(re.split("[=@]", word)[-1].rstrip("/"), call)
    call(shlex.join(words))


def elsewhere(command: Command) -> bool:
    text = " ".join(command.arguments)
    return command.page in ADDED or any(re.search(like, text) for like in ELSEWHERE)


def test_elsewhere_is_there() -> None:
    for where in [*ELSEWHERE.values(), *ADDED.values()]:
        assert " " in where or (ROOT / where).exists()
    every = [" ".join(command.arguments) for page in PAGES for command in commands(page)]
    for like in ELSEWHERE:
        assert any(re.search(like, text) for text in every), f"no page has {like}"


@pytest.mark.slow
@pytest.mark.parametrize(
    "page",
    [page for page in PAGES if not all(elsewhere(command) for command in commands(page))],
    ids=name,
)
def test_commands_run(page: Path, call: Call) -> None:
    for block in blocks(page):
        if name(page) == "docs/predictors.md" and block.language == "python":
            Path("my_models.py").write_text(block.text, "utf-8")
    for command in commands(page):
        if not elsewhere(command):
            run(command, call)


@pytest.mark.slow
def test_python_of_the_readme(call: Call) -> None:
    """Its blocks run in their order: smaller, on the CPU, and with one batch of a stream."""
    for asset in ("PHOTOS", "du110k", "photo.jpg"):
        grant(asset, call)
    program = "from pathlib import Path\nphotographs = sorted(Path('PHOTOS').glob('*.jpg'))\n"
    for block in blocks(ROOT / "README.md"):
        if block.language == "python":
            text = block.text.replace("batch_size=64", "batch_size=4").replace("cuda", "cpu")
            text = re.sub(r"generate\(1000, Path\(\"du110k\"\)", 'generate(120, Path("own")', text)
            text = text.replace('load("du110k"', 'load("own"')
            program += re.sub(r"(?m)^(    batch\..*)$", r"\1\n    break", text) + "\n"
    program += "assert score.result.understanding.t_acc > 0.5\n"
    Path("readme.py").write_text(f"if __name__ == '__main__':\n{indented(program)}", "utf-8")
    done = subprocess.run(
        [sys.executable, "readme.py"],
        capture_output=True,
        text=True,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        timeout=600,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def indented(program: str) -> str:
    return "".join(f"    {line}\n" for line in program.splitlines())
