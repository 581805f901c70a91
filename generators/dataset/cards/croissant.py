"""Croissant metadata (MLCommons, version 1.0): what other tools read of a dataset."""

from typing import Any

import pyarrow as pa

from generators.dataset.cards.card import licence
from generators.dataset.recipe import Recipe
from generators.dataset.schema import IMAGES, schema

_CONTEXT = {
    "@language": "en",
    "@vocab": "https://schema.org/",
    "citeAs": "cr:citeAs",
    "column": "cr:column",
    "conformsTo": "dct:conformsTo",
    "cr": "http://mlcommons.org/croissant/",
    "rai": "http://mlcommons.org/croissant/RAI/",
    "data": {"@id": "cr:data", "@type": "@json"},
    "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
    "equivalentProperty": "cr:equivalentProperty",
    "samplingRate": "cr:samplingRate",
    "dct": "http://purl.org/dc/terms/",
    "examples": {"@id": "cr:examples", "@type": "@json"},
    "extract": "cr:extract",
    "field": "cr:field",
    "fileProperty": "cr:fileProperty",
    "fileObject": "cr:fileObject",
    "fileSet": "cr:fileSet",
    "format": "cr:format",
    "includes": "cr:includes",
    "isLiveDataset": "cr:isLiveDataset",
    "jsonPath": "cr:jsonPath",
    "key": "cr:key",
    "md5": "cr:md5",
    "parentField": "cr:parentField",
    "path": "cr:path",
    "recordSet": "cr:recordSet",
    "references": "cr:references",
    "regex": "cr:regex",
    "repeated": "cr:repeated",
    "replace": "cr:replace",
    "sc": "https://schema.org/",
    "separator": "cr:separator",
    "source": "cr:source",
    "subField": "cr:subField",
    "transform": "cr:transform",
}
_LICENCES = {
    "cc-by-sa-4.0": "https://creativecommons.org/licenses/by-sa/4.0/",
    "cc0-1.0": "https://creativecommons.org/publicdomain/zero/1.0/",
    "other": "the licences of the source photographs; see README.md",
}


def metadata(recipe: Recipe, date: str) -> dict[str, Any]:
    """croissant.json of the dataset, finished on an ISO date; paths are relative to its folder."""
    shards = {
        "@type": "cr:FileSet",
        "@id": "shards",
        "encodingFormat": "application/x-parquet",
        "includes": "data/*.parquet",
    }
    return {
        "@context": _CONTEXT,
        "@type": "sc:Dataset",
        "conformsTo": "http://mlcommons.org/croissant/1.0",
        "name": recipe.preset.name,
        "description": f"{recipe.n:,} clean and degraded photographs with the type and the "
        "physical parameters of each degradation.",
        "license": _LICENCES[licence(recipe)],
        "url": "https://arxiv.org/abs/2602.04565",
        "version": "1.0.0",
        "datePublished": date,
        "citeAs": "Understanding Degradation with Vision Language Model, arXiv:2602.04565",
        "distribution": [shards],
        "recordSet": [
            {
                "@type": "cr:RecordSet",
                "@id": "default",
                "key": {"@id": "default/id"},
                "field": [_field(field) for field in schema() if field.name != "tuples"],
            }
        ],
    }


def _field(field: pa.Field) -> dict[str, Any]:
    picture = field.name in IMAGES
    source: dict[str, Any] = {"fileSet": {"@id": "shards"}, "extract": {"column": field.name}}
    if picture:
        source["transform"] = {"jsonPath": "bytes"}
    is_list = pa.types.is_list(field.type)
    arrow_type = field.type.value_type if is_list else field.type
    entry: dict[str, Any] = {
        "@type": "cr:Field",
        "@id": f"default/{field.name}",
        "name": field.name,
        "dataType": "sc:ImageObject" if picture else _data_type(arrow_type),
        "source": source,
    }
    if is_list:
        entry["repeated"] = True
    return entry


def _data_type(arrow_type: pa.DataType) -> str:
    if pa.types.is_integer(arrow_type):
        return "sc:Integer"
    return "sc:Float" if pa.types.is_floating(arrow_type) else "sc:Text"
