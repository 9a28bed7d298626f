"""Heats as objects: arrays with their place on the map, that show themselves in a notebook.

============== ==============================================================
`array`        the class `Heat`
`labels`      what values are called, their unit, the middle of their scale
`look`         tone, colours, legend
`styled`       a heat as it is shown: what files and notebooks read of it
`widths`       smoothing anew, exactly
`arithmetic`   sums, differences and ratios
`files`        images and files
`raster`       xarray and rasterio
`display`      what a notebook shows of a heat
`cards`        what it shows of tracks and points
============== ==============================================================
"""

from heatlas.dataset.heat.array import Heat

__all__ = ["Heat"]
