"""Grids of numbers from tracks and points, and their smoothing.

=============== ==============================================================
`reductions`    planes of each measure, and the values made of them
`measure`       measures, and how people write them
`offered`       measures that menus offer
`left_out`      what a map of a measure leaves out, in sentences
`grid`          planes over a window
`tile_pixels`   tiles as the pixels that hold anything, and windows put together from them
`relations`     correlations, slopes and residuals made of planes
`terciles`      two means at once, in 3 x 3 classes
`sides`         the two filters of a difference, in words
`differences`   means less means, and Welch's t
`passages`      columns of passages, and how they add to planes
`draw_passages` the same from tracks, where several columns are read
`draw_tracks`   passages of tracks reduced to a grid
`count_passes`  the same for passes alone, faster
`accumulators`  arrays that passages are added to
`partition`     tracks near a window, and its rows shared among threads
`bin_points`    points counted in pixels
`gaussian`      smoothing of tracks, in pixels or in true metres
`point_kernel`  spreading of points
`softening`     smoothing of tracks, or spreading of points
`threshold`     least number of people of a pixel that is shown
`count_people`  people who passed each pixel, or those around it
`pipeline`      count, then smooth
`spool`         points stored in a temporary file, to be read twice
=============== ==============================================================
"""
