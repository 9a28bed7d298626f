"""Columns of geometries: well-known text and binary, GeoJSON, text "lat, lon".

=========== =========================================================
`positions` a column as positions
`parts`     parts of single geometries, and their centres
`lines`     lines with all their coordinates, elevations and measures
=========== =========================================================
"""
