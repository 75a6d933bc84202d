"""Streams of texts from files, tables, data sets and Python; `sources.py` is the front door."""
