"""Report: the figures of an accelerator, as JSON and as a page."""

from .data import dumps, make_report
from .figures import Figure, key_figures
from .folder import product_files, report_folder
from .page import render_page

__all__ = [
    "Figure",
    "dumps",
    "key_figures",
    "make_report",
    "product_files",
    "render_page",
    "report_folder",
]
