"""Jitted loops: serial, without the interpreter's lock, arrays in and arrays out."""
