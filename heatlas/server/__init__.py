"""Serve a library over HTTP: the live map, tiles for any client, and a summary of its contents.

``python -m heatlas.server LIBRARY [--port 8765]`` serves a library; ``create_app`` makes an ASGI app to mount anywhere.

=============== =====================================================
`app`, `routes` the app, and what its addresses answer
`running`       serving until Ctrl-C
`first_library` the library of a server that was started with none
`site`          what is served; requests let in, read and answered
`views`         what is told of the library and of what is in view
`activities`    what is told of activities: who passed, lists, routes
`making`        files of a view, to download
`adding`        imports, and positions that phones post
`openapi`       the description of the HTTP interface
=============== =====================================================
"""

from heatlas.server.app import create_app
from heatlas.server.running import serve

__all__ = ["create_app", "serve"]
