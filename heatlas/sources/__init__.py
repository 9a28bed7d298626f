"""Read sources: files, folders, archives, tables and databases.

================================= ====================================================================
`resolve`                         sort what was given into tracks, points and a library
`expanded`                        folders of Parquet, patterns and addresses as files
`archive`, `containers`           find recordings in folders, and in archives
`found_files`                     a file that may be a recording, and where it was found
`layers`                          lines of GeoPackage, FlatGeobuf and Shapefile, wherever these lie
`zips`, `tars`, `compression`     read ZIP and tar archives, and packed streams
`remote`                          find recordings in buckets, and read some ahead
`blobs`                           bytes on disk or in a temporary file
`sniff`                           kind of a file by its first bytes
`sqlite_head`                     application id of an SQLite file, read without breaking its locks
`left_out`                        why a file is no recording
`formats`                         table of formats of recordings, and their readers
`sheets`                          tables beside recordings, joined with them
`people`                          whose recordings in files are
`sports`, `names`, `indoor`       sports; names made up by devices; virtual and indoor activities
`speeds`                          speeds of sports that are errors
`sensors`                         bounds of sensor values
`accuracy`                        bound of the accuracy that phones state
`time_zones`                      time zone of the place where an activity began
`reading`, `load`                 read and clean one file; all files, in parallel
`raw`                             recordings of files before cleaning, with their person
`fork_pool`, `spawn_pool`         forked and fresh processes that share work
`pool_results`                    results that these processes send
`merging`, `recount`              merge copies of an activity; count columns of copies
`tables`                          tables of fixes and of points
`databases`                       tables and queries of databases
`contract`                        partitions of large data: Parquet of fixes, a person within one file
================================= ====================================================================
"""
