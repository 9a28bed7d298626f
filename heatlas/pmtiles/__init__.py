"""PMTiles: directories of tiles, their order, and base maps that are read out of such a file.

============== =====================================================================
`basemap`      base maps as people name them: somebody's tiles, or a file of streets
`directory`    header and directories, packed and unpacked
`hilbert`      numbers of tiles
`streets`      a base map of vector tiles on disk (a Protomaps extract)
`vector_tiles` layers, features, lines and rings of vector tiles
============== =====================================================================
"""
