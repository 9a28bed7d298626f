"""Read what apps of phones, and the services that they report to, export.

================ ====================================================================
`device_rows`    positions of one or several devices as recordings
`legs`           cut a recording where the way of moving changes
`json_rows`      objects of a JSON document, as far as it is sound
`values`         values of JSON as numbers and times
`owntracks`      read OwnTracks: files of its recorder, and JSON
`overland`       read Overland
`gpslogger`      read GPSLogger: CSV and GeoJSON
`traccar`        read Traccar: JSON and CSV
`dawarich`       read Dawarich: GeoJSON and JSON
`home_assistant` read the history of Home Assistant
================ ====================================================================
"""
