"""Restore photographs: better where something is wrong, left alone where nothing or who knows."""

import json
import shutil

import cv2
import numpy as np
import pytest

from dubench.baseline.file import SHIPPED
from dubench.ddnm.degraded import Degraded
from dubench.ddnm.methods import Settings, open_method
from dubench.diagnosing import open_model
from dubench.restoring.consistency import misfit
from dubench.restoring.noise import noise_of
from generators import degrade
from generators.errors import InputError
from generators.images import decode_rgb
from generators.sources.photographs import load
from generators.sources.pools import BUNDLED
from generators.taxonomy import Degradation

SIDE = 256


def crop():
    image = load(BUNDLED / "seeding-by-clements-engelhardt.jpg")[0]
    return np.ascontiguousarray(image[200 : 200 + SIDE, 300 : 300 + SIDE])


def psnr(image, clean):
    return 10 * np.log10(255**2 / ((image.astype(float) - clean) ** 2).mean())


def write(path, image, quality=None):
    options = [cv2.IMWRITE_JPEG_QUALITY, quality] if quality else []
    cv2.imwrite(str(path), cv2.cvtColor(image, cv2.COLOR_RGB2BGR), options)


@pytest.fixture
def restore(tmp_path, dubench_here):
    def run(*arguments, out="out"):
        return dubench_here("restore", "--out", out, *arguments, cwd=tmp_path)

    return run


def report(folder):
    entries = json.loads((folder / "restoration.json").read_text("utf-8"))["photographs"]
    return {entry["file"]: entry for entry in entries}


def test_dark_ones_become_better_and_good_ones_stay(tmp_path, restore):
    clean = crop()
    (tmp_path / "in").mkdir()
    dark = degrade(clean, "low_light", seed=1).degraded
    write(tmp_path / "in/dark.png", dark)
    write(tmp_path / "in/good.jpg", clean, 95)
    (tmp_path / "in/broken.jpg").write_bytes(b"no photograph")
    result = restore("in", "--compare")
    assert result.returncode == 2
    assert "broken.jpg" in result.stderr
    assert "Traceback" not in result.stderr
    assert "low light" in result.stdout
    restored = decode_rgb((tmp_path / "out/dark.png").read_bytes())
    assert psnr(restored, clean) > psnr(dark, clean) + 3
    entries = report(tmp_path / "out")
    assert entries["dark.png"]["restored"]
    assert entries["dark.png"]["consistency"] < 4
    assert not entries["good.jpg"]["restored"]
    assert (tmp_path / "out/good.jpg").read_bytes() == (tmp_path / "in/good.jpg").read_bytes()
    page = (tmp_path / "out/compare.html").read_text("utf-8")
    assert page.count('type="range"') == 1
    assert "http" not in page.partition("<body>")[2]
    # The same command again does nothing anew, and another one is refused.
    before = (tmp_path / "out/dark.png").stat().st_mtime_ns
    assert restore("in").returncode == 2
    assert (tmp_path / "out/dark.png").stat().st_mtime_ns == before
    other = restore("in", "--method", "analytic")
    assert "another run" in other.stderr


def test_going_on_with_others_of_the_same_name_keeps_what_is_there(tmp_path, restore):
    options = ("--start", 80)  # a number that restoration.json has to give back
    for name, top in (("y", 0), ("x", 40)):
        (tmp_path / name).mkdir()
        write(tmp_path / name / "photo.png", crop()[top : top + 64])
        assert restore(f"{name}/photo.png", *options).returncode == 0
    again = restore("x", "y", *options)
    assert again.returncode == 0, again.stderr
    entries = report(tmp_path / "out")
    names = {file: entry["photograph"] for file, entry in entries.items()}
    assert names == {"photo.png": "y/photo.png", "photo-2.png": "x/photo.png"}
    for file, photograph in names.items():
        assert not entries[file]["restored"]  # and so a copy
        assert (tmp_path / "out" / file).read_bytes() == (tmp_path / photograph).read_bytes()


def test_a_model_that_was_trained_again_is_another_run(tmp_path, restore):
    write(tmp_path / "photo.png", crop()[:64, :64])
    for preset, returncode in (("wild", 0), ("real", 2), ("wild", 0)):
        shutil.copy(SHIPPED / f"statistics-du110k-{preset}.safetensors", tmp_path / "mine")
        open_model.cache_clear()  # as in a new process
        result = restore("photo.png", "--params", "statistics:mine", "--method", "analytic")
        assert result.returncode == returncode
        assert ("another run" in result.stderr) == bool(returncode)


