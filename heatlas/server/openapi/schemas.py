"""Pieces of the OpenAPI description: schemas, parameters and answers."""

from __future__ import annotations

from typing import Any

__all__ = [
    "JSON", "NUMBER", "TEXT", "WHOLE", "bounded", "get_of", "list_of", "object_of", "or_null", "pair_of", "parameter",
    "refusals_of",
]  # fmt: skip

JSON = "application/json"
NUMBER, TEXT, WHOLE = {"type": "number"}, {"type": "string"}, {"type": "integer"}


def object_of(properties: dict[str, Any]) -> dict[str, Any]:
    """Describe an object that has all of some properties."""
    return {"type": "object", "required": list(properties), "properties": properties}


def list_of(items: dict[str, Any], **more: Any) -> dict[str, Any]:
    """Describe a list."""
    return {"type": "array", "items": items, **more}


def pair_of(first: dict[str, Any], second: dict[str, Any]) -> dict[str, Any]:
    """Describe a list of two, of either kind in either place."""
    return list_of({"anyOf": [first, second]}, minItems=2, maxItems=2)


def or_null(kind: dict[str, Any]) -> dict[str, Any]:
    """Describe a value that may be null."""
    return {"anyOf": [kind, {"type": "null"}]}


def parameter(
    name: str, about: str, schema: dict[str, Any], where: str = "query", *, required: bool = False
) -> dict[str, Any]:
    """Describe a parameter."""
    return {"name": name, "in": where, "description": about, "required": required, "schema": schema}


def bounded(kind: str, low: float, high: float, **more: Any) -> dict[str, Any]:
    """Describe a number within bounds."""
    return {"type": kind, "minimum": low, "maximum": high, **more}


def refusals_of(codes: tuple[int, ...]) -> dict[str, Any]:
    """Answers with an error, by status: some, and those that any address may give."""
    error = {JSON: {"schema": {"$ref": "#/components/schemas/Error"}}}
    reasons = {
        400: "A parameter cannot be used", 403: "Not allowed", 404: "There is no such tile", 413: "Too large",
        415: "A form, not a file", 421: "Not called by its name", 503: "The library cannot be read",
    }  # fmt: skip
    return {str(code): {"description": reasons[code], "content": error} for code in sorted({*codes, 403, 421, 503})}


def get_of(
    about: str,
    parameters: list[dict[str, Any]],
    schema: dict[str, Any] | None,
    media_type: str = JSON,
    refusals: tuple[int, ...] = (400,),
) -> dict[str, Any]:
    """Describe a GET of an address."""
    content = {media_type: {"schema": schema} if schema else {}}
    good = {"200": {"description": about, "content": content}, "304": {"description": "As it was (If-None-Match)"}}
    return {"summary": about, "parameters": parameters, "responses": {**good, **refusals_of(refusals)}}
