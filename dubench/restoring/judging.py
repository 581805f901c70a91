"""Whether what a diagnosis says of a photograph may be undone, and how far to trust the result.

Undoing what is not there makes a photograph worse, so doubts leave it alone.
"""

from dubench.diagnosing.diagnosis import Diagnosis, Finding
from dubench.restoring.split import can_be_undone
from dubench.text import percent, words
from dubench.tiles import SIDE
from generators.taxonomy import TYPES, Degradation, scalar

NOTHING = "no degradation found"
_MOST_MISFIT, _MOST_CLIPPED = 2.0, 4.0
# Of good photographs that are called degraded most are so with less.
_SURE = 0.85
_WELL, _NARROW, _CLOSE = 0.95, 0.6, 1.5


def doubt(diagnosis: Diagnosis, size: tuple[int, int]) -> str | None:
    """Why nothing should be undone, in a few words; None where there is no reason.

    Args:
        size: height and width of the photograph.
    """
    if not diagnosis.findings:
        return NOTHING
    if len(diagnosis.findings) > 1:
        return f"several degradations at once: {' and '.join(map(words, diagnosis.type_names))}"
    (finding,) = diagnosis.findings
    if not can_be_undone(degradation_of(finding)):
        return f"{words(finding.type)} of values that cannot be undone"
    # The first caution of a small photograph says that it is small.
    cautions = diagnosis.cautions[1:] if min(size) < SIDE else diagnosis.cautions
    if cautions:
        return cautions[0]
    if diagnosis.probability < _SURE:
        return f"{words(finding.type)} is unsure: {percent(diagnosis.probability)}"
    return _wide(finding, len(diagnosis.tiles))


def forced(diagnosis: Diagnosis) -> bool:
    """Whether there is something that could be undone in spite of doubts."""
    return len(diagnosis.findings) == 1 and can_be_undone(degradation_of(diagnosis.findings[0]))


def most_misfit(type_name: str) -> float:
    """Standard deviations of its noise by which a restored photograph, degraded again, may differ
    from the one that was seen.

    Haze and low light explain any photograph but for what is clipped, such as a sky.
    """
    return _MOST_CLIPPED if type_name in ("haze", "low_light") else _MOST_MISFIT


def trust(diagnosis: Diagnosis, misfit: float, doubtful: bool) -> str:
    """`good`, `fair` or `poor`: how much to believe of what was undone."""
    (finding,) = diagnosis.findings
    if doubtful or misfit > most_misfit(finding.type):
        return "poor"
    sure = diagnosis.probability >= _WELL and misfit <= _CLOSE
    return "good" if sure and _width(finding, len(diagnosis.tiles))[0] <= _NARROW else "fair"


def degradation_of(finding: Finding) -> Degradation:
    """What to undo of a finding: its values, but of blur the least of its range.

    Undoing too much blur rings, and costs five times what too little does; places that the lens
    left unsharp look like more of it.
    """
    values = dict(finding.parameters)
    if finding.type == "blur" and "sigma" in finding.ranges:
        values["sigma"] = finding.ranges["sigma"][0]
    return Degradation(finding.type, values)


def _wide(finding: Finding, tiles: int) -> str | None:
    """A range as wide as its value says nothing; of whole numbers one must be left."""
    for key in TYPES[finding.type].keys:
        if key.integer and key.name in finding.ranges:
            low, high = finding.ranges[key.name]
            if low != high:
                return f"{words(key.name)} is uncertain: {low:.3g} to {high:.3g}"
    width, name = _width(finding, tiles)
    if width <= 1:
        return None
    low, high = finding.ranges[name]
    return f"{words(name)} is uncertain: {low:.2g} to {high:.2g}"


def _width(finding: Finding, tiles: int) -> tuple[float, str]:
    """The widest range of a number, as a share of its value, and its key.

    That of a map's mean is left out where several tiles were looked at: it is truly another in
    each, and their mean is known better than any.
    """
    widths = [(0.0, "")]
    for key in TYPES[finding.type].keys:
        if key.kind == "vector" or (key.kind == "map" and tiles > 1):
            continue
        if key.name in finding.ranges:
            low, high = finding.ranges[key.name]
            assert isinstance(low, float | int)
            assert isinstance(high, float | int)
            value = abs(scalar(finding.parameters, key.name))
            widths.append(((high - low) / max(value, 1e-9), key.name))
    return max(widths)
