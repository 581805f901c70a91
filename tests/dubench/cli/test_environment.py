"""Another package that installs a module of one of our names is named."""

from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

from dubench.cli.environment import OURS, check_owners
from generators.errors import InputError


@pytest.mark.parametrize(
    ("file", "text"),
    [
        ("top_level.txt", "gadgets\nleaderboard\n"),
        ("RECORD", "gadgets/__init__.py,sha256=x,0\nleaderboard/web/site.py,sha256=y,1\n"),
        ("RECORD", "leaderboard.py,sha256=x,0\n"),
    ],
)
def test_another_owner_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, file: str, text: str
) -> None:
    check_owners()
    other = tmp_path / "gadgets-1.0.dist-info"
    other.mkdir()
    (other / "METADATA").write_text("Metadata-Version: 2.1\nName: gadgets\nVersion: 1.0\n")
    (other / file).write_text(text)
    monkeypatch.syspath_prepend(tmp_path)
    assert "gadgets" in packages_distributions()["leaderboard"]
    with pytest.raises(InputError, match="gadgets also installs a module named 'leaderboard'"):
        check_owners()


def test_what_only_looks_alike_is_left_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = "my_generators/__init__.py,,\ngadgets/dubench/__init__.py,,\ndubench.txt,,"
    other = tmp_path / "gadgets-1.0.dist-info"
    other.mkdir()
    (other / "METADATA").write_text("Metadata-Version: 2.1\nName: gadgets\nVersion: 1.0\n")
    (other / "RECORD").write_text(f"{files}\n")
    monkeypatch.syspath_prepend(tmp_path)
    assert not any("gadgets" in packages_distributions().get(name, ()) for name in OURS)
    check_owners()
