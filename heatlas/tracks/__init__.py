"""Steps that process tracks before they are drawn.

============== =================================================================
`clean`        strays and impossible values dropped, lines broken at gaps
`duplicates`   copies of one activity found
`people`       persons among activities
`athlete`      heart rates and zones of the athlete, by day
`local_time`   starts by the clocks of their places; days and moments
`filters`      expressions in CQL2 over attributes of activities
`filter_kinds` comparisons that could never pass, and sports in any case
`filter_words` units in filters, and their errors in people's words
`quantities`   distances and durations as people write them
`privacy`      ends and zones cut
`metrics`      values measured or derived at each fix
============== =================================================================
"""
