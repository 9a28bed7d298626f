"""Serve a library over HTTP: the live map, tiles for any client, and a summary of its contents.

``python -m heatlas.server LIBRARY [--port 8765]`` serves a library; ``create_app`` makes an ASGI app to mount anywhere.

============================= ==============================================================
`app`, `running`              routes of the app; serving until Ctrl-C
`security`, `openness`        hosts, origins, tokens, security headers; measures of public maps
`state`                       state of a running server
`query`                       parameters of requests, parsed and limited
`responses`, `static_files`   bodies with ETag and gzip, errors as JSON; files of the page
`summary`                     contents of the library
`single`, `single_routes`     what is told of single activities, and its addresses
`activities_at`               activities that pass a place
`activity_list`               activities of a view: searched, sorted, in pages
`activity_route`              one activity with its profile; those that go the same way
`attribute_values`            attributes and their values with counts, for filters
`view_counts`, `histograms`   counts of what is in view; joint histograms of two metrics
`explorer_tiles`              visited tiles, largest square and cluster
`ground_routes`               names of towns, and streets out of a file
`services`                    TileJSON, WMTS, legends
`description`, `schemas`      OpenAPI, and the pieces that it is made of
`single_description`          the same of single activities
`years`                       numbers of each year, and how they grew
`sharing`, `orders`           what an output shows of home; outputs of a view, checked
`outputs`                     outputs that are made aside, each in a process of its own
`outputs_description`         their addresses in the OpenAPI description
`ground_description`          the same of the ground
`uploads`, `phones`           recordings imported over HTTP; positions that apps of phones post
`dropped_tables`              tables of points that are sent: their columns, and their import
`first_library`               the library of a server that was started with none
`upload_description`          imports in the OpenAPI description
============================= ==============================================================
"""

from heatlas.server.app import create_app
from heatlas.server.running import serve

__all__ = ["create_app", "serve"]
