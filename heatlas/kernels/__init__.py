"""Jitted loops: serial, without the interpreter's lock, arrays in and arrays out.

========================== ======================================================
`compiled`                 the decorators of kernels; nothing is compiled before a call
`signatures`               types that a kernel is compiled for, as its decorator writes them
`ahead`                    kernels that were compiled when heatlas was built
`ahead_build`              compiling them, into one shared library
`ahead_objects`            code of each, made by numba for any processor
`ahead_entry`              the ways into them, in C
`ahead_targets`            systems and processors that they are compiled for
`jit`, `cache`             kernels compiled by numba when they are called, and stored on disk
`instructions`             instructions that numba lacks, by name
`intrinsics`               their code
`fit`                      messages of FIT files
`xml`, `xml_tokens`        track points of GPX and TCX, and the tokens of XML
`records`                  locations of Google's Records.json
`clean`, `breaks`          impossible fixes dropped, and lines broken
`path`                     distance, progress, speed and grade along a path
`lattice`                  tracks on a lattice of whole numbers
`trace`, `count`           passages of a track listed; counted
`visits`, `lines`          passages of many tracks listed with all that was spent; what lines add to them
`rounding`                 what was spent rounded to steps
`visited`, `valued`        passages of many tracks listed; with a whole number each
`partials`                 pixels of tiles counted, added up and read
`cells`                    cells of a coarse lattice that tracks go through
`reduce`, `values`         passages added to pixels; values of metrics
`people`                   people who passed a pixel, or those around it
`voices`                   one voice of each activity in a pixel, added to relations
`encode`, `index`          passages written to, and read from, the passage index
`moves`, `move_writing`    pixels as codes of moves, read and written
`move_codes`               tables of these codes
`fold`, `unfold`           columns of the passage index folded, and unfolded
`chords`                   metres of passages guessed from where they go on to
`changes`                  columns of the passages of a group of tracks, held as what changes
`join`                     passages of several groups of tracks joined, tile by tile
`planes`                   columns of stored tracks put together, and looked over
`stored`                   a column of many stored tracks at once
`numbers`, `digits`        numbers in LEB128; small ones, several to a byte
`tiles`                    passages of a tile of the index added to its pixels
`points`, `spread`         points put into pixels, and spread around them
`blur`, `smooth_tile`      Gaussian smoothing; of a tile, straight to steps of a palette
`steps`, `local`           values to steps of a palette; tones relative to the surroundings
`filters`                  rows of pictures as differences from what is predicted, and which suit
`formula`, `operations`    formulas over columns of passages, step by step; what they are made of
`sun`, `turns`             where the sun stands; sines and cosines of turns
`exponential`              powers of e
`highlight`                the glow of new tracks in a film
========================== ======================================================
"""
