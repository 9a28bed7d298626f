"""What is added over HTTP.

================ =================================================
`uploads`        recordings, imported
`dropped_tables` tables of points: their columns, and their import
`phones`         positions that apps of phones post
================ =================================================
"""
