"""Texts made from the table of registers: C header, csr.json as LiteX has it, Markdown."""

from collections.abc import Mapping
from textwrap import wrap

from .benchmark import BENCHMARK
from .register import EVERYWHERE, WORD_BYTES, Field, Register, RegisterMap
from .table import IDENTITY, REGISTERS, VERSION

__all__ = ["c_header", "csr", "markdown"]

_ALL = (*REGISTERS.values(), *BENCHMARK.values())
_INTERFACES = {"link": "link", "axi": "AXI", "wishbone": "Wishbone"}


def c_header() -> str:
    """Text of ``threefold_registers.h``: offsets in bytes, masks and shifts of fields."""
    lines = [
        "/* Registers of Threefold's accelerators: offsets in bytes, fields as masks. */",
        "#ifndef THREEFOLD_REGISTERS_H",
        "#define THREEFOLD_REGISTERS_H",
        "",
        f"#define THREEFOLD_ID_VALUE 0x{IDENTITY:08X}UL",
        f"#define THREEFOLD_VERSION_VALUE 0x{VERSION:08X}UL",
    ]
    for register in _ALL:
        lines += ["", *_comment(f"{register.access}: {register.text}{_where(register)}")]
        lines.append(f"#define THREEFOLD_REG_{register.name} 0x{register.offset:02X}")
        for field in register.fields:
            name = f"THREEFOLD_{register.name}_{field.name.upper()}"
            lines += _comment(f"{field.text}{_where(field)}")
            lines.append(f"#define {name} 0x{field.mask:08X}UL")
            if field.bits > 1:
                lines.append(f"#define {name}_SHIFT {field.lsb}")
    return "\n".join([*lines, "", "#endif", ""])


def _comment(text: str) -> list[str]:
    """Lines of a comment in C, in ASCII."""
    ascii_text = text.replace("2³²", "2^32")
    return wrap(f"/* {ascii_text} */", 100, subsequent_indent=" * ")


def csr(
    name: str, registers: RegisterMap, constants: Mapping[str, int], *, base: int = 0
) -> dict[str, dict]:
    """Registers in the form of the ``csr.json`` of LiteX, for tools that read such.

    Parameters
    ----------
    name : str
        Of the core, which names begin with.
    registers : RegisterMap
    constants : dict of str to int
        Words of the registers that never change.
    base : int
        Address of the first register.

    Returns
    -------
    dict
        JSON values.
    """
    return {
        "csr_bases": {name: base},
        "csr_registers": {
            f"{name}_{each.name.lower()}": {
                "addr": base + each.offset,
                "size": 1,
                "type": "ro" if each.access == "ro" else "rw",
            }
            for each in registers.values()
        },
        "constants": {f"{name}_{each.lower()}": constants[each] for each in constants},
        "memories": {
            name: {"base": base, "size": WORD_BYTES << registers.address_bits, "type": "io"},
        },
    }


def markdown() -> str:
    """Page of the registers for the documentation."""
    return _PAGE.format(
        rows="\n".join(map(_row, _ALL)),
        fields="\n\n".join(_fields(each) for each in _ALL if each.fields),
    )


def _row(register: Register) -> str:
    name = f"[`{register.name}`](#{register.name.lower()})" if register.fields else None
    return (
        f"| `0x{register.offset:02X}` | {name or f'`{register.name}`'} | {register.access} | "
        f"{register.text} | {_having(register)} |"
    )


def _fields(register: Register) -> str:
    rows = [
        f"| {_bits(field)} | `{field.name}` | {field.text} | {_having(field)} |"
        for field in register.fields
    ]
    head = ["| bits | field | meaning | where |", "| --- | --- | --- | --- |"]
    return "\n".join([f"### {register.name}", *head, *rows])


def _bits(field: Field) -> str:
    return f"{field.lsb + field.bits - 1}:{field.lsb}" if field.bits > 1 else str(field.lsb)


def _having(part: Register | Field) -> str:
    names = "all" if part.on == EVERYWHERE else ", ".join(_INTERFACES[each] for each in part.on)
    return f"{names}, if loadable" if part.loadable else names


def _where(part: Register | Field) -> str:
    names = "" if part.on == EVERYWHERE else ", ".join(_INTERFACES[each] for each in part.on)
    limits = [names] * bool(names) + ["loadable accelerators"] * part.loadable
    return f" ({' of '.join(limits)} only)" if limits else ""


_PAGE = """\
# Registers

An accelerator with a bus or on a board's serial link has registers of 32 bits, at the same offsets
everywhere. They are read and written as whole words. A register or field that an interface does not
have reads 0, and so does an offset without a register; writing there does nothing. What is there
only *if loadable* belongs to accelerators into which [program images](../tutorials/loading.md) are
loaded at run time. Those from `TEST` on belong to boards that were built with a
[benchmark](../tutorials/benchmark.md), as `FORMAT.benchmark` tells.

| offset | name | access | meaning | where |
| --- | --- | --- | --- | --- |
{rows}

`ro` is read only, `wo` is write only and reads 0; of a `w1c` register, writing a 1 clears that bit.

## Fields
{fields}

## In C and Python
`firmware/threefold_registers.h` has the offsets as `THREEFOLD_REG_CONTROL`, masks of fields as
`THREEFOLD_CONTROL_RUN`, and the lowest bit of wider ones as `THREEFOLD_FORMAT_INPUT_BITS_SHIFT`. In
Python:

```python
from threefold.registers import REGISTERS

status = REGISTERS["STATUS"]
print(hex(status.offset), status.unpack(0b011))
print(REGISTERS["CONTROL"].pack(run=1, reset=1))
```

::: threefold.registers.Register

::: threefold.registers.Field

::: threefold.registers.RegisterMap

::: threefold.registers.identity.identity
"""
