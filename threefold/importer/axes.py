"""Axes: tensors of the source as maps of the network, and back."""

import numpy as np

from .edge import Edge

__all__ = ["from_axes", "places", "to_axes"]


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
