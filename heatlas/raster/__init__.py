"""From tracks and points to grids of numbers, and their smoothing.

=============== ==============================================================
`reductions`    which planes a measure adds up, and how values are made of them
`grid`          measures, and planes over a window
`draw_tracks`   passages of tracks are added to a grid
`count_passes`  the same where passes are only counted, faster
`accumulators`  arrays that passages are added to
`partition`     which tracks are near a window, and how threads share it
`bin_points`    points are counted in pixels
`gaussian`      smoothing of tracks, as wide on the ground everywhere
`point_kernel`  spreading of points
`pipeline`      count, then smooth
`spool`         points kept in a temporary file, to be read twice
=============== ==============================================================
"""
