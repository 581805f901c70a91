"""The card with which the bundled nano is submitted to the demo's board."""

from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from generators.files import write_whole


def write_card(path: Path) -> str:
    """Write it; returns its text."""
    text = f"""\
model: nano
revision: weights of dubench {version("dubench")}
link: https://arxiv.org/abs/2602.04565
licence: Apache-2.0
open_weights: true
parameters: 2_550_000
organisation: dubench
contact: demo@example.org
prompt: dubench grammar, with the photograph and its chart
date: {datetime.now(UTC):%Y-%m-%d}
training:
  data: crops of 918 photographs, du110k-wild and du110k, two to one
  preset_seen: yes
  photographs_seen: yes
notes: wallpapers such as the bundled photographs calibrated its ranges
"""
    write_whole(path, text)
    return text
