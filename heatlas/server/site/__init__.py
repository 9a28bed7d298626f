"""What is served, and how requests to it are let in, read and answered.

=========================== =================================================================
`state`                     state of a running server
`security`, `openness`      hosts, origins, tokens, security headers; measures of public maps
`query`                     parameters of requests, parsed and limited
`responses`, `static_files` bodies with ETag and gzip, errors as JSON; files of the page
`quick`                     which bodies are made at once, and which in a thread of the pool
`outputs`                   outputs that are made aside, each in a process of its own
=========================== =================================================================
"""
