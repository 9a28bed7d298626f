"""PMTiles: directories of tiles, their order, and base maps that are read out of such a file.

============== ============================================================
`directory`    header and directories, packed and unpacked
`hilbert`      numbers of tiles
`streets`      a base map of vector tiles on disk (a Protomaps extract)
`vector_tiles` layers, features, lines and rings of vector tiles
============== ============================================================
"""
