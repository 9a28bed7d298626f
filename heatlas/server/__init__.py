"""A library over HTTP: the live map, tiles for any client, and what is in it.

``python -m heatlas.server LIBRARY [--port 8765]`` serves one; ``create_app`` gives an ASGI app to mount anywhere.

========================= ==============================================================
`app`, `running`          which address is answered by what; serving until Ctrl-C
`guard`                   hosts, origins, tokens; what every answer says to browsers
`site`                    what a running server has
`query`                   parameters, held to limits
`answers`                 bytes with ETag, gzip; errors as JSON
`summary`, `who`          what is in the library; who passed here
`services`, `description` TileJSON, WMTS, legends; OpenAPI
`uploads`                 recordings that come by HTTP
========================= ==============================================================
"""

from heatlas.server.app import create_app
from heatlas.server.running import serve

__all__ = ["create_app", "serve"]
