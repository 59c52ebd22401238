"""Experiments: whole runs that end in a table."""
