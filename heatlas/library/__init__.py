"""Library: one SQLite file with activities, their tracks, the passage index from which tiles are drawn, and point sets.

======================== ==============================================================
`store`, `schema`        opening, connections and transactions; tables and migrations
`failures`               errors of SQLite as sentences
`identity`               whether a file is a library, another database or something else
`settings`               zooms, cuts, gaps and zones
`activities`, `tracks`   rows of activities; whole tracks, column by column
`copies`, `merged`       copies of an activity found; and merged when they are read
`passages`               passages of a cut track at one zoom
`columns`, `keys`        columns of the index and their precision; their keys
`coverage`               columns that all of the index was made with
`packing`                compression of columns
`index`, `chunks`        passages written as chunks of tiles; chunks read and merged
`drawing`                windows drawn from the index, with a filter
`shown`, `visits`        amounts of activities, and cells they visit, from the index
`imports`, `outcomes`    import of new recordings; what was read and left out
`upkeep`, `checking`     indexing, removing, reindexing, compacting; faults
`collection`, `passing`  tracks of a library; activities that pass through a circle
`time_zones`             time zones of activities that were stored without
`zones`, `suggesting`    circles that hide; places that should be hidden
`audit`, `guesses`       how near a stranger could guess; the guesses
`point_sets`             named tables of weighted points
`point_tables`           tables that are imported as point sets; point sets as tables
`point_cells`            cells of a quadtree that hold points
`point_index`            levels of cells that are stored, and how others are read
`point_packing`          columns of numbers as bytes
`point_drawing`          tiles of a point set drawn from its index
======================== ==============================================================

Tracks are cut before passages are made from them; the table `tracks` alone holds whole ones. Points are never cut.
"""
