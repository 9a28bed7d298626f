"""Read the location histories of Google: of the phone, and of Takeout.

================================= ====================================================================
`timeline`                        Timeline.json, exported by a phone
`months`                          months of the Semantic Location History
`records`, `rides`                Records.json, the Location History; its trips by what was done
`stays`                           times, positions and sports of all; positions cut by what was done
================================= ====================================================================
"""
