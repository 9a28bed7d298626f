"""Read the files of loggers: receivers that write what they hear, flight recorders, and handheld devices.

================ ====================================================================
`nmea`           read NMEA 0183, the sentences of receivers
`nmea_sentences` sentences, their fields and checksums
`nmea_rows`      sentences as rows of times, positions and speeds
`dates`          dates of times of day, across midnight; dates 1,024 weeks early
`igc`            read IGC, the format of flight recorders
`plt`            read track files of OziExplorer, and of Geolife
`taxis`          read the logs of taxis of T-Drive and Cabspotting
`rows`           read the CSV of loggers by Columbus, Qstarz, Transystem and others
`sirf`           read SBN and SBP, the binary logs of SiRF receivers
`plain_text`     any text as bytes of one encoding
================ ====================================================================
"""
