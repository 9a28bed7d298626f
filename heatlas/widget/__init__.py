"""Live map in a notebook: tiles are messages from the kernel, without a server or a port.

=========== ==================================================================
`live`      the widget `LiveMap` and its traits
`responses` responses to the browser: tiles, scales, passing activities
`source`    libraries, and temporary ones of tracks or points
`parts`     MapLibre, the world and the script, all from this package
=========== ==================================================================
"""

from heatlas.core.errors import MissingExtra

try:
    import anywidget as _anywidget  # noqa: F401 - imported here, so that the error names what is missing
except ImportError:
    raise MissingExtra("a live map in a notebook", "widget") from None

from heatlas.widget.live import LiveMap

__all__ = ["LiveMap"]
