"""Which FPGA a component is elaborated for."""

__all__ = ["family_of"]


def family_of(platform) -> str | None:
    """``"ice40"``, ``"ecp5"``…: the family of ``platform`` in lower case; None if it has none.

    Platforms of Amaranth for iCE40 call it ``"iCE40"``.
    """
    family = getattr(platform, "family", None)
    return family and family.lower()
