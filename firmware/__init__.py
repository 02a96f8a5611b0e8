"""What a host or a processor on the chip needs to drive an accelerator."""

from .driver import DRIVER, write_driver
from .header import header

__all__ = ["DRIVER", "header", "write_driver"]
