"""Registers of an accelerator: one table, and what is made from it for those who read it."""

from .register import EVERYWHERE, Field, Register, RegisterMap
from .table import IDENTITY, REGISTERS, VERSION

__all__ = [
    "EVERYWHERE",
    "IDENTITY",
    "REGISTERS",
    "VERSION",
    "Field",
    "Register",
    "RegisterMap",
]
