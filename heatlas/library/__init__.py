"""Library: one SQLite file with activities, their tracks, the passage index from which tiles are drawn, and point sets.

======================= ================================================================================
`file`                  the file: opened, locked, recognised, brought up to date; rows and columns in it
`rows`                  what is held of activities, row by row
`index`                 passages in tiles, from which all is drawn
`points`                named tables of weighted points
`care`                  checks, repair and backups
`manage`                functions of commands and the Python API: import, edit, read
`imports`, `new_files`  import of new recordings; which files and recordings are new
`reading_files`         files of recordings read for a library, and read again
`reading_tables`        tracks of tables read again
`maintenance`           indexing, removing, reindexing, compacting
`collection`            whole tracks of a library
`phone_days`            fixes that phones send, a log and a track for each day
`zones`                 circles in which nothing is shown
`zone_suggestions`      places that should be hidden
`audit`, `home_guesses` error with which a stranger could guess a home; the guesses
======================= ================================================================================

Tracks are cut before passages are made from them; only the table `tracks` holds whole ones. Points are never cut.
"""
