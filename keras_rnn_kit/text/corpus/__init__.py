"""Corpora of ids on disk, larger than memory: writer, reader and repair."""
