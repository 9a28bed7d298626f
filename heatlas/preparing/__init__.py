"""Make partitions of anything that heatlas reads: `heatlas prepare`.

========== ==================================================================
`job`      the whole way: checked, read, planned, shared out, put together
`incoming` recordings of all sources in one order, each with its trip
`intake`   recordings written to groups, in the order in which they come
`homes`    homes of persons, and which partition each belongs to
`shares`   groups cut by partition, and partitions put together of these
`folder`   the working folder: what is done, so that a killed run goes on
`outputs`  partitions put in their place, on a disk or in a bucket
========== ==================================================================

Each step writes whole files or none, and a run that was killed goes on with the first that is missing. Memory holds one
row group while recordings are read and shared out, and one partition while it is put together.
"""

from heatlas.preparing.job import prepare

__all__ = ["prepare"]
