"""Formats of recordings: how each is recognised, and its reader.

================================= ====================================================================
`known`, `format`                 table of all formats; its rows: apps, recognition, reader
`logger_formats`, `phone_formats` rows of that table for loggers, and for apps of phones
`gpx`, `tcx`                      read GPX and TCX
`xml`, `xml_text`, `xml_values`   shared by both: points, text, odd values
`fit`                             read FIT
`google`                          read location histories of Google
`json_lists`                      elements of lists in JSON, read up to damage and behind it
`text_window`                     text that may be larger than memory
`kml`, `kml_lines`                read KML; lines of a placemark
`geojson`, `line_values`          read lines of GeoJSON; times and sensors beside them
`polar`, `suunto`                 read sessions of Polar Flow, and logs of Suunto
`samsung`                         read positions of Samsung Health
`sampled`                         fixes and sensors that were read at other times
`ways`                            lines of any origin, which become recordings
`planned`, `gpx_routes`           planned routes, told apart; those of GPX
`loggers`                         read files of loggers: NMEA, IGC, PLT, CSV, SiRF
`phones`                          read exports of apps of phones, and of services that they report to
`csv_columns`, `arrays`           columns of CSV whose header is known; arrays without nonsense
================================= ====================================================================
"""
