"""Build one archive of tiles from many partitions, on a pool of processes or another engine.

=============================== ====================================================
`archive`                       the plan from its sources to one file
`plan`, `manifest`              order of the phases; objects that are done
`recipe`, `planes`              options of a plan; whole numbers that are counted
`source`, `trace`               tracks of a partition; its tiles
`merge`, `ranges`               partials added up, and the threshold of persons; ranges of tiles
`fit`, `paint`, `assemble`      tones; pieces; the archive
`rows`, `drawn`, `merged_tiles` objects of tiles, of what is drawn; tiles to draw from
`census`                        busiest tiles, and parts of the world, without holding all tiles
`sealed`                        objects say when they are damaged
`copying`                       the archive put together inside S3
`engine`, `engines`             maps of tasks with retries; those that there are
`pool`, `dask_engine`           processes of this machine; Dask
=============================== ====================================================
"""
