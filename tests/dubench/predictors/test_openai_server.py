"""A real OpenAI-compatible server, `transformers serve`, with a tiny Qwen3-VL made here."""

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.request import urlopen

import pytest

from dubench.dataset import open_split
from dubench.duvlm.model.files import SHIPPED
from dubench.duvlm.prompts import question
from dubench.predictions import file
from dubench.predictors import load_predictor
from dubench.predictors.vlm.hf import Hf
from dubench.predictors.vlm.openai import OpenAi
from generators.errors import InputError
from tests.conftest import Dubench
from tests.dubench.predictors import tiny_models

pytestmark = pytest.mark.slow  # starting the server takes most of a minute

SERVE = "from transformers.cli.transformers import main; main()"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_models.qwen3_vl(tmp_path_factory.mktemp("qwen"))


@pytest.fixture(scope="module")
def url(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with serving(folder, tmp_path_factory.mktemp("hub")) as url:
        yield url


@contextmanager
def serving(folder: Path, hub: Path) -> Iterator[str]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    log = (hub / "log").open("w")
    server = subprocess.Popen(
        [sys.executable, "-c", SERVE, "serve", str(folder), "--port", str(port), "--device", "cpu"],
        env=os.environ | {"HF_HUB_CACHE": str(hub), "HF_HUB_OFFLINE": "1"},
        stdout=log,
        stderr=subprocess.STDOUT,
    )
    try:
        for _ in range(600):
            assert server.poll() is None, (hub / "log").read_text()
            try:
                urlopen(f"http://127.0.0.1:{port}/health", timeout=5)
                break
            except OSError:
                time.sleep(0.2)
        yield f"http://127.0.0.1:{port}/v1"
    finally:
        server.kill()
        server.wait()


def plain(text: str) -> str:
    """The server shows the special tokens that a model at random utters in its midst."""
    for token in tiny_models.SPECIAL:
        text = text.replace(token, "")
    return text


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)


def test_it_answers_what_the_model_itself_answers(
    folder: Path, url: str, du110k: Path, tmp_path: Path, dubench_here: Dubench
) -> None:
    """Through the network, in company and in any order, every image keeps its own answer."""
    model = f"openai:{folder}@{url}"
    # A long question would drown the picture's few tokens.
    (tmp_path / "short.txt").write_text("What?")
    prompt = ("--prompt", "short.txt", "--max-tokens", 12)
    arguments = ("predict", "--model", model, "--dataset", du110k, *prompt)
    run = dubench_here(*arguments, cwd=tmp_path)
    assert run.returncode == 2
    assert "is blind" in run.stderr
    run = dubench_here(*arguments, "--anyway", cwd=tmp_path)
    assert run.returncode == 0, run.stderr
    split = open_split(str(du110k), "test")
    meta, *lines = map(json.loads, (tmp_path / "preds.jsonl").read_text().splitlines())
    served = {line["id"]: line["output"] for line in lines}
    assert meta["meta"]["usage"]["output_tokens"] <= 12 * split.n
    itself = load_predictor(
        f"hf:{folder}", prompt=tmp_path / "short.txt", max_tokens=12, anyway=True
    )
    for name, image in split.images("degraded"):
        assert plain(served[name]) == itself.predict([image])[0]["output"]
    assert len(set(served.values())) > split.n / 2
    assert list(file.read(tmp_path / "preds.jsonl", split.ids).by_id) == list(served)


def test_what_it_refuses_is_one_line(folder: Path, url: str) -> None:
    with pytest.raises(InputError, match=r"refuses the request \(400"):
        OpenAi(f"another-model@{url}").ask([("Hello",)])
    with pytest.raises(InputError, match=r"ends in /v1 \(404"):
        OpenAi(f"{folder}@{url}/chat").ask([("Hello",)])


def test_several_pictures_reach_it_in_their_order(folder: Path, url: str, du110k: Path) -> None:
    images = [image for _, image in open_split(str(du110k), "test").images("degraded")][:2]
    questions = [(*images, "Which?"), (*images[::-1], "Which?"), (images[0], "Which?")]
    served = [plain(one.text) for one in OpenAi(f"{folder}@{url}", max_tokens=12).ask(questions)]
    itself = Hf(str(folder), max_tokens=12)
    assert served == [itself.ask([question])[0].text for question in questions]
    assert len(set(served)) == 3


def test_nano_is_served(tmp_path: Path, du110k: Path, dubench_here: Dubench) -> None:
    """As an ordinary model: what comes back is what transformers generates here."""
    (tmp_path / "hub").mkdir()
    with serving(SHIPPED, tmp_path / "hub") as url:
        run = dubench_here(
            "predict", "--model", f"openai:{SHIPPED}@{url}", "--views", "nano",
            "--dataset", du110k, "--max-tokens", 24, cwd=tmp_path,
        )  # fmt: skip
    assert run.returncode == 0, run.stderr
    split = open_split(str(du110k), "test")
    _, *lines = map(json.loads, (tmp_path / "preds.jsonl").read_text().splitlines())
    served = {line["id"]: plain(line["output"]) for line in lines}
    itself = Hf(str(SHIPPED), max_tokens=24)
    for name, image in split.images("degraded"):
        text = itself.ask([question(image, ("nano",), "")])[0].text
        assert served[name].strip() == text.strip()
    assert len(set(served.values())) > 1
