"""One step each on the way of tracks, before they are drawn.

============ =================================================================
`clean`      strays and impossible values dropped, lines broken at gaps
`duplicates` copies of one activity become one
`filters`    expressions in CQL2, and local time
`privacy`    ends and zones are cut
`metrics`    what is measured, or follows from it, at each fix
============ =================================================================
"""
