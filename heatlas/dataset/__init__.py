"""Collections of tracks and points that can be filtered, described and drawn.

============== ================================================
`tracks`       tracks with their activities
`shown_tracks` tracks in words and in notebooks, or why there are none
`points`       points with their columns
`point_extent` their box, or why there is none
`heat`         an array that notebooks display, with arithmetic
`frames`       activities as a frame of pandas
`places`       regions that hold tracks, and windows over them
`selection`    filters and privacy of a drawing
`viewport`     area and scale of a drawing
`summary`      contents of a collection as plain data
`warm_up`      parallel compilation of kernels at the first run
============== ================================================
"""
