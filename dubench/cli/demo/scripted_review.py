"""A review by two scripts, in the place of people: it shows the way, and judges nothing."""

from pathlib import Path

from annotation_ui.folder import IMAGES, review_folder, review_of
from annotation_ui.store.items import Item
from dubench.scoring.restored.full_reference import luma, psnr
from generators import decoding

SCRIPTS = {"script-1": 29.0, "script-2": 28.0}
"""Their names, and the PSNR in dB of degraded to clean above which a pair is rejected."""

RULE = (
    "A script rejects a pair that a machine check of the plan has flagged, whose degraded picture "
    "has more contrast than its clean one, or whose degradation can hardly be seen: PSNR above "
    + " and ".join(f"{limit:.0f} dB for {name}" for name, limit in SCRIPTS.items())
    + ". It accepts all others, and knows nothing of the planted items."
)

Verdict = tuple[str, tuple[str, ...], str]
"""accept or reject, the reasons, and a note."""


def review(dataset: Path) -> str:
    """Let the scripts judge everything that the review of `dataset` has for them."""
    store, images = review_of(dataset), review_folder(dataset) / IMAGES
    given = 0
    for name, limit in SCRIPTS.items():
        store.accounts.invite(name)
        while lease := store.lease(name):
            verdict, reasons, note = judge(lease.item, images, limit)
            store.submit(lease.token, name, verdict, reasons, note)
            given += 1
    return f"{given} verdicts by {' and '.join(SCRIPTS)}\n"


def judge(item: Item, images: Path, limit: float) -> Verdict:
    """The verdict on an item, by RULE.

    Args:
        images: folder of the review's pictures.
        limit: PSNR in dB.
    """
    if item.flags:
        return "reject", ("impossible for this scene",), item.flags[0].text
    clean, degraded = (
        decoding.decode((images / name).read_bytes(), upright=False)
        for name in (item.clean_image, item.degraded_image)
    )
    if luma(degraded).std() > luma(clean).std():
        return "reject", ("inconsistent",), "the degraded picture has more contrast"
    likeness = float(psnr(degraded[None], clean[None])[0])
    if likeness > limit:
        return "reject", ("other",), f"hardly to be seen: PSNR {likeness:.1f} dB"
    return "accept", (), ""
