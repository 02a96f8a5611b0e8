"""Axes: tensors of the source as maps of the network, and back."""

from dataclasses import replace

import numpy as np

from .edge import Edge

__all__ = ["LAYOUTS", "from_axes", "laid_out", "places", "to_axes"]

LAYOUTS = ("NCHW", "NHWC", "NCW", "NWC")
"""Axes of maps in the source."""


def to_axes(maps: np.ndarray, edge: Edge) -> np.ndarray:
    """Maps (images, height, width, channels) in the axes of the source."""
    if edge.layout == "NF":
        return maps.reshape(len(maps), -1)[:, edge.places]
    if "H" not in edge.layout:
        return maps[:, 0].transpose(["NWC".index(axis) for axis in edge.layout])
    return maps.transpose(["NHWC".index(axis) for axis in edge.layout])


def from_axes(tensor: np.ndarray, edge: Edge, shape: tuple[int, int, int]) -> np.ndarray:
    """A tensor of the source as maps (images, height, width, channels)."""
    if edge.layout == "NF":
        flat = np.empty_like(tensor.reshape(len(tensor), -1))
        flat[:, edge.places] = tensor.reshape(len(tensor), -1)
        return flat.reshape(len(tensor), *shape)
    if "H" not in edge.layout:
        return tensor.transpose([edge.layout.index(axis) for axis in "NWC"])[:, None]
    return tensor.transpose([edge.layout.index(axis) for axis in "NHWC"])


def places(edge: Edge) -> np.ndarray:
    """Where the network has each element of an image, in the axes of the source."""
    maps = np.arange(edge.type.size).reshape(1, *edge.type.shape)
    return to_axes(maps, edge)


def laid_out(edge: Edge, moved: np.ndarray) -> Edge | None:
    """The edge with axes in which its elements are at the places ``moved``, if there are such."""
    maps = np.arange(edge.type.size).reshape(1, *edge.type.shape)
    for layout in LAYOUTS:
        made = replace(edge, layout=layout, order=None)
        fits = len(layout) == moved.ndim and ("H" in layout or edge.type.shape[0] == 1)
        if fits and np.array_equal(to_axes(maps, made), moved):
            return made
    return None
