"""Readers: one module per format, each yielding usage, each mistake named by file and line."""
