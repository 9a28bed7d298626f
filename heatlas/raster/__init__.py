"""Grids of numbers from tracks and points, and their smoothing.

=============== ==============================================================
`reductions`    planes of each measure, and the values made of them
`grid`          measures, and planes over a window
`draw_tracks`   passages of tracks reduced to a grid
`count_passes`  the same for passes alone, faster
`accumulators`  arrays that passages are added to
`partition`     tracks near a window, and its rows shared among threads
`bin_points`    points counted in pixels
`gaussian`      smoothing of tracks, in pixels or in true metres
`point_kernel`  spreading of points
`pipeline`      count, then smooth
`spool`         points stored in a temporary file, to be read twice
=============== ==============================================================
"""
