"""The live map in a notebook: tiles come as messages from the kernel, so that there is no server and no port.

============== ==============================================================
`live`         the widget `LiveMap`, with what it shares with the browser
`answers`      what the browser asks for: tiles, scales, who passed
`source`       libraries, and tracks that become one for the while
`parts`        MapLibre, the world and the script, all from this package
============== ==============================================================
"""

from heatlas.core.errors import MissingExtra

try:
    import anywidget as _anywidget  # noqa: F401 - asked for here, so that what is missing is named
except ImportError:
    raise MissingExtra("a live map in a notebook", "widget") from None

from heatlas.widget.live import LiveMap

__all__ = ["LiveMap"]
