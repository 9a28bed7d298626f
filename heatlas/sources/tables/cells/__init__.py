"""Text and numbers of cells as values: vectorised, and one bad cell costs one row.

================= ==============================================================
`text`            cells of any type as numbers and times
`marks`, `orders` which mark is the decimal one; which part of a date is the day
`degrees`         positions as people write them
`clocks`          times of the day in a column of their own
`flags`           words for yes, no and hidden
================= ==============================================================
"""
