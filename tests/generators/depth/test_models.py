"""Depth models: small networks of transformers' own classes, against its own pipeline."""

import hashlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from generators.depth import models
from generators.depth.prepared import load_prepared, prepare
from generators.errors import InputError

torch = pytest.importorskip("torch", reason="depth models need torch")
transformers = pytest.importorskip("transformers", reason="depth models need transformers")

Photos = list[tuple[str, Path]]
PROCESSOR = {"size": {"height": 70, "width": 70}, "keep_aspect_ratio": True}


def silent(done: int, total: int) -> None:
    pass


def depth_anything(estimation_type: str) -> Any:
    backbone = transformers.Dinov2Config(
        hidden_size=24,
        num_hidden_layers=4,
        num_attention_heads=3,
        mlp_ratio=2,
        image_size=70,
        patch_size=14,
        out_indices=[1, 2, 3, 4],
        reshape_hidden_states=False,
    )
    config = transformers.DepthAnythingConfig(
        backbone_config=backbone,
        reassemble_hidden_size=24,
        neck_hidden_sizes=[8, 8, 8, 8],
        fusion_hidden_size=16,
        head_hidden_size=8,
        depth_estimation_type=estimation_type,
        max_depth=20 if estimation_type == "metric" else 1,
    )
    return transformers.DepthAnythingForDepthEstimation(config)


def dpt(dinov2_head: bool) -> Any:
    config = transformers.DPTConfig(
        hidden_size=24,
        num_hidden_layers=4,
        num_attention_heads=3,
        intermediate_size=48,
        image_size=64,
        backbone_out_indices=[0, 1, 2, 3],
        neck_hidden_sizes=[8, 8, 8, 8],
        fusion_hidden_size=256 if dinov2_head else 16,
        add_projection=dinov2_head,
    )
    return transformers.DPTForDepthEstimation(config)


def glpn() -> Any:
    config = transformers.GLPNConfig(
        hidden_sizes=[8, 8, 16, 16],
        depths=[1, 1, 1, 1],
        num_attention_heads=[1, 1, 2, 2],
        decoder_hidden_size=8,
    )
    return transformers.GLPNForDepthEstimation(config)


def zoedepth() -> Any:
    backbone = transformers.BeitConfig(
        hidden_size=24,
        num_hidden_layers=4,
        num_attention_heads=3,
        intermediate_size=48,
        image_size=64,
        out_indices=[1, 2, 3, 4],
        reshape_hidden_states=False,
        use_relative_position_bias=True,
    )
    config = transformers.ZoeDepthConfig(
        backbone_config=backbone,
        neck_hidden_sizes=[8, 8, 8, 8],
        fusion_hidden_size=16,
        bottleneck_features=16,
        num_relative_features=8,
        bin_embedding_dim=8,
        bin_configurations=[{"n_bins": 8, "min_depth": 0.001, "max_depth": 10.0, "name": "nyu"}],
    )
    return transformers.ZoeDepthForDepthEstimation(config)


# What the number of each means, by its paper or model card: larger is farther, or nearer.
MODELS: dict[str, tuple[str, Callable[[], Any], Callable[[], Any]]] = {
    "depth-anything": (
        "nearer",
        lambda: depth_anything("relative"),
        lambda: transformers.DPTImageProcessor(ensure_multiple_of=14, **PROCESSOR),
    ),
    "depth-anything-metric": (
        "farther",
        lambda: depth_anything("metric"),
        lambda: transformers.DPTImageProcessor(ensure_multiple_of=14, **PROCESSOR),
    ),
    "dpt": (
        "nearer",
        lambda: dpt(dinov2_head=False),
        lambda: transformers.DPTImageProcessor(size={"height": 64, "width": 64}),
    ),
    "dpt-dinov2": (
        "farther",
        lambda: dpt(dinov2_head=True),
        lambda: transformers.DPTImageProcessor(size={"height": 64, "width": 64}),
    ),
    "glpn": ("farther", glpn, lambda: transformers.GLPNImageProcessor()),
    "zoedepth": (
        "farther",
        zoedepth,
        lambda: transformers.ZoeDepthImageProcessor(
            ensure_multiple_of=16, size={"height": 64, "width": 64}
        ),
    ),
}


