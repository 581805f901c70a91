"""Vision language models of transformers, made here: two architectures, drawn at random."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from dubench.predictors import load_predictor
from dubench.predictors.vlm.hf import Hf
from generators.errors import InputError
from tests.conftest import Dubench
from tests.dubench.predictors import tiny_models

RNG = np.random.default_rng(0)
IMAGES = [RNG.integers(0, 256, (64, 64, 3), np.uint8) for _ in range(3)]
QUESTIONS = [(image, "What is wrong with it?") for image in IMAGES]


@pytest.fixture(scope="module", params=[tiny_models.qwen3_vl, tiny_models.llava])
def folder(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    make: Callable[[Path], Path] = request.param
    return make(tmp_path_factory.mktemp(make.__name__))


@pytest.fixture(scope="module")
def llava(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_models.llava(tmp_path_factory.mktemp("llava"))


def test_each_image_has_the_answer_that_transformers_pipeline_gives(folder: Path) -> None:
    from PIL import Image
    from transformers import pipeline

    model = Hf(str(folder), max_tokens=12)
    replies = model.ask(QUESTIONS)
    pipe = pipeline("image-text-to-text", model=str(folder), device="cpu")
    for (image, text), reply in zip(QUESTIONS, replies, strict=True):
        content = [
            {"type": "image", "image": Image.fromarray(image)},
            {"type": "text", "text": text},
        ]
        (answer,) = pipe(
            text=[{"role": "user", "content": content}], return_full_text=False,
            generate_kwargs={"do_sample": False, "max_new_tokens": 12},
        )  # fmt: skip
        assert reply.text == answer["generated_text"]
    assert len({reply.text for reply in replies}) == len(IMAGES)


def test_company_and_repetition_change_nothing(folder: Path) -> None:
    model = Hf(str(folder), max_tokens=12)
    # A longer question beside the others makes them be padded.
    together = model.ask([*QUESTIONS, (IMAGES[0], IMAGES[1], "What differs? " * 9)])
    alone = [model.ask([question])[0] for question in QUESTIONS]
    assert [reply.text for reply in together[:3]] == [reply.text for reply in alone]


def test_a_file_that_would_sample_is_not_sampled(llava: Path, tmp_path: Path) -> None:
    hot = Path(shutil.copytree(llava, tmp_path / "hot"))
    file = hot / "generation_config.json"
    sampling = {"do_sample": True, "temperature": 5.0, "top_k": 50, "top_p": 0.9}
    file.write_text(json.dumps(json.loads(file.read_text()) | sampling))
    texts = [
        [reply.text for reply in Hf(str(path), max_tokens=12).ask(QUESTIONS)]
        for path in (llava, hot, hot)
    ]
    assert texts[0] == texts[1] == texts[2]


def test_a_split_is_asked_from_the_command_line(
    llava: Path, du110k: Path, tmp_path: Path, dubench_here: Dubench
) -> None:
    (tmp_path / "mine.txt").write_text("What is wrong?\n")
    command = (
        "predict", "--model", f"hf:{llava}", "--dataset", du110k, "--prompt", "mine.txt",
        "--max-tokens", 5, "--batch", 5, "--dtype", "float32", "--device", "cpu",
        "--views", "fft,edges",
    )  # fmt: skip
    run = dubench_here(*command, cwd=tmp_path)
    assert run.returncode == 2
    assert "is blind: shown a plain red picture" in run.stderr.splitlines()[-1]
    run = dubench_here(*command, "--anyway", cwd=tmp_path)
    assert run.returncode == 0, run.stderr
    assert "12 of 12 answers cannot be read and count as wrong" in run.stderr
    assert "12 answers reached --max-tokens" in run.stderr
    meta, *records = map(json.loads, (tmp_path / "preds.jsonl").read_text().splitlines())
    assert len(records) == 12
    assert len({record["output"] for record in records}) > 1
    about = meta["meta"]
    assert (about["prompt"], about["max_tokens"], about["dtype"]) == ("mine.txt", 5, "float32")
    assert about["views"] == ["fft", "edges"]
    assert len(about["prompt_sha256"]) == len(about["weights"]) == 64


def _without_weights(folder: Path) -> str:
    (folder / "model.safetensors").unlink()
    return "has no weights as safetensors"


def _pickled(folder: Path) -> str:
    import torch
    from safetensors.torch import load_file

    torch.save(load_file(folder / "model.safetensors"), folder / "pytorch_model.bin")
    (folder / "model.safetensors").unlink()
    return "has no weights as safetensors.*--trust-remote-code"


def _half_of_it(folder: Path) -> str:
    from safetensors.torch import load_file, save_file

    weights = load_file(folder / "model.safetensors")
    kept = {name: one for name, one in weights.items() if "vision" not in name}
    save_file(kept, folder / "model.safetensors", {"format": "pt"})
    return r"lacks \d+ weights such as .*vision.*not whole"


def _rotten(folder: Path) -> str:
    file = folder / "model.safetensors"
    file.write_bytes(file.read_bytes()[:999])
    return "cannot be loaded"


def _own_code(folder: Path) -> str:
    file = folder / "config.json"
    config = json.loads(file.read_text()) | {
        "model_type": "theirs",
        "auto_map": {
            "AutoConfig": "theirs.Config",
            "AutoModelForImageTextToText": "theirs.Model",
        },
    }
    file.write_text(json.dumps(config))
    (folder / "theirs.py").write_text("raise SystemExit('their code ran')")
    return "code of its own.*--trust-remote-code"


def _no_template(folder: Path) -> str:
    (folder / "chat_template.jinja").unlink()
    return "does not take such a question.*template"


@pytest.mark.parametrize(
    "spoil", [_without_weights, _pickled, _half_of_it, _rotten, _own_code, _no_template]
)
def test_what_cannot_be_asked_is_one_line(
    llava: Path, tmp_path: Path, spoil: Callable[[Path], str]
) -> None:
    copy = Path(shutil.copytree(llava, tmp_path / "copy"))
    message = spoil(copy)
    with pytest.raises(InputError, match=message) as raised:
        Hf(str(copy), max_tokens=3).ask(QUESTIONS[:1])
    assert "\n" not in str(raised.value)


def test_pickled_weights_are_read_where_trusted(llava: Path, tmp_path: Path) -> None:
    copy = Path(shutil.copytree(llava, tmp_path / "copy"))
    _pickled(copy)
    trusted = Hf(str(copy), max_tokens=5, trust_remote_code=True)
    assert trusted.ask(QUESTIONS[:1]) == Hf(str(llava), max_tokens=5).ask(QUESTIONS[:1])


def test_a_model_without_vision_is_one_line(llava: Path, tmp_path: Path) -> None:
    from transformers import AutoTokenizer, LlamaConfig, LlamaForCausalLM

    sizes = {"hidden_size": 8, "intermediate_size": 8, "num_hidden_layers": 1}
    LlamaForCausalLM(
        LlamaConfig(vocab_size=300, num_attention_heads=1, num_key_value_heads=1, **sizes)
    ).save_pretrained(tmp_path)
    AutoTokenizer.from_pretrained(llava).save_pretrained(tmp_path)
    with pytest.raises(InputError, match="not a model that takes pictures"):
        Hf(str(tmp_path))


@pytest.mark.parametrize(
    ("name", "options", "message"),
    [
        ("hf:", {}, "name a folder, or OWNER/NAME"),
        ("hf:./nowhere", {}, "hf:./nowhere: it cannot be loaded .*give a folder, or OWNER/NAME"),
        ("hf:x", {"dtype": "int4"}, "--dtype int4: use one of auto, float32"),
        ("hf:x", {"device": "tpu"}, "unknown device 'tpu'"),
        ("hf:x", {"prompt": Path("nowhere.txt")}, "--prompt nowhere.txt: No such file"),
        (
            "constant",
            {"dtype": "float32"},
            "--dtype is not for --model constant; it goes",
        ),
        ("statistics", {"anyway": True}, "--anyway is not for --model statistics"),
    ],
)
def test_a_wrong_option_is_one_line(name: str, options: dict, message: str) -> None:
    with pytest.raises(InputError, match=message):
        load_predictor(name, **options)
