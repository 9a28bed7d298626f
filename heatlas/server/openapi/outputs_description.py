"""Part of the OpenAPI description: files of a view, what they would show of home, and numbers of years."""

from __future__ import annotations

from typing import Any

from heatlas.server.making.orders import KINDS

__all__ = ["output_paths"]

_TEXT, _WHOLE = {"type": "string"}, {"type": "integer"}
_STATES = ["waiting", "running", "done", "failed"]
_NUMBER = {"name": "number", "in": "path", "description": "Of the output", "required": True, "schema": _TEXT}


def output_paths(shown: list[dict[str, Any]], filters: list[dict[str, Any]], box: dict[str, Any]) -> dict[str, Any]:
    """Describe the addresses of outputs.

    Parameters
    ----------
    shown, filters : list of dict
        Parameters of what is drawn, and of activities alone.
    box : dict
        The parameter `bbox`.
    """
    forms = sorted({ending[1:] for endings in KINDS.values() for ending in endings})
    own = [
        _asked("kind", "What to make", {"type": "string", "enum": list(KINDS)}, required=True),
        _asked("format", "Its ending", {"type": "string", "enum": forms}),
        _asked("width", "Pixels of a picture or a film", {"type": "integer", "minimum": 64, "maximum": 10_000}),
        _asked("duration", "Seconds that a film takes, 2 to 60", {"type": "string", "pattern": "^[0-9]+s?$"}),
        _asked("title", "Of a picture, a page or tiles", {"type": "string", "maxLength": 120}),
        _asked("background", "", {"type": "string", "enum": ["dark", "light"]}),
        _asked("everybody", "1: without what is private", {"type": "string", "enum": ["0", "1"]}),
    ]  # fmt: skip
    home = {"open": {"type": "boolean"}, "private": _WHOLE, "words": {"type": "array", "items": _TEXT}}
    state = {
        "kind": _TEXT, "name": _TEXT, "state": {"type": "string", "enum": _STATES}, "stage": _TEXT, "done": _WHOLE,
        "total": _WHOLE, "error": _TEXT, "bytes": _WHOLE,
    }  # fmt: skip
    years = {"years": {"type": "array", "items": {"type": "object"}}}
    begin = _operation("Make a file of a view, aside", [*own, box, *shown], {"id": _TEXT}, "202", (400, 403))
    return {
        "/api/home.json": {"get": _operation("What a view shows of home", [box, *filters], home, "200", (400, 403))},
        "/api/years.json": {
            "get": _operation("Numbers of each year, and how they grew", filters, years, "200", (400, 403))
        },
        "/api/outputs": {"post": begin},
        "/api/outputs/{number}": {
            "get": _operation("How far a file is", [_NUMBER], state, "200", (404,)),
            "delete": _operation("Stop or remove a file", [_NUMBER], {"state": _TEXT}, "200", (404,)),
        },
        "/api/outputs/{number}/file": {
            "get": {
                "summary": "The file, when it is done",
                "parameters": [_NUMBER],
                "responses": {
                    "200": {"description": "Its bytes", "content": {"application/octet-stream": {}}},
                    **_refused((404,)),
                },
            }
        },
    }


def _asked(name: str, about: str, schema: dict[str, Any], *, required: bool = False) -> dict[str, Any]:
    return {"name": name, "in": "query", "description": about, "required": required, "schema": schema}


def _operation(
    about: str, parameters: list[dict[str, Any]], properties: dict[str, Any], status: str, refused: tuple[int, ...]
) -> dict[str, Any]:
    content = {"application/json": {"schema": {"type": "object", "properties": properties}}}
    good = {status: {"description": about, "content": content}}
    return {"summary": about, "parameters": parameters, "responses": {**good, **_refused(refused)}}


def _refused(codes: tuple[int, ...]) -> dict[str, Any]:
    error = {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}}
    return {str(code): {"description": "Refused, with the reason", "content": error} for code in codes}
