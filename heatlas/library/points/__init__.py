"""Named tables of weighted points in a library.

=============== ======================================================
`point_sets`    named tables of weighted points
`stored_points` what is known of such a table without its points
`point_tables`  import of tables as point sets; point sets as tables
`point_cells`   cells of a quadtree that hold points
`point_index`   stored levels of cells, from which others are computed
`point_rows`    rows of the points of a set, as they were read
`point_times`   points of a span of time, while somebody looks
`point_checks`  points compared with their digests, and read again
`point_drawing` tiles of a point set drawn from its index
=============== ======================================================
"""
