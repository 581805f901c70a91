"""Read one split of a dataset: a folder, a Parquet glob, a URL, or a name on the Hub."""

import glob
import json
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from random import SystemRandom
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from generators import presets
from generators.dataset.folder import data_files
from generators.dataset.identity import split_identity
from generators.dataset.info import FILE, DatasetInfo
from generators.dataset.parquet import columns_of, open_parquet, read_columns, reading
from generators.dataset.schema import schema
from generators.errors import InputError, first_line, plain_errors
from generators.files import from_home, is_url, place_of
from generators.presets import Preset
from generators.randomness import five_digits_of
from generators.sources.splits import SPLITS
from generators.taxonomy import KEYS, TYPES

if TYPE_CHECKING:
    from generators.files import Place

TYPE_NAMES = tuple(TYPES)
"""Names of the types, in the taxonomy's order: what the codes in `GroundTruth.types` index."""

_GROUND_TRUTH = ("id", "type", *KEYS, "severity", "source", "source_id", "group")


@dataclass(frozen=True)
class GroundTruth:
    """The answers of one split, in columns; rows are in the files' order.

    Attributes:
        ids: (n,) names of the samples.
        types: (n,) index into TYPE_NAMES.
        values: per key of the taxonomy (n,), or (n, size) for a vector; NaN where the sample's
            type has no such key. In the key's unit, the five digits that were rendered.
        clusters: (n,) what each sample is of, as SOURCE/NAME: the photograph, or its group, the
            scene or person, where the source has one.
        severity: (n,) `slight`, `moderate`, `severe`, or None for `none`.
    """

    ids: list[str]
    types: NDArray[np.int8]
    values: dict[str, NDArray[np.float64]]
    clusters: list[str]
    severity: list[str | None]


@dataclass(frozen=True)
class RowGroup:
    """Where some rows of a split lie, which are read together.

    Attributes:
        file: by its place in `Split.files`.
        number: of the row group in the file.
        ids: of its rows, or of those wanted.
    """

    file: int
    number: int
    ids: tuple[str, ...]


