"""Damage is found, told and repaired.

======================= ==========================================================
`checking`              faults
`digest_checks`         rows compared with their digests, all or some
`readable_rows`         rows up to damaged pages
`salvage`, `rebuilding` what is sound of a damaged library; a new one made of it
`index_repair`          sound tiles of an index taken over, damaged ones made anew
`repair`, `backups`     damaged libraries replaced; copies while in use
======================= ==========================================================
"""
