"""Steps that process tracks before they are drawn.

============ =================================================================
`clean`      strays and impossible values dropped, lines broken at gaps
`duplicates` copies of one activity found
`athlete`    heart rates and zones of the athlete, by day
`filters`    expressions in CQL2, and local time
`privacy`    ends and zones cut
`metrics`    values measured or derived at each fix
============ =================================================================
"""
