"""Registers of an accelerator: one table, and what is made from it for those who read it."""

from .register import EVERYWHERE, WORD_BITS, WORD_BYTES, Field, Register, RegisterMap
from .table import IDENTITY, REGISTERS, VERSION

__all__ = [
    "EVERYWHERE",
    "IDENTITY",
    "REGISTERS",
    "VERSION",
    "WORD_BITS",
    "WORD_BYTES",
    "Field",
    "Register",
    "RegisterMap",
]
