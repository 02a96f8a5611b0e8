"""The report: the figures of an accelerator, as JSON and as a page to look at."""

from .data import dumps, make_report

__all__ = ["dumps", "make_report"]
