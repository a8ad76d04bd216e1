"""The what-if page: controls for the work, options and whose prices to believe, and the answers that follow at once.

`controls` turns what a person sets into what the library is asked; `page` is the page itself, a marimo app that only wires
the two together; `serving` serves it to the own machine alone.
"""
