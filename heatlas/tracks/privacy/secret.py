"""The owner's secret, from which lengths and shifts are drawn."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING

from heatlas.core.errors import BadOption
from heatlas.core.folders import config_folder

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["owner_secret"]

_TRIES, _PAUSE = 20, 0.05
"""Number of attempts, and seconds between them, to read a file that is still empty."""


def owner_secret() -> bytes:
    """Read the owner's secret of 32 bytes; make it at first use.

    Raises
    ------
    BadOption
        When the settings cannot be written or the file in them is damaged.
    """
    path = config_folder() / "secret"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            # Opened exclusively: of two processes that start together, one makes the secret and both read it.
            handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError:
            pass
        else:
            import secrets

            with os.fdopen(handle, "w", encoding="ascii") as file:
                file.write(secrets.token_hex(32))
        secret = _written(path)
    except ValueError:
        secret = b""
    except OSError as error:
        raise BadOption(
            f"the secret for hiding home cannot be kept in {path}: {error.strerror}; "
            "set HEATLAS_CONFIG to a folder that can be written"
        ) from None
    if len(secret) < 16:
        raise BadOption(f"{path} is damaged: delete it, and a new secret is made (cuts will then differ)")
    return secret


def _written(path: Path) -> bytes:
    """Read the secret; another process may have made the file and not written it yet, so wait up to a second."""
    for _ in range(_TRIES):
        if secret := bytes.fromhex(path.read_text(encoding="ascii").strip()):
            return secret
        time.sleep(_PAUSE)
    return b""
