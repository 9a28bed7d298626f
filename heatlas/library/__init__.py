"""Library: one SQLite file with activities, their tracks, the passage index from which tiles are drawn, and point sets.

========================== ==============================================================
`manage`                   functions of commands and the Python API: import, edit, read
`opening`, `store`         opening or making a library; its connections and transactions
`schema`, `versions`       tables and migrations; migrations done, and the heatlas that a library needs
`connecting`, `witness`    connections; whether the file is still the one that was opened
`states`                   chain of states, by which files and logs of others are recognised
`network`                  network file systems, on which a library is not safe
`failures`                 errors of SQLite as sentences
`digests`                  digests of all rows, and copies of small ones
`sound_rows`               small rows that are as they were written, or read from their copies
`sound_blobs`              rows with blobs that are as they were written
`healing`                  small rows written again
`identity`                 whether a file is a library, another database or something else
`settings`                 zooms, cuts, gaps and zones
`activities`, `tracks`     rows of activities; whole tracks, column by column
`copies`, `merged`         search for copies of activities; merging of their attributes
`passages`                 passages of a cut track at one zoom
`columns`, `keys`          columns of the index and their precision; their keys
`coverage`                 columns with which the whole index was made
`packing`                  compression of columns
`index`, `chunks`          passages written as chunks of tiles; chunks read and merged
`sound_tiles`              tiles read from the index, or traced again where they are damaged
`near_tiles`               activities that may touch a tile
`drawing`                  windows drawn from the index, with a filter
`passage_tiles`            tiles of measures that read several columns
`coded_columns`            columns of chunks, decoded as formulas are worked out
`tile_planes`              planes of a window that is filled tile by tile
`activity_means`           means over whole activities, which relations take off
`shown`, `visits`          amounts of activities, and cells they visit, from the index
`imports`, `outcomes`      import of new recordings; results of reading files
`reading_files`            files of recordings read for a library, and read again
`reading_tables`           tracks of tables read again
`maintenance`, `checking`  indexing, removing, reindexing, compacting; faults
`digest_checks`            rows compared with their digests, all or some
`readable_rows`            rows up to damaged pages
`salvage`, `rebuilding`    what is sound of a damaged library; a new one made of it
`index_repair`             sound tiles of an index taken over, damaged ones made anew
`repair`, `backups`        damaged libraries replaced; copies while in use
`collection`               whole tracks of a library
`phone_days`               fixes that phones send, a log and a track for each day
`passages_at`, `owners`    activities that pass through a circle; those that pass through a rectangle
`shown_routes`             one activity as it is shown: lines and profile
`time_zones`               time zones of activities that were stored without
`zones`                    circles in which nothing is shown
`zone_suggestions`         places that should be hidden
`audit`, `home_guesses`    error with which a stranger could guess a home; the guesses
`point_sets`               named tables of weighted points
`stored_points`            what is known of such a table without its points
`point_tables`             import of tables as point sets; point sets as tables
`point_cells`              cells of a quadtree that hold points
`point_index`              stored levels of cells, from which others are computed
`point_packing`            columns of numbers as bytes
`point_rows`               rows of the points of a set, as they were read
`point_times`              points of a span of time, while somebody looks
`point_checks`             points compared with their digests, and read again
`point_drawing`            tiles of a point set drawn from its index
========================== ==============================================================

Tracks are cut before passages are made from them; only the table `tracks` holds whole ones. Points are never cut.
"""
