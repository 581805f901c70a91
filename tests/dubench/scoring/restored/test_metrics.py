import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from dubench.scoring.restored.metrics import METRICS, SETS, choose
from generators.errors import InputError
from tests.dubench.scoring.restored.pictures import need_weights, pairs


def test_names_are_taken_in_one_order() -> None:
    chosen = choose(" ssim, psnr,ssim", "cpu")
    assert list(chosen.computes) == ["psnr", "ssim"]
    assert chosen.signature == ["psnr:rgb", "ssim:y,11x11"]
    assert chosen.left_out == {}


@pytest.mark.parametrize("text", ["", "psnr,", "PSNR", "psnr ssim", "auto,psnr", "fid"])
def test_unknown_names_are_refused_with_the_known_ones(text: str) -> None:
    with pytest.raises(InputError, match=r"psnr, ssim, lpips, niqe, brisque, clipiqa; or one of"):
        choose(text, "cpu")


def test_sets() -> None:
    assert SETS["default"] == ("psnr", "ssim", "lpips", "niqe")
    assert SETS["paper"] == ("psnr", "ssim", "lpips", "niqe", "brisque", "clipiqa")


def test_psnr_and_ssim_need_neither_torch_nor_pyiqa() -> None:
    code = (
        "import sys, numpy as np; sys.modules['torch'] = sys.modules['pyiqa'] = None\n"
        "from dubench.scoring.restored.metrics import choose\n"
        "x = np.zeros((1, 16, 16, 3), np.uint8)\n"
        "print(choose('psnr,ssim', 'cuda').measure(x, x))"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert "100." in run.stdout, run.stderr


def test_without_pyiqa_the_remedy_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyiqa", None)
    with pytest.raises(InputError) as error:
        choose("default", "cpu")
    message = str(error.value)
    assert message.startswith("--metrics default: lpips, niqe: the package pyiqa")
    assert 'pip install "dubench[iqa]"' in message
    assert "--metrics psnr,ssim or auto" in message
    assert "\n" not in message


def test_auto_takes_what_works_and_tells_the_rest(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyiqa", None)
    chosen = choose("auto", "cpu")
    assert list(chosen.computes) == ["psnr", "ssim"]
    assert list(chosen.left_out) == ["lpips", "niqe", "brisque", "clipiqa"]
    assert all("dubench[iqa]" in reason for reason in chosen.left_out.values())
    assert chosen.signature == ["psnr:rgb", "ssim:y,11x11"]


@pytest.fixture(scope="module")
def unreachable(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str, str]:
    """A cache that holds half a file, and what `choose` says of two choices without a network."""
    pytest.importorskip("pyiqa")
    home = tmp_path_factory.mktemp("home")
    broken = home / "hub/pyiqa/brisque_svm_weights.pth"
    broken.parent.mkdir(parents=True)
    broken.write_bytes(b"half a file")
    code = (
        "from dubench.scoring.restored.metrics import choose\n"
        "from generators.errors import InputError\n"
        "for text in ('psnr,niqe,clipiqa', 'brisque'):\n"
        "  try: choose(text, 'cpu')\n"
        "  except InputError as error: print('error:', error)"
    )
    environment = os.environ | {"TORCH_HOME": str(home), "https_proxy": "http://127.0.0.1:9"}
    run = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env=environment, timeout=600
    )
    lines = run.stdout.splitlines()
    assert len(lines) == 2, run.stderr
    assert all(line.startswith("error: ") for line in lines)
    return home / "hub", *lines


def test_missing_weights_are_named_with_the_place_for_them(unreachable) -> None:
    hub, message, _ = unreachable
    assert f"niqe: {hub / 'pyiqa/niqe_modelparameters.mat'} is missing and cannot be dow" in message
    assert f"clipiqa: {hub / 'clip/RN50.pt'} is missing" in message
    assert "refused" in message
    assert "set TORCH_HOME to a folder that has hub/pyiqa/niqe_modelparameters.mat" in message
    assert "or use --metrics psnr,ssim or auto" in message


def test_broken_weights_are_named(unreachable) -> None:
    hub, _, message = unreachable
    broken = hub / "pyiqa/brisque_svm_weights.pth"
    assert f"delete {broken} to have them downloaded again" in message


def test_a_device_that_is_not_there_is_refused_even_under_auto() -> None:
    pytest.importorskip("pyiqa")
    with pytest.raises(InputError, match="cuda:99"):
        choose("auto", "cuda:99")


def test_all_metrics_are_told_in_the_signature_with_their_weights() -> None:
    need_weights(*METRICS["lpips"].files, *METRICS["niqe"].files, *METRICS["brisque"].files)
    import pyiqa

    chosen = choose("psnr,ssim,lpips,niqe,brisque", "cpu")
    first = {
        name: chosen.versions[METRICS[name].files[0].rpartition("/")[2]][:4]
        for name in ("lpips", "niqe", "brisque")
    }
    assert chosen.signature == [
        "psnr:rgb",
        "ssim:y,11x11",
        f"lpips:alex-0.1#{first['lpips']}",
        f"niqe:y#{first['niqe']}",
        f"brisque:y#{first['brisque']}",
        f"pyiqa:{pyiqa.__version__}",
    ]
    assert len(chosen.versions["alexnet-owt-7be5be79.pth"]) == 64


def test_an_image_too_small_for_a_metric_has_no_value_and_a_note() -> None:
    chosen = choose("psnr,ssim", "cpu")
    small = np.zeros((2, 8, 40, 3), np.uint8)
    measured = chosen.measure(small, small)
    assert measured["psnr"].tolist() == [100, 100]
    assert np.isnan(measured["ssim"]).all()
    assert chosen.notes([(8, 40)]) == [
        "ssim needs images of at least 11 pixels a side; 40×8 is too small"
    ]
    assert chosen.notes([(11, 40)]) == []
    (note,) = chosen.notes([(40, 10), (40, 9), (11, 40), (10, 10)])
    assert note.endswith("; 9×40, the least of 3 such sizes, is too small")


def test_niqe_says_how_few_blocks_it_has() -> None:
    need_weights(*METRICS["niqe"].files)
    chosen = choose("niqe", "cpu")
    assert "256×256 has only 4" in chosen.notes([(256, 256)])[0]
    assert chosen.notes([(6 * 96, 7 * 96)]) == []  # 42 blocks for 36 features
    (note,) = chosen.notes([(96, 960), (192, 192), (6 * 96, 7 * 96)])
    assert "192×192, the least of 2 such sizes, has only 4: not" in note
    assert "at least 96 pixels" in chosen.notes([(95, 256)])[0]
    _, clean = pairs(96)
    assert np.isnan(chosen.measure(clean[:1, :95], clean[:1, :95])["niqe"]).all()
