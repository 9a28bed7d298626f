"""Library: one SQLite file with activities, their tracks, the passage index from which tiles are drawn, and point sets.

======================= ============================================================
`file`                  the file: opened, locked, recognised, brought up to date
`index`                 passages in tiles, from which all is drawn
`points`                named tables of weighted points
`care`                  digests, checks, repair and backups
`manage`                functions of commands and the Python API: import, edit, read
`activities`, `tracks`  rows of activities; whole tracks, column by column
`copies`, `merged`      search for copies of activities; merging of their attributes
`imports`, `outcomes`   import of new recordings; results of reading files
`reading_files`         files of recordings read for a library, and read again
`reading_tables`        tracks of tables read again
`maintenance`           indexing, removing, reindexing, compacting
`collection`            whole tracks of a library
`phone_days`            fixes that phones send, a log and a track for each day
`time_zones`            time zones of activities that were stored without
`zones`                 circles in which nothing is shown
`zone_suggestions`      places that should be hidden
`audit`, `home_guesses` error with which a stranger could guess a home; the guesses
======================= ============================================================

Tracks are cut before passages are made from them; only the table `tracks` holds whole ones. Points are never cut.
"""
