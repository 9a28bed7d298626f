"""The library: one SQLite file from which tiles are drawn: activities, tracks and the passage index; and point sets.

======================== ==============================================================
`store`, `schema`        the file, transactions, tables, older files brought up to date
`failures`               errors of SQLite as sentences
`identity`               is a file a library, another database, or something else
`settings`               zooms, and what is hidden
`activities`, `tracks`   rows of activities; whole tracks, column by column
`copies`, `merged`       the same activity from several sources: judged; and merged into one
`passages`               a cut track's passages at one zoom
`columns`, `keys`        how finely and where a column of the index is kept
`coverage`               columns that all of the index was made with
`packing`                bytes packed
`index`, `chunks`        passages written as chunks of tiles; chunks put together
`drawing`                windows from the index, with a filter
`imports`, `outcomes`    recordings read, only what is new; and what was left out
`upkeep`, `checking`     removing, indexing anew, compacting; is all as it should be
`collection`, `passing`  tracks of a library; who passes through a circle
`zones`, `suggesting`    circles to hide; places that should be hidden
`audit`, `guesses`       how near one could guess to what is hidden, and in which ways
`point_sets`             named tables of weighted points, kept as they were read
`point_tables`           tables named on the way in; shown as tables on the way out
`point_cells`            points in the cells of a quadtree, 2 x 2 added up
`point_index`            which levels of it are kept, and how they are read
`point_packing`          columns of numbers as bytes
`point_drawing`          tiles of a point set from its index
======================== ==============================================================

What must not be seen is cut before passages exist; whole tracks are in `tracks` alone. Points are shown as they are.
"""
