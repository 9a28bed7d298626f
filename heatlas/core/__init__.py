"""What everything stands on: the projection, the shapes that flow, and how work is done and told.

=========== ==================================================================
`mercator`  degrees, the projected square, and metres on the ground
`window`    the rectangle of pixels that is drawn
`batch`     recordings, activities, and clean tracks in columns
`points`    weighted points in columns
`units`     units of measures, and how numbers are written
`report`    what was read, what was left out, and why
`errors`    every error that heatlas raises
`context`   on how many threads, and who hears of progress
`threads`   work side by side
`memory`    how much there is
`scratch`   temporary folders, which a killed process does not leave for ever
`version`   the version of heatlas
=========== ==================================================================
"""
