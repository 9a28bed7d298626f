"""Folders of the user that heatlas keeps something in."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from heatlas.core.errors import BadOption

__all__ = ["cache_folder", "config_folder"]


def config_folder() -> Path:
    """Return the folder of the owner's settings; the environment variable HEATLAS_CONFIG overrides it.

    Raises
    ------
    BadOption
        When this user has no home.
    """
    if folder := os.environ.get("HEATLAS_CONFIG"):
        return Path(folder)
    if folder := os.environ.get("APPDATA" if sys.platform == "win32" else "XDG_CONFIG_HOME"):
        return Path(folder) / "heatlas"
    try:
        home = Path.home()
    except RuntimeError:
        raise BadOption(
            "the secret for hiding home has no place, as this user has no home: set HEATLAS_CONFIG to a folder that "
            "can be written"
        ) from None
    return (home if sys.platform == "win32" else home / ".config") / "heatlas"


def cache_folder() -> Path | None:
    """Return the folder for what may be deleted at any time; None when this user has no home.

    It is beside the settings where HEATLAS_CONFIG names their folder.
    """
    if folder := os.environ.get("HEATLAS_CONFIG"):
        return Path(folder) / "cache"
    if folder := os.environ.get("LOCALAPPDATA" if sys.platform == "win32" else "XDG_CACHE_HOME"):
        return Path(folder) / "heatlas"
    try:
        return Path.home() / ".cache" / "heatlas"
    except RuntimeError:
        return None
