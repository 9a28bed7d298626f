"""`python -m heatlas`."""

from heatlas.cli import main

main()
