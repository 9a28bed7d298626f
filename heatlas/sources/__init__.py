"""Sources: where recordings come from."""
