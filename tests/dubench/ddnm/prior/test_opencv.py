"""The exported prior in OpenCV's dnn, beside torch."""

import sys

import numpy as np
import pytest
import torch

from dubench.ddnm.degraded import Degraded
from dubench.ddnm.methods import Settings, open_method, with_prior
from dubench.ddnm.prior.export import export
from dubench.ddnm.prior.files import load, save
from dubench.ddnm.prior.folder import BUNDLED, ONNX, Shape
from dubench.ddnm.prior.network import Denoiser
from dubench.ddnm.prior.opencv import OpenCVPrior
from dubench.ddnm.prior.opened import OwnPrior
from dubench.ddnm.prior.opening import open_prior
from generators.errors import InputError
from generators.taxonomy import Degradation

pytest.importorskip("onnx")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A small prior with weights that matter, exported."""
    torch.manual_seed(0)
    network = Denoiser(Shape((4, 8), 1))
    torch.nn.init.normal_(network.tail.weight, std=0.1)
    out = tmp_path_factory.mktemp("prior")
    save(out, network, {})
    export(load(out), out)
    return out


@pytest.mark.parametrize("shape", [(1, 3, 33, 47), (2, 3, 64, 48), (1, 3, 7, 5)])
def test_estimates_are_torchs(folder, shape):
    noisy = np.random.default_rng(0).random(shape, np.float32)
    levels = np.linspace(0.001, 0.7, shape[-1], dtype=np.float32)
    ours, theirs = open_prior(str(folder)), open_prior(str(folder), torch=True)
    assert isinstance(ours, OpenCVPrior)
    assert isinstance(theirs, OwnPrior)
    for sigma in (0.1, levels):
        with torch.no_grad():
            expected = theirs.denoise(theirs.array(noisy), torch.as_tensor(sigma)).numpy()
        np.testing.assert_allclose(ours.denoise(noisy, sigma), expected, atol=1e-4)


@pytest.mark.parametrize("method", ["pnp", "diffpir"])
@pytest.mark.parametrize(
    ("type_name", "values"), [("blur", {"sigma": 2.0}), ("low_resolution", {"scale": 3})]
)
def test_the_bundled_prior_restores_alike_in_both(method, type_name, values):
    image = np.random.default_rng(0).integers(0, 256, (48, 64, 3), np.uint8)
    image = np.repeat(np.repeat(image[:12, :16], 4, 0), 4, 1)
    degraded = Degraded(image, Degradation(type_name, values))
    settings = Settings(steps=3)
    first, second = (
        with_prior(method, open_prior(None, torch=in_torch), settings)(degraded).astype(int)
        for in_torch in (False, True)
    )
    # Within 1e-3 of full scale, so that a level may round the other way.
    assert abs(first - second).max() <= 1
    assert (first != second).mean() < 0.01


def test_without_torch_the_bundled_prior_works(monkeypatch):
    monkeypatch.setitem(sys.modules, "torch", None)
    image = np.full((32, 32, 3), 90, np.uint8)
    degraded = Degraded(image, Degradation("blur", {"sigma": 1.5}))
    restored = open_method("pnp", Settings())(degraded)
    assert abs(restored.astype(int) - 90).max() < 20


def test_what_needs_torch_says_so(monkeypatch):
    monkeypatch.setattr("dubench.ddnm.prior.opening.find_spec", lambda name: None)
    with pytest.raises(InputError, match=r"needs torch.*dubench\[train\]"):
        open_method("ddnm+", Settings())


def test_a_damaged_export_is_named(folder, tmp_path):
    for path in folder.iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    (tmp_path / ONNX).write_bytes(b"cut")
    with pytest.raises(InputError, match="cannot read it"):
        open_prior(str(tmp_path))


def test_the_bundle_is_small_and_whole():
    assert sum(path.stat().st_size for path in BUNDLED.iterdir()) < 8e6
    assert (BUNDLED / "MODEL_CARD.md").exists()
    assert load(BUNDLED)
