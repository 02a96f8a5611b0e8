"""FPGA family that a component is elaborated for."""

from threefold import fpga
from threefold.fpga import Family

__all__ = ["family_of"]


def family_of(platform) -> Family:
    """The family of a platform; the generic one where it has none.

    Parameters
    ----------
    platform : object or None
        Has an attribute ``family``: a :class:`~threefold.fpga.Family`, or its name in any case,
        as platforms of Amaranth do; None and platforms without it are generic.

    Raises
    ------
    PlanError
        If there is no such family.
    """
    family = getattr(platform, "fpga_family", getattr(platform, "family", None))
    if family is None:
        return fpga.GENERIC
    return family if isinstance(family, Family) else fpga.get(family.lower())
