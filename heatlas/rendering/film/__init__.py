"""Films: a heat map that fills up day by day, or shows a moving span of time.

============== ==============================================================
`job`          a film with checked options, from tracks to a file
`storyboard`   plan of a film, and its frames
`timeline`     moments of the frames
`activities`   tracks of a film, with running totals
`running_grid` counts that are updated from frame to frame
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
