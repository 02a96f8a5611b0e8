"""What a host or a processor on the chip needs to drive an accelerator."""

from .header import header

__all__ = ["header"]