def save(name: str, folder: Path) -> Path:
    """A model with random weights, such that what it tells varies and is mostly above 0."""
    _, network, processor = MODELS[name]
    torch.manual_seed(0)
    built = network()
    with torch.no_grad():
        for key, weight in built.named_parameters():
            if weight.ndim > 1:
                torch.nn.init.kaiming_normal_(weight)
            if key in ("head.conv3.weight", "head.head.4.weight"):
                weight.abs_().mul_(0.1)
    built.save_pretrained(folder)
    processor().save_pretrained(folder)
    return folder


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save("depth-anything", tmp_path_factory.mktemp("models") / "tiny")


@pytest.fixture
def small(photos: Path, tmp_path: Path) -> Photos:
    """Five photographs of different shapes, small enough that nothing resizes them but a model."""
    files = []
    for number, path in enumerate(sorted(photos.glob("*.jpg"))[:5]):
        image = Image.open(path).convert("RGB").resize((160 + 16 * number, 128))
        file = tmp_path / f"{number}.png"
        image.save(file)
        files.append((hashlib.sha256(file.read_bytes()).hexdigest(), file))
    return files


@pytest.mark.parametrize("name", MODELS)
def test_it_is_what_transformers_tells(name: str, small: Photos, tmp_path: Path) -> None:
    folder = save(name, tmp_path / "model")
    maps = models.estimate(small, str(folder), tmp_path / "cache", "cpu", silent)
    pipeline = transformers.pipeline("depth-estimation", model=str(folder), device="cpu")
    assert set(maps) == {sha256 for sha256, _ in small}
    for sha256, file in small:
        image = Image.open(file)
        raw = pipeline(image)["predicted_depth"].double().numpy()
        assert raw.shape == (image.height, image.width)
        raw = np.maximum(raw, 0)  # a bicubic resize overshoots
        assert len(np.unique(raw)) > raw.size / 4, "the network must tell something"
        if MODELS[name][0] == "nearer":
            raw = 1 / np.maximum(raw, np.percentile(raw, 99.9) / 20)
        low, high = raw.min(), np.percentile(raw, 99.9)
        expected = np.clip((raw - low) / (high - low), 0, 1)
        np.testing.assert_allclose(load_prepared(maps[sha256]), expected, atol=1e-3)


def test_large_photographs(photos: Path, tiny: Path, tmp_path: Path) -> None:
    """Shrunk before the model and after it, the depth is the whole photograph's all the same."""
    file = tmp_path / "large.png"
    image = Image.open(photos / "wine-by-jakkub-mede.jpg").convert("RGB")
    image.resize((3000, 2000), Image.Resampling.BICUBIC).save(file)
    sha256 = hashlib.sha256(file.read_bytes()).hexdigest()
    path = models.estimate([(sha256, file)], str(tiny), tmp_path, "cpu", silent)[sha256]
    depth = load_prepared(path)
    assert depth.shape == (683, 1024)
    pipeline = transformers.pipeline("depth-estimation", model=str(tiny), device="cpu")
    raw = pipeline(Image.open(file))["predicted_depth"].numpy()
    expected = prepare(raw, "disparity", raw.shape) / 65535
    assert np.abs(depth - expected).mean() < 0.01


