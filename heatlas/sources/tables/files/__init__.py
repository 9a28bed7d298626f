"""Readers of tables: from a file, a bucket or an object in memory to a `Table`, whose rows stream.

============================== ======================================================================================
`csv`, `excel`                 delimited text; workbooks
`json`                         JSON and JSON lines: rows
`json_columns`, `json_objects` rows of JSON as Arrow columns; one object after the other
`parquet`, `parquet_files`     Parquet: files, folders and patterns, also in buckets; which files of them are a table
`arrow`, `frames`              Arrow IPC; tables and frames in memory
`array_weights`                weights that are an array beside a frame
`vector`                       GeoPackage, Shapefile and other formats, through GDAL
`copied`                       other tables of buckets, which are copied first
============================== ======================================================================================
"""
