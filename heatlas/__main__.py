"""The program `heatlas`, also as `python -m heatlas`."""

import gc

from heatlas.core.stopping import end_at_once

__all__ = ["main"]


def main() -> None:
    """Run the command line; Ctrl-C while it is imported ends it without a traceback."""
    end_at_once()
    # Most objects of a command are modules, functions and classes, which stay: looking for cycles among them each time
    # that 700 more were made would be a tenth of what a short command takes.
    gc.set_threshold(100_000, 20)
    from heatlas.cli import main as run

    run()


if __name__ == "__main__":
    main()
