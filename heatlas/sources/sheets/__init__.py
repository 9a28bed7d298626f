"""Tables that lie beside recordings in an export, and say more of them than they do themselves.

================================= ====================================================================
`kinds`                           kinds of such tables: how they are found, and where they count
`exports`                         the tables of all exports, joined with recordings
`rows`                            rows of such tables, whichever service wrote them
`strava_table`, `strava_columns`  read the table of Strava; name its columns
`strava_values`                   dates, numbers and flags of that table
`apple_health`, `garmin_takeout`  read the tables of Apple Health, and of Garmin's whole download
`samsung_export`                  read the table of Samsung Health
`pulse`, `pulse_files`            heart rate out of such a table, and of files beside each recording
`osm_traces`                      who uploaded which trace, in OpenStreetMap's dump
`labels`                          ways of moving by time, which cut recordings
================================= ====================================================================
"""
