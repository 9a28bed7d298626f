"""Libraries that follow their sources: the loop behind `--watch` and `--every`.

============ ==================================================================
`rounds`     the loop: work that is repeated, failures, growing waits, the end
`whole`      whether a file is whole, and for how long it must be at rest
`walk`       files under a folder, one by one
`hints`      what the system tells of changes in folders
`gone`       files of a library that are gone, and those that were renamed
`intake`     whole files of folders, taken into a library
`tables`     tables read again
`following`  all of these for the sources of one library
`background` the loop beside a server
============ ==================================================================

What was taken stands in the library's own table of files, so a process that is killed and started again goes on where
it was. Everything else that is remembered, such as files that are still written, is bounded and may be lost.
"""

from heatlas.watching.following import follow, following
from heatlas.watching.rounds import Alarm, Part, keep_going

__all__ = ["Alarm", "Part", "follow", "following", "keep_going"]
