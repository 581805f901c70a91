"""Restore a split: images that score better, runs that go on, mistakes that are named."""

import json

import numpy as np
import pytest
import torch

from dubench.dataset import TYPE_NAMES, open_split
from dubench.ddnm.methods import METHODS, SIMPLE, WITH_PRIOR
from dubench.ddnm.prior.files import save
from dubench.ddnm.prior.folder import Shape
from dubench.ddnm.prior.network import Denoiser
from dubench.ddnm.transmission import from_mean
from dubench.restoring.split import begin, can_be_undone
from generators.errors import InputError
from generators.images import decode_rgb
from generators.taxonomy import Degradation


def psnr(image, clean):
    error = (image.astype(float) - clean.astype(float)) ** 2
    return 10 * np.log10(255**2 / max(error.mean(), 1e-9))


def mean_psnr(dataset, folder):
    """By type."""
    split = open_split(str(dataset), "train")
    ground_truth = split.ground_truth()
    types = dict(zip(ground_truth.ids, ground_truth.types, strict=True))
    values = {}
    for name, clean in split.images("clean"):
        image = decode_rgb((folder / f"{name}.png").read_bytes())
        values.setdefault(types[name], []).append(psnr(image, clean))
    return np.array([np.mean(values[code]) for code in sorted(values)])


@pytest.fixture
def restore(du110k, tmp_path, dubench_here):
    def run(*arguments, out="restored", workers=1):
        return dubench_here(
            *("restore", "--dataset", du110k, "--split", "train", "--out", out),
            *("--workers", workers),  # pictures are so small here that starting more takes longer
            *arguments,
            cwd=tmp_path,
        )

    return run


@pytest.fixture
def prior(tmp_path):
    """A prior that has learned nothing but the mean of grey, in a folder."""
    torch.manual_seed(0)
    save(tmp_path / "prior", Denoiser(Shape((4, 8), 1)), {})
    return tmp_path / "prior"


def test_the_closed_forms_undo_what_is_known(du110k, tmp_path, restore):
    for method in ("identity", *SIMPLE):
        result = restore("--params", "truth", "--method", method, out=method)
        assert result.returncode == 0, result.stderr
        assert "restored images" in result.stdout
    identity = mean_psnr(du110k, tmp_path / "identity")
    haze, low_light, blur, low_resolution = mean_psnr(du110k, tmp_path / "wiener") - identity
    assert haze > 15
    assert low_light > 12
    assert blur > 1
    assert low_resolution > 0.5
    smooth = mean_psnr(du110k, tmp_path / "bilateral") - mean_psnr(du110k, tmp_path / "analytic")
    assert smooth[1] > 0.5  # the sensor's noise


def test_a_map_from_its_mean_is_worth_less_than_the_map(du110k, tmp_path, restore):
    restore("--params", "truth", "--method", "analytic", out="maps")
    restore("--params", "truth", "--method", "analytic", "--scalars", out="scalars")
    restore("--params", "truth", "--method", "identity", out="identity")
    exact, mean, degraded = (
        mean_psnr(du110k, tmp_path / name) for name in ("maps", "scalars", "identity")
    )
    assert exact[0] > mean[0] + 5
    assert mean[0] > degraded[0] + 1
    np.testing.assert_array_equal(exact[1:], mean[1:])


@pytest.mark.parametrize("mean", [0.2, 0.5, 0.8])
def test_the_map_of_a_mean_has_it(mean):
    rng = np.random.default_rng(0)
    image = (rng.random((40, 60, 3)) * np.linspace(30, 250, 60)[:, None]).astype(np.uint8)
    transmission = from_mean(image, 0.9, mean)
    assert transmission.shape == (40, 60)
    assert transmission.mean() == pytest.approx(mean, abs=1e-4)
    # Brighter on the right: denser there.
    assert transmission[:, :20].mean() > transmission[:, -20:].mean()


