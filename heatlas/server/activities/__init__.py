"""What the page tells of activities: who passed, lists, routes, values to filter by.

================== =========================================================
`single_routes`    addresses of all of it
`single`           what is told of a single activity
`activities_at`    activities that pass a place
`activity_list`    activities of a view: searched, sorted, in pages
`activity_route`   one activity with its profile; those that go the same way
`attribute_values` attributes and their values with counts, for filters
================== =========================================================
"""
