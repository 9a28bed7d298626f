"""Description of imports for `/openapi.json`."""

from __future__ import annotations

from typing import Any

from heatlas.server.openapi.schemas import (
    JSON,
    NUMBER,
    TEXT,
    WHOLE,
    get_of,
    list_of,
    object_of,
    or_null,
    pair_of,
    parameter,
    refusals_of,
)

__all__ = ["upload_paths"]

_COLUMN = object_of({"name": TEXT, "example": TEXT, "range": or_null(pair_of(NUMBER, NUMBER))})
_TABLE = object_of(
    {
        "columns": list_of(_COLUMN), "left": WHOLE,
        **{name: or_null(TEXT) for name in ("lat", "lon", "geometry", "weight")},
    }
)  # fmt: skip
_PROGRESS = object_of({"import": or_null(object_of({"file": TEXT, "done": WHOLE, "of": WHOLE}))})
_ANSWERS = {
    "weight": "Of a table of points: the column that weighs; empty: each row counts 1. Without it `table` of the "
    "answer describes the columns, and nothing is imported",
    "lat": "Of a table of points: column of the latitudes; by default found by its name",
    "lon": "Of a table of points: column of the longitudes; by default found by its name",
    "name": "Of a table of points: what to call them; by default as their file is called",
}


def upload_paths() -> dict[str, Any]:
    """Describe the addresses by which recordings and tables come in, and what they answer."""
    return {
        "/api/import": {"post": _import()},
        "/api/importing": {"get": get_of("How far the import is that runs; null: none does", [], _PROGRESS)},
    }


def _import() -> dict[str, Any]:
    name = parameter("X-Filename", "Its name, percent-encoded", {**TEXT, "minLength": 1}, "header", required=True)
    report = {
        "type": "object",
        "required": ["added", "files"],
        "properties": {"added": WHOLE, "files": {"type": "object"}, "table": _TABLE},
    }
    return {
        "summary": "Read a recording, an archive of them, or a table into the library",
        "parameters": [name, *(parameter(name, words, TEXT) for name, words in _ANSWERS.items())],
        "requestBody": {
            "required": True,
            "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}},
        },
        "responses": {
            "200": {"description": "What was read", "content": {JSON: {"schema": report}}},
            **refusals_of((400, 403, 413, 415)),
        },
    }