@pytest.mark.parametrize("method", WITH_PRIOR)
def test_every_sampler_runs_and_goes_on(method, du110k, tmp_path, restore, prior):
    options = ("--params", "truth", "--method", method, "--prior", prior, "--steps", 2)
    first = restore(*options, "--save-steps")
    assert first.returncode == 0, first.stderr
    names = sorted((tmp_path / "restored").glob("*.png"))
    strips = {path.name for path in (tmp_path / "restored/steps").glob("*.png")}
    assert strips == {path.name for path in names}
    true = open_split(str(du110k), "train").ground_truth()
    for image_id, code in zip(true.ids, true.types, strict=True):
        strip = decode_rgb((tmp_path / f"restored/steps/{image_id}.png").read_bytes())
        size = decode_rgb((tmp_path / f"restored/{image_id}.png").read_bytes()).shape[1]
        # Of haze plug-and-play takes the noise off at once.
        estimates = 1 if method == "pnp" and TYPE_NAMES[code] == "haze" else 2
        # Degraded, the estimates, restored.
        assert strip.shape[1] == (2 + estimates) * size + (1 + estimates) * 4
    before = [path.read_bytes() for path in names[:5]]
    for path in names[:5]:
        path.unlink()
    again = restore(*options)
    assert "5 new" in again.stdout
    assert [path.read_bytes() for path in names[:5]] == before
    other = restore("--params", "truth", "--method", "identity")
    assert other.returncode == 2
    assert "another run" in other.stderr


def test_several_workers_make_the_same_pictures(tmp_path, restore, prior):
    options = ("--params", "truth", "--method", "diffpir", "--prior", prior, "--steps", 2)
    made = {}
    for workers in (1, 2):
        result = restore(
            *options, "--split", "test", "--save-steps", out=f"{workers}", workers=workers
        )
        assert result.returncode == 0, result.stderr
        folder = tmp_path / f"{workers}"
        made[workers] = {
            path.relative_to(folder): path.read_bytes() for path in folder.rglob("*.*")
        }
    assert made[1] == made[2]
    assert len(made[1]) > 2 * 8  # tasks of eight


KILLED = """
import os, signal
from pathlib import Path

class Negative:
    def restore(self, image, *known):
        if not Path("killed").exists() and len(list(Path("restored").glob("*.png"))) >= 20:
            Path("killed").touch()
            os.kill(os.getpid(), signal.SIGKILL)
        return 255 - image
"""


def test_a_killed_worker_is_named_and_the_run_goes_on(tmp_path, restore, du110k):
    (tmp_path / "negative.py").write_text(KILLED)
    options = ("--params", "truth", "--method", "plugin:negative:Negative")
    result = restore(*options, workers=2)
    assert result.returncode == 2
    assert "a worker process was killed" in result.stderr
    assert "fewer --workers" in result.stderr
    done = {path: path.read_bytes() for path in (tmp_path / "restored").glob("*.png")}
    assert len(done) >= 20
    result = restore(*options)
    n = open_split(str(du110k), "train").n
    assert f"{n} restored images, {n - len(done)} new" in result.stdout
    assert {path: path.read_bytes() for path in done} == done


def test_a_model_is_asked_on_the_way(tmp_path, restore, du110k):
    result = restore("--params", "statistics", "--method", "analytic", "--json")
    assert result.returncode == 0, result.stderr
    assert json.loads(result.stdout)["n"] == json.loads(result.stdout)["new"]
    assert (tmp_path / "restored/predictions.jsonl").exists()


def test_a_run_goes_on_with_what_files_hold_not_with_their_names(tmp_path, restore, du110k, prior):
    name = open_split(str(du110k), "test").ids[0]
    preds = tmp_path / "p.jsonl"
    options = ("--split", "test", "--params", preds, "--prior", prior, "--steps", 1)

    def answer(sigma):
        preds.write_text(json.dumps({"id": name, "type": "blur", "parameters": {"sigma": sigma}}))

    def learn(seed):
        torch.manual_seed(seed)
        save(prior, Denoiser(Shape((4, 8), 1)), {})

    answer(1.0)
    assert restore(*options).returncode == 0
    before = {path: path.read_bytes() for path in (tmp_path / "restored").iterdir()}
    answer(2.0)
    assert "another run" in restore(*options).stderr
    answer(1.0)
    learn(1)
    assert "another run" in restore(*options).stderr
    learn(0)
    assert ", 0 new" in restore(*options).stdout
    assert {path: path.read_bytes() for path in (tmp_path / "restored").iterdir()} == before


