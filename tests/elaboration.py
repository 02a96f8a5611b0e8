"""Elaboration of components that a test only looks at."""

from amaranth.hdl import Fragment

__all__ = ["elaborated"]


def elaborated(component):
    """The component itself, elaborated, since Amaranth warns of those that never are."""
    Fragment.get(component, platform=None)
    return component