def test_a_second_run_reads_nothing(small: Photos, tiny: Path, tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    first = models.estimate(small, str(tiny), cache, "cpu", silent)
    written = {path: (path.read_bytes(), path.stat().st_mtime_ns) for path in first.values()}
    for _, file in small:
        file.unlink()
    progress: list[tuple[int, int]] = []
    again = models.estimate(small, str(tiny), cache, "cpu", lambda *counts: progress.append(counts))
    assert again == first
    assert progress == [(5, 5)]
    assert {p: (p.read_bytes(), p.stat().st_mtime_ns) for p in cache.iterdir()} == written


def test_a_stopped_run_goes_on_to_the_same_bytes(small: Photos, tiny: Path, tmp_path: Path) -> None:
    whole = models.estimate(small, str(tiny), tmp_path / "whole", "cpu", silent)
    bad = (small[3][0], tmp_path / "gone.png")
    with pytest.raises(FileNotFoundError, match=r"gone\.png"):
        models.estimate([*small[:3], bad], str(tiny), tmp_path / "part", "cpu", silent)
    there = set((tmp_path / "part").iterdir())
    assert not {path.name for path in there} - {path.name for path in whole.values()}
    progress: list[tuple[int, int]] = []
    models.estimate(
        small, str(tiny), tmp_path / "part", "cpu", lambda *counts: progress.append(counts)
    )
    assert progress == [(done, 5) for done in range(len(there), 6)]
    for path in whole.values():
        assert (tmp_path / "part" / path.name).read_bytes() == path.read_bytes()


def test_other_weights_and_another_size_are_other_models(tiny: Path, tmp_path: Path) -> None:
    names = {models.revision(str(tiny))}
    copy = tmp_path / "copy"
    shutil.copytree(tiny, copy)
    (copy / "README.md").write_text("moved")
    assert models.revision(str(copy)) in names
    settings = copy / "preprocessor_config.json"
    settings.write_text(settings.read_text().replace("70", "84"))
    names.add(models.revision(str(copy)))
    save("depth-anything-metric", copy)
    names.add(models.revision(str(copy)))
    assert len(names) == 3
    assert all(len(name) == 12 and int(name, 16) >= 0 for name in names)


def test_a_name_on_the_hub_is_pinned_by_its_commit(
    small: Photos, tiny: Path, tmp_path: Path
) -> None:
    """Out of the Hub's reach, from its local cache, whose layout is documented."""
    commit = "0123456789abcdef0123456789abcdef01234567"
    repository = tmp_path / "hub" / "models--someone--depth"
    shutil.copytree(tiny, repository / "snapshots" / commit)
    (repository / "refs").mkdir()
    (repository / "refs" / "main").write_text(commit)
    sha256, file = small[0]
    done = elsewhere(
        f"print(estimate([({sha256!r}, Path({str(file)!r}))], 'someone/depth', "
        f"Path({str(tmp_path / 'cache')!r}), 'cpu', silent)[{sha256!r}].name)",
        tmp_path / "hub",
    )
    assert done.stdout.strip() == f"{sha256}-0123456789ab.png", done.stderr
    local = models.estimate(small[:1], str(tiny), tmp_path / "local", "cpu", silent)
    by_name = tmp_path / "cache" / done.stdout.strip()
    assert by_name.read_bytes() == local[sha256].read_bytes()


def elsewhere(line: str, hub: Path) -> "subprocess.CompletedProcess[str]":
    """Run a line in another process, where the Hub is out of reach and its cache is `hub`."""
    script = f"""
from pathlib import Path
from generators.depth.models import InputError, estimate, revision
silent = lambda done, total: None
try:
    {line}
except InputError as error:
    print("InputError", error)
"""
    environment = os.environ | {"HF_HUB_OFFLINE": "1", "HF_HUB_CACHE": str(hub)}
    return subprocess.run(
        [sys.executable, "-c", script], env=environment, capture_output=True, text=True, timeout=600
    )


def test_a_name_that_cannot_be_had(tmp_path: Path) -> None:
    message = elsewhere("revision('someone/unknown')", tmp_path).stdout
    assert message.startswith("InputError depth model someone/unknown: ")
    assert "connect, or give the folder" in message
    assert models.DEFAULT in message


@pytest.mark.parametrize("name", ["/no/such/folder", "a name with blanks", "one/two/three"])
def test_neither_folder_nor_name(name: str) -> None:
    with pytest.raises(InputError, match=f"depth model {name}: neither a folder nor a name"):
        models.revision(name)


def refusal(small: Photos, model: Path, tmp_path: Path, device: str = "cpu") -> str:
    with pytest.raises(InputError) as caught:
        models.estimate(small, str(model), tmp_path / "cache", device, silent)
    assert not (tmp_path / "cache").exists()
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_models_that_tell_no_depth(small: Photos, tmp_path: Path) -> None:
    bert = transformers.BertConfig(
        hidden_size=8, num_hidden_layers=1, num_attention_heads=1, intermediate_size=8
    )
    bert.save_pretrained(tmp_path / "bert")
    message = refusal(small, tmp_path / "bert", tmp_path)
    assert "is a bert; known to tell depth are depth_anything, depth_pro" in message
    # A network of a known class without weights of a depth head would guess at random.
    config = dpt(dinov2_head=False).config
    transformers.DPTForSemanticSegmentation(config).save_pretrained(tmp_path / "segments")
    transformers.DPTImageProcessor().save_pretrained(tmp_path / "segments")
    message = refusal(small, tmp_path / "segments", tmp_path)
    assert "weights such as head." in message
    assert "not trained for depth" in message


def test_weights_that_nothing_uses_may_be_missing(small: Photos, tmp_path: Path) -> None:
    """So they are in Intel/dpt-large and others."""
    from safetensors.torch import load_file, save_file

    folder = save("dpt", tmp_path / "dpt")
    sha256 = small[0][0]
    whole = models.estimate(small[:1], str(folder), tmp_path, "cpu", silent)[sha256]
    weights = load_file(folder / "model.safetensors")
    kept = {k: v for k, v in weights.items() if "fusion_stage.layers.0.residual_layer1." not in k}
    assert len(kept) < len(weights)
    save_file(kept, folder / "model.safetensors", {"format": "pt"})
    part = models.estimate(small[:1], str(folder), tmp_path, "cpu", silent)[sha256]
    assert part != whole
    assert part.read_bytes() == whole.read_bytes()


def test_broken_copies(small: Photos, tiny: Path, tmp_path: Path) -> None:
    for number, (file, content) in enumerate(
        [
            ("model.safetensors", (tiny / "model.safetensors").read_bytes()[:3000]),
            ("model.safetensors", None),
            ("config.json", b"{"),
            ("config.json", json.dumps({"model_type": "nonesuch"}).encode()),
            ("preprocessor_config.json", None),
        ]
    ):
        copy = tmp_path / str(number)
        shutil.copytree(tiny, copy)
        (copy / file).unlink()
        if content is not None:
            (copy / file).write_bytes(content)
        message = refusal(small, copy, tmp_path)
        assert message.startswith(f"depth model {copy} cannot be loaded (")
        assert message.endswith(f"get a whole copy, or take {models.DEFAULT}")


@pytest.mark.parametrize("device", ["cuda:99", "nonesuch"])
def test_devices_that_are_not_there(small: Photos, tiny: Path, tmp_path: Path, device: str) -> None:
    message = refusal(small, tiny, tmp_path, device)
    assert message.startswith(f"--device {device} is not there (")
    assert message.endswith("choose --device cpu")


@pytest.mark.parametrize("package", ["torch", "transformers", "huggingface_hub"])
def test_packages_that_are_missing(
    small: Photos, tiny: Path, tmp_path: Path, package: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, package, None)  # so Python marks what cannot be imported
    model = "someone/depth" if package == "huggingface_hub" else tiny
    with pytest.raises(InputError, match=r'pip install "dubench\[train\]"'):
        models.estimate(small, str(model), tmp_path / "cache", "cpu", silent)


def test_a_photograph_that_changed(small: Photos, tiny: Path, tmp_path: Path) -> None:
    small[1][1].write_bytes(small[2][1].read_bytes())
    with pytest.raises(InputError, match=r"1\.png has changed since the run began"):
        models.estimate(small, str(tiny), tmp_path / "cache", "cpu", silent)
    assert not list((tmp_path / "cache").glob(f"{small[1][0]}*"))


def test_nothing_heavy_is_imported_with_the_module() -> None:
    script = (
        "import sys, generators.depth.models; print({'torch', 'transformers'} & set(sys.modules))"
    )
    result = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert result.stdout.strip() == "set()", result.stderr
