"""Options that would be ignored are refused."""

from __future__ import annotations

from typing import Any

from heatlas.errors import BadOption

__all__ = ["refuse"]


def refuse(given: dict[str, Any], reason: str) -> None:
    """Refuse options that are not None.

    Raises
    ------
    BadOption
        Naming the first and what it is for.
    """
    for name, value in given.items():
        if value is not None:
            raise BadOption(f"{name} is for {reason}")
