"""Films: a heat map that fills up day by day, or shows a moving span of time.

============== ==============================================================
`order`        what was asked of a film, whatever it shows
`job`          a film of tracks, with checked options, to a file
`point_job`    a film of points
`storyboard`   plan of a film, and its frames
`cast`         what a film shows, in the order in which it comes
`track_cast`   tracks as a film shows them
`point_cast`   points as a film shows them
`timeline`     moments of the frames
`activities`   tracks of a film, with running totals
`running_grid` counts of tracks that are updated from frame to frame
`painter`      colours that are updated from frame to frame
`caption`      strip below the map
`frames`       frames and formats of films
`gif`          writer of GIF
`mp4`          writer of MP4
`webp`         writer of animated WebP
============== ==============================================================
"""

from __future__ import annotations

from heatlas.rendering.film.job import FilmJob

__all__ = ["FilmJob"]
