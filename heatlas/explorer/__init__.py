"""Explorer tiles: which tiles of a zoom activities visit, and the scores that explorers collect.

============= ==============================================================
`job`         from sources and options to files and a report
`chosen`      tiles of the activities of a library that a filter chooses, also for maps
`visits`      pairs of activity and tile, of whole tracks and of shown ones
`explored`    all that is known of tiles: days, counts, scores, history
`score`       the largest square and cluster, and when they grew
`next_square` place of the next larger square that takes the fewest tiles
`missing`     tiles around a place that nobody has visited
`framing`     which tiles a picture shows when nobody says
`keys`        tiles as whole numbers, and where they lie
`report`      the same as plain data
`outputs`     files: GeoJSON, GPX, KML, JSON, PNG
============= ==============================================================

The owner's scores count whole tracks. What is for everybody counts what is shown of them, from the passage index.
"""
