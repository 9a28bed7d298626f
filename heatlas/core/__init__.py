"""Projection, data classes, reports and resources that all other packages use.

============= ================================================================
`mercator`    degrees, world coordinates, and metres on the ground
`window`      the rectangle of pixels that is drawn
`batch`       recordings, activities, and clean tracks in columns
`frozen`      frozen dataclasses that are quick to make
`points`      weighted points in columns
`distinct`    distinct numbers
`json_texts`  many short texts of JSON
`units`       units of measures, and how numbers are written
`report`      files read, data left out, and why
`words`       counts in words
`regex`       patterns that are compiled when they are first used
`wording`     options in messages, as each door calls them
`zstd`        zstd, imported when it is first used
`checksums`   the checksum of FIT files
`hashing`     BLAKE2b without OpenSSL
`errors`      every error that heatlas raises
`context`     number of threads, and the receiver of progress
`threads`     parts of a short job in parallel threads
`memory`      checks that a picture fits into memory
`workspace`   memory that a job uses again and again
`resources`   processors and memory that this process may use
`cgroups`     limits of Linux control groups
`folders`     folders of the user, for settings and for what may be deleted
`repeat`      commands whose work is done, and need not be done again
`once`        time that a thread spends on what is made once
`paths`       names, renames and reasons where systems differ
`filesystems` files on disks and in buckets, by their address
`scratch`     temporary folders, removed also after a killed process
`spill`       batches in a temporary file, mapped into memory
`stopping`    orderly ends on Ctrl-C, SIGTERM and SIGHUP
`version`     the version of heatlas
============= ================================================================
"""
