"""Heats as objects: georeferenced arrays that notebooks display.

============== ==============================================================
`array`        the class `Heat`
`labels`       title, unit and middle of the scale of values
`appearance`   tone, colours, legend
`styled`       the part of a heat that files and notebooks read
`resmooth`     exact smoothing with another width
`arithmetic`   sums, differences and ratios
`exports`      the part of a heat that leaves heatlas
`sampling`     values at positions
`plotting`     figures of matplotlib
`files`        images and files
`raster`       xarray and rasterio
`display`      a heat in a notebook
`html`         tracks and points in a notebook
============== ==============================================================
"""

from heatlas.dataset.heat.array import Heat

__all__ = ["Heat"]
