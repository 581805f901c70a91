"""Whether a picture on the disk can be shown: browsers take half a PNG for a whole one."""

from pathlib import Path

import cv2

_FIRST = b"\x89PNG\r\n\x1a\n"
_LAST = b"\x00\x00\x00\x00IEND\xaeB`\x82"


def is_whole(path: Path) -> bool:
    """Whether there is a PNG file from its first to its last bytes."""
    try:
        with path.open("rb") as file:
            first = file.read(len(_FIRST))
            file.seek(-len(_LAST), 2)
            return first == _FIRST and file.read() == _LAST
    except OSError:
        return False


def can_be_shown(path: Path) -> bool:
    """Whether it is whole, and its pixels can be decoded."""
    return is_whole(path) and cv2.imread(str(path)) is not None
