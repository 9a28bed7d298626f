"""The index of passages, from which tiles are drawn.

======================= ==========================================================================
`passages`              passages of a cut track at one zoom
`columns`, `keys`       columns of the index and their precision; their keys
`coverage`              columns with which the whole index was made
`packing`               compression of columns
`writing`, `chunks`     passages written as chunks of tiles; chunks read and merged
`sound_tiles`           tiles read from the index, or traced again where they are damaged
`near_tiles`            activities that may touch a tile
`drawing`               windows drawn from the index, with a filter
`passage_tiles`         tiles of measures that read several columns
`coded_columns`         columns of chunks, decoded as formulas are worked out
`tile_planes`           planes of a window that is filled tile by tile
`activity_means`        means over whole activities, which relations take off
`shown`, `visits`       amounts of activities, and cells they visit, from the index
`passages_at`, `owners` activities that pass through a circle; those that pass through a rectangle
`shown_routes`          one activity as it is shown: lines and profile
======================= ==========================================================================
"""
