"""Collections that one can filter, look into and draw.

=========== ==================================================================
`tracks`    tracks with their activities
`points`    points with their columns
`heat`      an array that shows itself, and with which one can calculate
`places`    where the tracks are
`selection` which activities are drawn, and what of them is hidden
`viewport`  which part of the world is shown, and how finely
`summary`   what is in a collection
`warm_up`   kernels compiled side by side at the first run
=========== ==================================================================
"""
