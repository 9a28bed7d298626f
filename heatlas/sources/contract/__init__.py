"""The contract of large data: partitions, which are Parquet files of fixes in which each person lies whole.

============ ==============================================================
`columns`    columns of a partition: names, types and meaning
`partitions` partitions found, and their persons compared before any work
`reading`    trips of a partition, streamed by row group
`writing`    partitions written, streamed by row group
============ ==============================================================

A partition has the columns ``person, trip, time, lat, lon``, and may have ``sport``, ``private``, other attributes of
the trip, and sensors (`heatlas.core.batch.COLUMNS`). Positions are degrees (WGS 84), as doubles or as int32 of 1e-7
degrees. The rows of a trip stand together, in the order of travel; a trip lies in one file, and so does a person.
`heatlas prepare` makes such files from anything that heatlas reads.
"""
