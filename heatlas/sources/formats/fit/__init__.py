"""Read FIT, the format in which watches and bicycle computers record.

================================= ====================================================================
`reader`                          files and their parts as recordings
`activity`, `messages`            activities of a FIT file; its messages
`profile`, `sports`               numbers of the FIT profile
================================= ====================================================================
"""
