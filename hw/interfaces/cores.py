"""Cores: the hardware of each bus that an accelerator may have."""

from collections.abc import Callable, Mapping
from types import MappingProxyType

from amaranth.lib import wiring

from .axi_core import AXICore
from .wishbone_core import WishboneCore

__all__ = ["CORES"]

CORES: Mapping[str, Callable[..., wiring.Component]] = MappingProxyType(
    {"axi": AXICore, "wishbone": WishboneCore}
)
"""Components of an accelerator and the constants of its registers, by the name of the bus."""
