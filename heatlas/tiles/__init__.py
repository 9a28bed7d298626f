"""Tiles of a library: any window of a whole zoom, in one scale for the whole map.

============================= ==============================================================
`view`, `cache`               an open library and its caches
`snapshot`, `crowds`          one state of a library and its filters; filters of public maps
`tile_counts`, `busy_tiles`   passages by tile; tiles that hold anything, and a sample of them
`request`, `look`             parsing and limits of requests; filter, measure and style
`fields`, `counted`           windows of any zoom, from the index; tiles that were counted elsewhere
`facts`                       what a measure reads of activities, and the sides of a difference
`scales`, `point_sample`      one tone for all tiles of a zoom; the sample it is fitted to for points
`surroundings`                local tones of the cells around a tile
`notes`                       what a map leaves out, in sentences
`metadata`, `point_places`    measures, places, bounds; busiest places of points
`shown_totals`                totals of what a map with a threshold of people shows
`in_view`, `histogram`        activities and points in a box; joint histogram of two metrics in it
`same_way`                    activities that share most of their way
`encoding`, `painting`        PNG, WebP, values; one tile of a field as bytes
`direct`                      tiles of counts and sums, straight to the steps of a palette
============================= ==============================================================
"""
