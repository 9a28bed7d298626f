"""The program `heatlas`, also as `python -m heatlas`."""

import atexit
import gc
import os
import sys
from typing import NoReturn

from heatlas.core.stopping import end_at_once

__all__ = ["main", "program"]


def program() -> NoReturn:
    """Run the command line as the whole of a process, which ends without taking its objects apart.

    Python frees objects one after the other, which is a twenty-fifth of a picture, and then the system frees all memory
    at once. What is registered first for the exit is called last: when threads have ended and scratch files are gone.
    """
    ended: list[int] = []
    atexit.register(_leave, ended)
    try:
        main()
    except SystemExit as leaving:
        if isinstance(leaving.code, int):
            ended.append(leaving.code)
        raise
    sys.exit()


def _leave(ended: list[int]) -> None:
    """End the process with a status; without one it ends as Python has it."""
    if not ended:
        return
    try:
        sys.stdout.flush()
        sys.stderr.flush()
    except Exception:  # noqa: BLE001 - Python tries again, and says what failed
        return
    os._exit(ended[0])


def main() -> None:
    """Run the command line; Ctrl-C while it is imported ends it without a traceback."""
    end_at_once()
    # Most objects of a command are modules, functions and classes, which stay: looking for cycles among them each time
    # that 700 more were made would be a tenth of what a short command takes.
    gc.set_threshold(100_000, 20)
    from heatlas.cli import main as run

    run()


if __name__ == "__main__":
    program()
