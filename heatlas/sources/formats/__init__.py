"""Formats of recordings: how each is recognised, and its reader.

================================= ====================================================================
`known`                           table of all formats: apps, recognition, reader
`gpx`, `tcx`                      read GPX and TCX
`xml`, `xml_text`, `xml_values`   shared by both: points, text, odd values
`fit`                             read FIT
`google`                          read location histories of Google
`json_lists`                      elements of lists in JSON, read up to damage and behind it
`kml`, `kml_lines`                read KML; lines of a placemark
`geojson`, `line_values`          read lines of GeoJSON; times and sensors beside them
`ways`                            lines of any origin, which become recordings
`planned`, `gpx_routes`           planned routes, told apart; those of GPX
================================= ====================================================================
"""
