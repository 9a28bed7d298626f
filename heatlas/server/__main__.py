"""``python -m heatlas.server LIBRARY [--port 8765] [--host 127.0.0.1] [--public] [--token TOKEN] [--basemap URL]``."""

import argparse
import sys

from heatlas.core.stopping import end_at_once, heed_stops, stop_status


def main() -> None:
    """Serve a library until a signal; exit 1 after an error."""
    end_at_once()
    parser = argparse.ArgumentParser(prog="python -m heatlas.server", description="Serve a library.")
    parser.add_argument("library")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8765)
    parser.add_argument("--public", action="store_true")
    parser.add_argument("--public-measures")
    parser.add_argument("--public-least", type=int)
    parser.add_argument("--token")
    parser.add_argument("--basemap")
    options = vars(parser.parse_args())
    from heatlas.core.errors import HeatlasError
    from heatlas.server import serve

    heed_stops()
    try:
        serve(options.pop("library"), **options)
    except HeatlasError as error:
        sys.exit(str(error))
    except KeyboardInterrupt:
        sys.exit(stop_status() or 130)
    finally:
        end_at_once()


main()
