"""The description of the HTTP interface (OpenAPI).

===================== =============================
`description`         all of it
`schemas`             the pieces that it is made of
`single_description`  single activities
`outputs_description` outputs of a view
`ground_description`  names and streets
`upload_description`  imports
===================== =============================
"""
