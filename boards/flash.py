"""Flash of a board: the memory that the FPGA is configured from, with room behind the bitstream."""

from dataclasses import dataclass

from threefold.errors import PlanError

__all__ = ["Flash"]

_SECTOR = 1 << 16  # bytes that are erased together, of any such flash
_SIZE = 1 << 24  # bytes that its addresses reach


@dataclass(frozen=True)
class Flash:
    """A SPI flash whose pins are the FPGA's once it is configured.

    Parameters
    ----------
    offset : int
        Address of a program image, behind the bitstream: a multiple of 64 KiB.
    resource : str
        Name of its pins on the platform.

    Raises
    ------
    PlanError
        If the offset is none.
    """

    offset: int
    resource: str = "spi_flash_1x"

    def __post_init__(self):
        if not 0 < self.offset < _SIZE or self.offset % _SECTOR:
            raise PlanError(
                f"a program image is at a multiple of {_SECTOR:#x} below {_SIZE:#x} in a flash, "
                f"not at {self.offset:#x}"
            )
