"""Make a dataset: plan it, make its shards, describe it. Begun again, it goes on."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from generators import engines, presets
from generators.build.blind import produce_blind
from generators.build.job import GenerateResult, Job, Progress
from generators.build.produce import produce
from generators.dataset import carried_depth
from generators.dataset.folder import check_folder, check_space
from generators.dataset.info import LeftOut
from generators.dataset.manifest import Manifest, check_depth, check_photographs, read_manifest
from generators.dataset.recipe import Recipe, share_out
from generators.depth import attach
from generators.depth.attach import DepthSpec
from generators.depth.prepared import cache_of
from generators.errors import InputError, plain_errors
from generators.files import beside
from generators.lock import hold_folder
from generators.randomness import check_seed
from generators.sources.inspection import inspect_files
from generators.sources.pools import GatherOptions, Pool, SourceSpec, gather
from generators.sources.splits import split_counts
from generators.taxonomy import TYPES
from generators.walk import BESIDE

if TYPE_CHECKING:
    from generators.files import Place

LEAST_SIZE, MOST_SIZE = 32, 2048


@plain_errors()
def generate(
    n: int,
    out: "Place",
    sources: Sequence[SourceSpec],
    preset: str = "du110k",
    size: int = 256,
    seed: int = 0,
    workers: int | None = None,
    progress: Progress | None = None,
    *,
    depth: DepthSpec | None = None,
    device: str = "cpu",
    blind: bool = False,
    test_only: bool = False,
    engine: str = "local",
) -> GenerateResult:
    """Make about `n` pairs in the folder `out`, or finish what an earlier run began there.

    `n` is rounded to a multiple of the number of types, so that every type has as many samples; or,
    where the preset has weights, of their sum.

    Args:
        out: a folder, or a `UPath` of universal_pathlib on any storage that fsspec knows.
        sources: where photographs come from.
        preset: name of a bundled preset or path of a TOML file.
        size: side of an image in pixels.
        seed: 0 … 2⁶³ − 1; with the photographs, it decides every byte.
        workers: shards made at once; by default as many as there are cores. The bytes do not depend
            on it.
        depth: where the depth of photographs comes from; guessed by default.
        device: `cpu`, or a torch device for the batched path (within one level of the CPU's).
        blind: keep the answers of the test split from `out`; see `generators.build.blind`.
        test_only: put every sample and every photograph into the test split, for a board.
        engine: `local`, or `ray`: on the cluster that RAY_ADDRESS names, whose machines all see
            `out` and the photographs under the same names.

    Raises:
        InputError: an argument is wrong, `out` holds something else, sources are unusable, or
            the disk is full. Whatever was finished stays.

    Examples:
        >>> from pathlib import Path
        >>> from generators import SourceSpec, generate
        >>> result = generate(200, Path("du110k"), [SourceSpec("builtin")], size=64)
        >>> result.recipe.n
        200
    """
    progress = progress or Progress()
    if n < 1:
        raise InputError(f"--n {n}: ask for at least one sample")
    if not LEAST_SIZE <= size <= MOST_SIZE:
        raise InputError(f"--size {size}: choose {LEAST_SIZE} to {MOST_SIZE} pixels")
    check_seed(seed)
    engines.check(engine, workers)
    _check_device(device)
    chosen = presets.load(preset)
    splits = split_counts(n, len(chosen.cycle))
    if test_only:
        splits = {split: sum(splits.values()) if split == "test" else 0 for split in splits}
    if blind and not isinstance(out, Path):
        raise InputError(f"--blind with --out {out}: choose a folder, and copy it without answers")
    check_folder(out)
    with hold_folder(out):
        options = gather_options(out, splits, size, seed, workers, progress)
        pools = pools_of(out, sources, options, chosen, depth, device, progress)
        recipe = Recipe(chosen, seed, size, splits, share_out(splits, pools))
        check_space(out, recipe)
        job = Job(
            recipe, [p.photographs or {} for p in pools], _left_out(pools), device, engine=engine
        )
        if not blind:
            return produce(out, job, workers, progress)
        assert isinstance(out, Path)
        return produce_blind(out, job, pools, workers, progress)


@plain_errors()
def regenerate(
    manifest: Path,
    out: "Place",
    sources: Sequence[SourceSpec],
    workers: int | None = None,
    progress: Progress | None = None,
    *,
    depth: DepthSpec | None = None,
    device: str = "cpu",
    engine: str = "local",
) -> tuple[GenerateResult, list[str]]:
    """Make the dataset of a manifest again in `out`, from the photographs it was made of.

    Returns:
        what the run did, and the splits whose pixels are not the manifest's to the byte.

    Raises:
        InputError: the manifest cannot be read, photographs or their depth are missing or differ,
            or as `generate`.

    Examples:
        >>> from pathlib import Path  # du110k.parquet is that of `write_manifest`'s example
        >>> from generators import SourceSpec, regenerate
        >>> result, different = regenerate(
        ...     Path("du110k.parquet"), Path("again"), [SourceSpec("builtin")]
        ... )
        >>> different
        []
    """
    progress = progress or Progress()
    engines.check(engine, workers)
    _check_device(device)
    wanted = read_manifest(manifest)
    if wanted.carries_depth and depth and depth.source != "procedural":
        raise InputError(f"--depth {depth.source} with --manifest: {manifest} carries the depth")
    check_folder(out)
    with hold_folder(out):
        return _follow(wanted, manifest, out, sources, workers, progress, depth, device, engine)


def _follow(
    wanted: Manifest,
    path: Path,
    out: "Place",
    sources: Sequence[SourceSpec],
    workers: int | None,
    progress: Progress,
    depth: DepthSpec | None,
    device: str,
    engine: str,
) -> tuple[GenerateResult, list[str]]:
    """Make the dataset of a manifest, which was read from `path`, in `out`, which is held."""
    recipe = wanted.recipe
    # One pool to look hashes up in: the manifest says which split.
    options = gather_options(out, {"train": recipe.n}, recipe.size, 0, workers, progress)
    if wanted.carries_depth:
        maps = carried_depth.unpack(path, cache_of(out))
        pools = [attach.with_maps(pool, maps) for pool in gather(sources, options)]
    else:
        pools = pools_of(out, sources, options, recipe.preset, depth, device, progress)
    photographs = {
        photo.sha256: photo
        for pool in pools
        for photos in (pool.photographs or {}).values()
        for photo in photos
    }
    check_photographs(wanted, photographs, ", ".join(map(str, sources)))
    check_depth(wanted, photographs)
    check_space(out, recipe)
    members = [p.photographs or {} for p in pools]
    job = Job(recipe, members, {}, device, path, review=wanted.review, engine=engine)
    result = produce(out, job, workers, progress)
    identity = result.identity
    return result, [split for split, ids in identity.items() if ids != wanted.identity[split]]


def pools_of(
    home: "Place",
    sources: Sequence[SourceSpec],
    options: GatherOptions,
    preset: presets.Preset,
    depth: DepthSpec | None,
    device: str,
    progress: Progress,
) -> list[Pool]:
    """The photographs of `sources`, with their depth where the preset's types need it.

    Depth maps are kept beside the folder `home`, as are streamed photographs.
    """
    if not any(TYPES[type_name].needs_depth for type_name in preset.types):
        return gather(sources, options)
    spec = depth or DepthSpec("procedural")
    attach.check(spec, sources)
    pools = gather(sources, replace(options, depth_column=spec.column))
    return attach.attach(pools, sources, spec, cache_of(home), device, progress.depths)


def gather_options(
    home: "Place",
    split_counts: Mapping[str, int],
    size: int,
    seed: int,
    workers: int | None,
    progress: Progress,
) -> GatherOptions:
    """How photographs are gathered for a dataset in the folder `home`."""
    return GatherOptions(
        split_counts,
        size,
        seed,
        partial(inspect_files, workers, progress.inspected),
        beside(home, ".spool"),
        progress.spooled,
        apart=tuple(
            place
            for place in (home, *(beside(home, ending) for ending in BESIDE))
            if isinstance(place, Path)
        ),
    )


def _left_out(pools: Sequence[Pool]) -> LeftOut:
    left_out: dict[str, dict[str, tuple[str, ...]]] = {}
    for pool in pools:  # several of one source share an entry
        reasons = left_out.setdefault(pool.source, {})
        for reason, names in pool.left_out.items():
            reasons[reason] = reasons.get(reason, ()) + tuple(names)
    return {source: reasons for source, reasons in left_out.items() if reasons}


def _check_device(device: str) -> None:
    if device != "cpu":
        from generators.batched.render import check_device

        check_device(device)
