"""Tiles of a library: any window of a whole zoom, in one scale for all of the map.

================== ==============================================================
`view`, `cache`    a library that is looked at, and what is remembered of it
`snapshot`         one state of it, and which activities a filter chooses
`counts`, `tiles`  how busy its tiles are; which of them hold anything
`request`, `look`  requests, parsed and limited; filters, measures and styles, as shapes
`fields`           windows of any zoom, from the index
`scales`           one tone for all tiles of a zoom
`point_sample`     what it is fitted to where points are shown
`point_places`     where points are
`facts`            what every map of a library tells of it
`encoding`         PNG, WebP, values
`painting`         one tile of a field, as bytes
================== ==============================================================
"""
