"""The file of a library: opened, locked, recognised, brought up to date; rows and columns as they lie in it.

=========================== ============================================================================
`opening`, `store`          opening or making a library; its connections and transactions
`schema`, `versions`        tables and migrations; migrations done, and the heatlas that a library needs
`connecting`, `witness`     connections; whether the file is still the one that was opened
`states`                    chain of states, by which files and logs of others are recognised
`identity`                  whether a file is a library, another database or something else
`network`                   network file systems, on which a library is not safe
`failures`                  errors of SQLite as sentences
`settings`                  zooms, cuts, gaps and zones
`columns`, `keys`           columns of the index and their precision; their keys
`packing`, `folding`        compression; columns of chunks folded before they are packed
`bundles`                   columns of small chunks in one row
`pixels`                    pixels of chunks, as codes of moves or packed
`number_columns`            columns of numbers as bytes, of points and of grids
`digests`                   digests of all rows, and copies of small ones
`sound_rows`, `sound_blobs` small rows, and rows with blobs, that are as they were written
`healing`, `looked`         small rows written again; files that need no other look
=========================== ============================================================================
"""
