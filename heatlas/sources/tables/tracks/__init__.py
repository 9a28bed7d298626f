"""Tables whose rows are fixes of tracks, or tracks.

============================ =========================================================================================
`reader`                     the choice of the reader
`fixes`                      rows as fixes: a recording for each track
`polylines`, `lines`         rows as whole tracks: encoded polylines, lists and text; geometries
`columns`, `times`, `person` metrics and attributes; times of fixes; whose a track is
`row_activity`               attributes of an activity from named values
`groups`, `whole`, `buckets` rows grouped by track; large tables cut into whole tracks; rows put aside by their tracks
`of_tables`, `several_files` tracks of all tables of a command; tracks whose rows lie in several files
============================ =========================================================================================
"""
