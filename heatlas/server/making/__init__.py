"""Files of a view that people ask for in the share dialog.

========= =========================================================================
`sharing` what a file would show of home; requests to make, follow and download one
`orders`  orders, checked, as options of `heatlas.render`
========= =========================================================================
"""