def test_a_run_that_made_nothing_gives_way(tmp_path, du110k):
    split = open_split(str(du110k), "test")
    for sigma in (1, 2):
        begin(tmp_path, split, {"sigma": sigma})
    (tmp_path / "du.png").touch()
    begin(tmp_path, split, {"sigma": 2})
    with pytest.raises(InputError, match="another run"):
        begin(tmp_path, split, {"sigma": 1})


def test_what_cannot_be_undone_is_left(tmp_path, restore, du110k):
    split = open_split(str(du110k), "train")
    names = split.ids
    lines = [
        {"id": names[0], "type": "blur", "parameters": {"sigma": -3}},
        {"id": names[1], "type": "blur", "parameters": {}},
        {"id": names[2], "type": "rain", "parameters": {}},
        {"id": names[3], "type": "none", "parameters": {}},
        {"id": names[4], "output": "no idea"},
    ]
    (tmp_path / "p.jsonl").write_text("".join(f"{json.dumps(line)}\n" for line in lines))
    result = restore("--params", tmp_path / "p.jsonl", "--method", "analytic")
    assert result.returncode == 0, result.stderr
    assert f"{split.n} of the new were left" in result.stdout
    for name, image in split.images("degraded", only=names[:5]):
        restored = decode_rgb((tmp_path / f"restored/{name}.png").read_bytes())
        np.testing.assert_array_equal(restored, image)


@pytest.mark.parametrize(
    ("degradation", "possible"),
    [
        (Degradation("haze", {"atmospheric_light": 0.8, "transmission": 0.4}), True),
        (Degradation("haze", {"atmospheric_light": 0.8, "transmission": 1.0}), False),
        (Degradation("haze", {"atmospheric_light": 0.0, "transmission": 0.4}), False),
        (Degradation("low_resolution", {"scale": 3.0}), True),
        (Degradation("low_resolution", {"scale": 3.5}), False),
        (Degradation("low_light", {"gamma": 2.0, "gain": 0.1}), False),
        (
            Degradation("low_light", {"gamma": 2.0, "gain": 0.1, "camera_intrinsics": [0.0] * 9}),
            False,
        ),
        (
            Degradation("low_light", {"gamma": 2.0, "gain": 0.1, "camera_intrinsics": [1.0] * 9}),
            False,
        ),
        (Degradation("blur", {"sigma": 1e9}), False),
        (Degradation("none", {}), True),
    ],
)
def test_values_that_can_be_undone(degradation, possible):
    assert can_be_undone(degradation) is possible


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        (("--method", "magic"), f"the methods are {', '.join(METHODS)}"),
        (("--method", "pnp", "--samples", 2), "pnp has no use for --samples"),
        (("--method", "wiener", "--steps", 3), "wiener has no use for --steps"),
        (("--method", "diffpir", "--eta", 0.5), "choose one of ddnm, ddnm+"),
        (("--method", "pnp", "--dtype", "float16"), "add --device cuda"),
        (("--method", "pnp", "--dtype", "int8"), "choose one of float32, bfloat16, float16"),
        (("--method", "pnp", "--prior", "./nowhere"), "no pixel-space UNet"),
        (("--method", "pnp", "--prior", ".", "--device", "tpu"), "unknown device 'tpu'"),
        (("--params", "nothing.jsonl", "--method", "identity"), "--params nothing.jsonl: no such"),
        (("--params", "empty.jsonl", "--method", "identity"), "empty.jsonl has no predictions"),
        (("--method", "pnp", "--workers", 0), "--workers 0: choose at least one"),
    ],
)
def test_mistakes_are_named(options, problem, tmp_path, restore, monkeypatch):
    (tmp_path / "empty.jsonl").touch()
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")  # or the Hub is tried again and again
    result = restore(*options)
    assert result.returncode == 2
    assert problem in result.stderr
    assert "Traceback" not in result.stderr
    assert not (tmp_path / "restored").exists()


def test_a_folder_with_other_files_is_left_alone(tmp_path, restore):
    (tmp_path / "restored").mkdir()
    (tmp_path / "restored/letter.txt").write_text("dear")
    result = restore("--params", "truth", "--method", "identity")
    assert result.returncode == 2
    assert "other files" in result.stderr
    assert [path.name for path in (tmp_path / "restored").iterdir()] == ["letter.txt"]