def test_what_is_turned_by_exif_is_upright_and_doubts_can_be_overruled(tmp_path, restore):
    from PIL import Image

    blurred = degrade(crop(), "blur", {"sigma": 3.0}, seed=2).degraded[:, :192]
    turned = Image.fromarray(np.ascontiguousarray(np.rot90(blurred)))
    exif = Image.Exif()
    exif[0x0112] = 6
    turned.save(tmp_path / "turned.png", exif=exif)
    assert restore("turned.png", "--method", "analytic", "--force").returncode == 0
    entry = report(tmp_path / "out")["turned.png"]
    assert entry["type"] == "blur"
    assert entry["restored"]
    restored = decode_rgb((tmp_path / "out/turned.png").read_bytes())
    assert restored.shape == (SIDE, 192, 3)


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        ((), "name photographs, folders of them, or a --dataset"),
        (("--dataset", "x", "--force"), "are for photographs"),
        (("photo.png", "--dataset", "x"), "--dataset is not for photographs: drop it, or photo"),
        (("photo.png", "--workers", 2), "--workers is not for photographs"),
        (("photo.png", "--params", "truth"), "--params truth is of a --dataset: name a model"),
        (("photo.png", "--out", "."), "other files"),
        (("nothing.png",), "nothing.png: No such file"),
        (("photo.png", "--params", "nobody"), "--params nobody: no such model"),
        (("photo.png", "--method", "plugin:nowhere:Nothing"), "plugin:nowhere:Nothing"),
    ],
)
def test_mistakes_are_named(arguments, problem, tmp_path, restore):
    write(tmp_path / "photo.png", crop()[:40, :40])
    result = restore(*arguments)
    assert result.returncode == 2
    assert problem in result.stderr
    assert "Traceback" not in result.stderr
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("sigma", [1, 3, 6])
def test_noise_is_measured_where_it_is_quiet(sigma):
    smooth = np.tile(np.linspace(60, 190, SIDE)[:, None, None], (1, SIDE, 3))
    noise = np.random.default_rng(0).normal(scale=sigma, size=smooth.shape)
    noisy = np.rint(smooth + noise).astype(np.uint8)
    # The rounding has a variance of 1/12; the quantile lies a few percent below the mean.
    assert 255 * noise_of(noisy) == pytest.approx((sigma**2 + 1 / 12) ** 0.5, rel=0.06)


def test_a_jpegs_noise_is_that_of_its_quantisation():
    smooth = cv2.GaussianBlur(crop(), (0, 0), 1.5)
    for quality in (60, 90):
        data = cv2.imencode(".jpg", smooth, [cv2.IMWRITE_JPEG_QUALITY, quality])[1].tobytes()
        again = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
        error = (again.astype(float) - smooth).std()
        assert error / 2 < 255 * noise_of(again, data) < 3 * error


def test_a_jpegs_low_frequencies_are_those_of_its_standard():
    """At quality 50 the steps are those of table K.1 of ITU-T T.81, here its corner."""
    grey = np.full((64, 64, 3), 128, np.uint8)
    data = cv2.imencode(".jpg", grey, [cv2.IMWRITE_JPEG_QUALITY, 50])[1].tobytes()
    steps = np.array([16, 11, 10, 16, 12, 12, 14, 19, 14, 13, 16, 24, 14, 17, 22, 29])
    assert 255 * noise_of(grey, data) == pytest.approx(((steps**2).mean() / 12) ** 0.5)


def test_only_the_right_blur_explains_what_was_seen():
    clean = crop()
    blurred = degrade(clean, "blur", {"sigma": 2.0}).degraded
    right = Degraded(blurred, Degradation("blur", {"sigma": 2.0}))
    assert misfit(right, clean) < 1.5
    # Nothing that a wide blur makes is as sharp as the photograph.
    wrong = Degraded(clean, Degradation("blur", {"sigma": 4.0}))
    assert misfit(wrong, clean) > 5


PLUGIN = """
class Negative:
    def restore(self, image, degradation, transmission):
        assert degradation == {"type": "blur", "parameters": {"sigma": 2.0}}
        return 255 - image

class Half:
    def restore(self, image, degradation, transmission):
        return image[::2]
"""


def test_a_restorer_of_ones_own(tmp_path, monkeypatch):
    (tmp_path / "restorers_of_mine.py").write_text(PLUGIN)
    monkeypatch.chdir(tmp_path)
    degraded = Degraded(crop(), Degradation("blur", {"sigma": 2.0}))
    restored = open_method("plugin:restorers_of_mine:Negative", Settings())(degraded)
    np.testing.assert_array_equal(restored, 255 - crop())
    with pytest.raises(InputError, match="256×256×3"):
        open_method("plugin:restorers_of_mine:Half", Settings())(degraded)
    with pytest.raises(InputError, match="has no use for --steps"):
        open_method("plugin:restorers_of_mine:Half", Settings(steps=3))
