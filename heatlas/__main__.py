"""The program `heatlas`, also as `python -m heatlas`."""

from heatlas.core.stopping import end_at_once

__all__ = ["main"]


def main() -> None:
    """Run the command line; Ctrl-C while it is imported ends it without a traceback."""
    end_at_once()
    from heatlas.cli import main as run

    run()


if __name__ == "__main__":
    main()
