"""What is told of the library and of what is in view.

================ =========================================
`summary`        contents of the library
`view_counts`    counts of what is in view
`histograms`     joint histograms of two metrics
`years`          numbers of each year, and how they grew
`explorer_tiles` visited tiles, largest square and cluster
`services`       TileJSON, WMTS, legends
`ground_routes`  names of towns, and streets out of a file
================ =========================================
"""