@dataclass(frozen=True)
class Split:
    """One split of a dataset on disk; nothing is read before it is asked for.

    Attributes:
        where: as the user named the dataset.
        name: `train`, `validation` or `test`.
        title: a short name for tables.
        files: its Parquet files, in order.
        info: what recipe.json says; None where there is none.
    """

    where: str
    name: str
    title: str
    files: list["Place"]
    info: DatasetInfo | None

    @cached_property
    def ids(self) -> list[str]:
        """Names of the samples, in the files' order."""
        return [str(name) for name in _table(self.files, ["id"])["id"].to_pylist()]

    def row_groups(self, only: Collection[str]) -> list[RowGroup]:
        """Where the rows of the ids in `only` lie, in the files' order."""
        return [
            RowGroup(number, group, wanted)
            for number, file in enumerate(self.files)
            for group, ids in _ids_by_group(file)
            if (wanted := tuple(name for name in ids if name in only))
        ]

    @property
    def n(self) -> int:
        """How many samples there are."""
        return len(self.ids)

    @property
    def blind(self) -> bool:
        """Whether the answers are kept apart, by the host of a board."""
        return "type" not in _columns(self.files[0])

    @cached_property
    def preset(self) -> Preset | None:
        """How the parameters were drawn, or None if nobody says."""
        if self.info:
            return self.info.recipe.preset
        if "recipe" not in _columns(self.files[0]):
            return None
        name = json.loads(next(_batches(self.files[:1], ["recipe"]))["recipe"][0].as_py())["preset"]
        bundled = presets.FOLDER / f"{name}.toml"
        return presets.load(name) if bundled.is_file() else None

    @cached_property
    def identity(self) -> dict[str, str | None]:
        """`recipe_id` and `content_id`; of a blind split, the content that its host promised."""
        if self.blind:
            promised = self.info.blind.commitment if self.info and self.info.blind else None
            return {"recipe_id": None, "content_id": promised}
        identity = split_identity(self.files, self.preset)
        return {"recipe_id": identity.recipe_id, "content_id": identity.content_id}

    @property
    def described(self) -> dict[str, Any]:
        """Name, size and identity, as a model's notes name what it was made of."""
        return {"dataset": self.title, "n": self.n, **self.identity}

    def ground_truth(self) -> GroundTruth:
        """Read the answers, one degradation per image.

        Raises:
            InputError: the split is blind, an image has several degradations, or the files are
                not those of dubench.
        """
        if self.blind:
            raise InputError(
                f"{self.where}: the answers of this {self.name} split are kept by its host; send "
                "the predictions there, or give --dataset the folder with the answers"
            )
        columns = _columns(self.files[0])
        # A dataset made before a type existed has no columns for its keys, nor for groups.
        later = (*KEYS, "group")
        missing = [name for name in _GROUND_TRUTH if name not in columns and name not in later]
        if missing:
            raise InputError(f"{self.files[0]}: no column {missing[0]}: not a dataset of dubench")
        table = _table(self.files, [name for name in _GROUND_TRUTH if name in columns])
        several = table.filter(pc.is_null(table["type"]))["id"].to_pylist()
        if several:
            raise InputError(
                f"{self.where}: {several[0]} has several degradations; scores are defined for "
                "images with one"
            )
        names = _type_names(self.files[0])
        codes = np.array([TYPE_NAMES.index(name) for name in names], np.int8)
        rows = table.num_rows
        values = {}
        for name, key in KEYS.items():
            shape = (rows, key.size) if key.kind == "vector" else (rows,)
            values[name] = np.full(shape, np.nan)
            if name in columns:
                _fill(values[name], table[name].combine_chunks())
        return GroundTruth(
            [str(name) for name in table["id"].to_pylist()],
            codes[table["type"].to_numpy()],
            values,
            _clusters(table),
            table["severity"].to_pylist(),
        )

    def images(
        self,
        *columns: str,
        only: Collection[str] | None = None,
        shuffled: bool = False,
        group: RowGroup | None = None,
    ) -> Iterator[tuple[Any, ...]]:
        """Yield (id, image, …) row by row, one (H, W, 3) uint8 RGB image per name in `columns`.

        Args:
            columns: `degraded`, `clean`.
            only: the ids wanted; all by default.
            shuffled: give every hundred rows in an order that no one can foresee.
            group: read this row group alone.

        Raises:
            InputError: a file cannot be read, or an image in it is broken.
        """
        from generators.images import decode_rgb

        for batch in self._batches(["id", *columns], group):
            rows = list(enumerate(batch["id"].to_pylist()))
            if shuffled:
                SystemRandom().shuffle(rows)
            for place, name in rows:
                if only is not None and name not in only:
                    continue
                row: list[Any] = [name]
                for column in columns:
                    image = decode_rgb((batch[column][place].as_py() or {}).get("bytes") or b"")
                    if image is None:
                        raise InputError(
                            f"{self.where}: {column} of {name} is not an image; run dubench verify"
                        )
                    row.append(image)
                yield tuple(row)

    def maps(
        self, only: Collection[str], group: RowGroup | None = None
    ) -> Iterator[tuple[str, dict[str, Any]]]:
        """Yield (id, maps) of the samples among `only` that have keys of kind `map`: the values of
        those keys over the image, (H, W) each, by key.

        Args:
            group: read this row group alone.

        Raises:
            InputError: a file cannot be read, or a row in it is broken.
        """
        from generators.dataset.schema import degradations_of, provenance_of
        from generators.images import decode_depth
        from generators.physics import maps_of
        from generators.sample import needs_depth

        for batch in self._batches(["id", "type", "tuples", "recipe", "depth"], group):
            for row in batch.to_pylist():
                if row["id"] not in only:
                    continue
                broken = f"{self.where}: {{}} of {row['id']} is broken; run dubench verify"
                try:
                    degradations = degradations_of(row, provenance_of(row))
                except (KeyError, IndexError, TypeError, ValueError):
                    raise InputError(broken.format("the row")) from None
                depth = None
                if needs_depth([one.type for one in degradations]):
                    depth = decode_depth((row["depth"] or {}).get("bytes") or b"")
                    if depth is None:
                        raise InputError(broken.format("the depth"))
                maps: dict[str, Any] = {}
                for one in degradations:
                    maps |= maps_of(one, depth)
                if maps:
                    yield row["id"], maps

    def _batches(self, columns: list[str], group: RowGroup | None) -> Iterator[Any]:
        if group is None:
            return _batches(self.files, columns)
        return _batches([self.files[group.file]], columns, group.number)


def _clusters(table: pa.Table) -> list[str]:
    names = table["source_id"]
    if "group" in table.column_names:
        names = pc.coalesce(table["group"], names)
    return [
        f"{source}/{name}"
        for source, name in zip(table["source"].to_pylist(), names.to_pylist(), strict=True)
    ]


def check_split(split: str) -> None:
    """Raise InputError unless there is a split of this name."""
    if split not in SPLITS:
        raise InputError(f"--split {split}: the splits are {', '.join(SPLITS)}")


@plain_errors()
def open_split(where: str, split: str = "test") -> Split:
    """Find one split of the dataset `where`: a folder, a Parquet glob, a URL of a folder, or
    OWNER/NAME on the Hub. What is not here is read from there row group by row group.

    Raises:
        InputError: there is no such dataset or split, or it is not finished.

    Examples:
        >>> from dubench import load  # du110k is that of `generators.generate`'s example
        >>> split = load("du110k", "train")
        >>> split.n
        188
    """
    check_split(split)
    if is_url(where) and not where.startswith("file://"):
        return _folder(where, place_of(where), split)
    where = where.removeprefix("file://")
    path = from_home(where)
    if is_local(where):
        return _folder(where, path, split) if path.is_dir() else _files(where, split)
    if where.count("/") == 1 and not path.exists() and not where.startswith((".", "~", "/")):
        return _hub(where, split)
    raise InputError(
        f"--dataset {where}: no such folder; give a folder that dubench generate made, a glob of "
        "Parquet files in quotes, or OWNER/NAME on the Hub"
    )


