"""Heat maps of recorded tracks and weighted points."""

__version__ = "0.1.0"
