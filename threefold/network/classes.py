"""Classes of a network: how many it tells apart, and what they are called."""

from ..errors import FileFormatError
from .network import Network
from .output import ArgMax

__all__ = ["class_count", "class_names"]


def class_count(network: Network) -> int:
    """Number of classes, or of output channels where the network gives codes."""
    last = network.output
    name = last.inputs[0] if isinstance(last.op, ArgMax) else last.name
    return network.types[name].shape[2]


def class_names(network: Network) -> tuple[str, ...]:
    """Names of the classes, from the provenance; empty if they are not known.

    Raises
    ------
    FileFormatError
        If the provenance has something else than a name for each class.
    """
    names, count = network.provenance.get("classes", ()), class_count(network)
    text = isinstance(names, list | tuple) and all(isinstance(each, str) for each in names)
    if not text or len(names) not in (0, count) or len(set(names)) != len(names):
        raise FileFormatError(
            f"network {network.name!r} must name its {count} classes, each in another way, not "
            f"{names!s:.60}"
        )
    return tuple(names)
