"""The record of a drill as a page to read, as words for a terminal, and as JUnit XML for CI.

All are pure: the same record gives the same bytes. Only ``page`` needs drawsvg and Jinja2.
"""
