"""Publish tiles and pages of a library, and update them at little cost.

======================================= ====================================================
`publishing`, `request`                 publish once; the request, from options
`following`                             publish again whenever the library has changed
`default_zoom`, `extent`                last zoom of points; bounds and first view
`part`                                  what is read of an index
`dirty_tiles`, `plan`, `tones`          tiles that may hold anything; those to draw; stored tones
`dependencies`                          facts of activities that tiles are drawn from
`pyramid`, `metatiles`, `painter`       drawing in threads; blocks of tiles; fast drawing
`sink`, `ledger`                        an output of tiles; the record of published tiles
`folder`, `page_files`                  folders for web servers, and their page
`databases`                             MBTiles, and OsmAnd's sqlitedb
`archive`, `pmtiles`                    PMTiles: updates, format
`html`, `assets`                        one page with its tiles; its fixed parts
`pieces`                                archives of tiles in a page
`street_cut`, `page_streets`            streets around what is shown; those of a page
`layers`, `groups`                      layers of a page; years, sports and other groups
`crowded`, `size_estimate`              layers that a public page shows; the size of a page
`explorer_layer`                        explorer tiles beside heat
`ground`, `folder_streets`              names and streets beside a folder of tiles
======================================= ====================================================
"""