def is_local(where: str) -> bool:
    """Whether `where` names a dataset on this machine: a folder that is there, or Parquet files."""
    if is_url(where):
        return where.startswith("file://")
    return from_home(where).is_dir() or where.endswith(".parquet")


def _folder(where: str, place: "Place", split: str) -> Split:
    info = DatasetInfo.read_finished(place) if (place / FILE).exists() else None
    there = data_files(place, info)
    files = [
        *(file for file in there if file.name.startswith(f"{split}-")),
        *(file for file in there if file.name.startswith(f"blind-{split}-")),
    ]
    if not files:
        others = [
            name for name in SPLITS if any(file.name.startswith(f"{name}-") for file in there)
        ]
        remedy = f"; it has {', '.join(others)}" if others else ""
        if others and split != "train":
            remedy += f": give --split {others[0]}"
        raise InputError(f"{where}: no {split} split in it (no data/{split}-….parquet){remedy}")
    return Split(where, split, place.absolute().name, files, info)


def _files(where: str, split: str) -> Split:
    others = ("blind-", *(f"{name}-" for name in SPLITS if name != split))
    # Path.glob takes no absolute pattern.
    names = sorted(glob.glob(str(from_home(where))))  # noqa: PTH207
    files = [
        path
        for path in map(Path, names)
        if path.name.startswith(f"blind-{split}-") or not path.name.startswith(others)
    ]
    if not files:
        raise InputError(f"--dataset {where}: no file of the {split} split matches")
    home = files[0].absolute().parent
    return Split(where, split, (home.parent if home.name == "data" else home).name, [*files], None)


def _hub(name: str, split: str) -> Split:
    """One split of a dataset on the Hub, read from there."""
    try:
        import huggingface_hub  # noqa: F401
    except ImportError:
        raise InputError(
            f'--dataset {name}: the Hub needs the package huggingface_hub: pip install "dubench'
            '[remote,train]"; or give a folder'
        ) from None
    try:
        return _folder(name, place_of(f"hf://datasets/{name}"), split)
    except InputError:
        raise
    except Exception as error:  # the library raises a dozen kinds for what it cannot reach
        raise InputError(
            f"--dataset {name}: no such folder, and not to be had from the Hub: {first_line(error)}"
        ) from None


def _columns(file: "Place") -> list[str]:
    return list(_schema(file).names)


def _schema(file: "Place") -> pa.Schema:
    with reading(file), open_parquet(file) as opened:
        return opened.schema_arrow


def _type_names(file: "Place") -> list[str]:
    """The names that the codes of the column `type` stand for, as the file's metadata says."""
    meta = _schema(file).metadata or {}
    try:
        names = json.loads(meta[b"huggingface"])["info"]["features"]["type"]["names"]
    except (KeyError, ValueError, TypeError):
        raise InputError(
            f"{file}: its column type has no names: not a dataset of dubench"
        ) from None
    unknown = [name for name in names if name not in TYPE_NAMES]
    if unknown:
        raise InputError(
            f"{file}: unknown type {unknown[0]!r}; the types are {', '.join(TYPE_NAMES)}. Is this "
            "dubench older than the dataset?"
        )
    return list(names)


def _fill(out: NDArray[np.float64], column: Any) -> None:
    """Copy an Arrow column of float32, or of lists of them, into `out` where it is not null."""
    present = np.asarray(column.is_valid())
    if not present.any():
        return
    stored = column.drop_null()
    flat = stored.flatten() if out.ndim == 2 else stored
    exact = five_digits_of(flat.to_numpy(zero_copy_only=False))
    out[present] = exact.reshape(-1, *out.shape[1:])


def _batches(
    files: Sequence["Place"], columns: list[str], only: int | None = None
) -> Iterator[Any]:
    """At most a hundred rows at a time, of all row groups or of one of each file."""
    for file in files:
        with reading(file), open_parquet(file) as source:
            wanted = columns_of(source, file, columns)
            for group in range(source.num_row_groups) if only is None else (only,):
                yield from source.iter_batches(100, row_groups=[group], columns=wanted)


def _ids_by_group(file: "Place") -> Iterator[tuple[int, list[str]]]:
    with reading(file), open_parquet(file) as source:
        wanted = columns_of(source, file, ["id"])
        for group in range(source.num_row_groups):
            yield group, source.read_row_group(group, columns=wanted)["id"].to_pylist()


def _table(files: Sequence["Place"], columns: list[str]) -> pa.Table:
    types = schema()
    wanted = pa.schema([types.field(name) for name in columns])
    tables = []
    for file in files:
        with reading(file):
            tables.append(read_columns(file, columns).cast(wanted))
    return pa.concat_tables(tables)
