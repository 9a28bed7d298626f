"""Render one output in a process of its own: ``python -m heatlas.rendering.child``, for programs that wait for it.

The order is one line of JSON on stdin: ``sources``, ``output`` and ``options`` of `heatlas.render`. On stdout come
lines of JSON: ``{"stage", "done", "total"}`` while it works, and in the end ``{"report"}`` or ``{"error"}``. The
process ends when its stdin is closed: whoever started it has ended, or wants it no more.
"""

from __future__ import annotations

import json
import os
import sys
import threading
import time
from typing import Any

__all__ = ["main"]

_OFTEN = 0.15
"""Seconds between two lines of progress of one stage."""


def main() -> int:
    """Read an order, render it, and say how far it is; 0 if it is done, else 1."""
    order = json.loads(sys.stdin.readline())
    threading.Thread(target=_end_with_parent, daemon=True).start()
    told = {"stage": "", "when": 0.0}

    def progress(stage: str, done: int, total: int) -> None:
        now = time.monotonic()
        if stage != told["stage"] or now - told["when"] > _OFTEN:  # type: ignore[operator]
            told.update(stage=stage, when=now)
            _say({"stage": stage, "done": done, "total": total})

    progress("starting", 0, 0)
    from heatlas.core.errors import HeatlasError, unworded
    from heatlas.rendering import render

    try:
        report = render(*order["sources"], output=order["output"], progress=progress, **order["options"])
    except HeatlasError as error:
        _say({"error": unworded(error)})
        return 1
    _say({"report": {name: report[name] for name in ("output", "bytes") if name in report}})
    return 0


def _say(data: dict[str, Any]) -> None:
    print(json.dumps(data), flush=True)  # noqa: T201 - lines for the parent


def _end_with_parent() -> None:
    sys.stdin.read()
    os._exit(1)


if __name__ == "__main__":
    sys.exit(main())
