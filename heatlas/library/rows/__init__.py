"""What a library holds of activities, row by row.

====================== ============================================================
`activities`, `tracks` rows of activities; whole tracks, column by column
`track_batches`        many whole tracks at once
`grids`                positions of tracks as whole steps of the grid of their recorder
`guessed_progress`     progress of tracks as what it differs from a guess by
`copies`, `merged`     search for copies of activities; merging of their attributes
`activity_means`       means over whole activities, which relations take off
`marks`                where activities begin, end and stop, of which zones are suggested
`passages`             passages of a cut track at one zoom
`outcomes`             results of reading files
`people`               whose activities are
`time_zones`           time zones of activities that were stored without
====================== ============================================================
"""
