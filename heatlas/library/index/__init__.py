"""The index of passages, from which tiles are drawn.

======================= ==========================================================================
`encoding`, `gathering` passages as bytes of tiles, and these held until there are many
`joining`, `writing`    they are joined to chunks, and written
`chunks`                chunks read and merged
`coverage`              columns with which the whole index was made
`sound_tiles`           tiles read from the index, or traced again where they are damaged
`tile_chunks`           chunks of tiles of a zoom, read by few statements
`near_tiles`            activities that may touch a tile
`drawing`               tiles and windows drawn from the index, with a filter
`pass_tiles`            passes of tiles, many in one call
`passage_tiles`         tiles of measures that read several columns
`people`                people who passed pixels of a window, or those around them
`coded_columns`         columns of chunks, decoded as formulas are worked out
`tile_planes`           planes to which the passages of one tile after another are added
`shown`, `visits`       amounts of activities, and cells they visit, from the index
`passages_at`, `owners` activities that pass through a circle; those that pass through a rectangle
`shown_routes`          one activity as it is shown: lines and profile
======================= ==========================================================================
"""
