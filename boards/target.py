"""Targets: devices to plan for, of which no pins are known."""

import re
import reprlib
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from threefold.errors import FileFormatError, PlanError
from threefold.fpga import FAMILIES, GENERIC, Device, Family

__all__ = ["Target", "read_target"]

_FAMILIES = {GENERIC.name: GENERIC, **FAMILIES}
_UNLIMITED = 10**9
_KEYS = ("family", "luts", "brams", "sprams", "clock_mhz")
_NAME = re.compile(r"[a-z][a-z0-9_]{0,63}")
_MAX_FILE = 1 << 16  # bytes


@dataclass(frozen=True, kw_only=True)
class Target:
    """A device that an accelerator is planned for.

    There is Verilog for it; a bitstream takes a :class:`~threefold.boards.Board`.

    Parameters
    ----------
    name : str
        Name in plans. That of a target that is no board tells all of it, see :meth:`limited`.
    title : str
        Name for people.
    device : Device
        FPGA.
    clock_mhz : float or None
        Frequency an accelerator is meant for, in MHz; None if it is not known.
    """

    name: str
    title: str
    device: Device
    clock_mhz: float | None = None

    @classmethod
    def limited(
        cls,
        name: str = GENERIC.name,
        *,
        family: str = GENERIC.name,
        luts: int | None = None,
        brams: int | None = None,
        sprams: int = 0,
        clock_mhz: float | None = None,
    ) -> Self:
        """A target of one's own, called ``name:key=value,…`` with what is given of the others.

        Parameters
        ----------
        name : str
            Lower-case letters, digits and underscores.
        family : str
            ``"generic"``, or one of :data:`threefold.fpga.FAMILIES`: whose estimates hold.
        luts, brams : int, optional
            Four-input look-up tables and block RAMs, at least 1; without limit if left out.
        sprams : int
            Large single-port RAMs, where the family has such.
        clock_mhz : float, optional
            Frequency that reports estimate with, in MHz.

        Raises
        ------
        PlanError
            If one of them is out of range, or the family is unknown.
        """
        known = _family(family)
        if not isinstance(name, str) or not _NAME.fullmatch(name):
            raise PlanError(
                f"a target is named by up to 64 lower-case letters, digits and underscores, not "
                f"{reprlib.repr(name)}"
            )
        _require_count("luts", luts, 1)
        _require_count("brams", brams, 1)
        _require_count("sprams", sprams, 0)
        if sprams and known.single_port is None:
            raise PlanError(f"the {known.title} family has no single-port RAM; leave out sprams")
        if clock_mhz is not None and not _is_clock(clock_mhz):
            raise PlanError(
                f"clock_mhz must be above 0 and below 1000, not {reprlib.repr(clock_mhz)}"
            )
        given = {
            "family": None if family == name == GENERIC.name else family,
            "luts": luts,
            "brams": brams,
            "sprams": sprams or None,
            "clock_mhz": None if clock_mhz is None else f"{clock_mhz:g}",
        }
        told = [f"{key}={value}" for key, value in given.items() if value is not None]
        device = Device(name, known, luts or _UNLIMITED, brams or _UNLIMITED, spram=sprams)
        return cls(
            name=":".join([name, ",".join(told)] if told else [name]),
            title=_title(name, luts, brams),
            device=device,
            clock_mhz=clock_mhz,
        )

    @classmethod
    def named(cls, text: str) -> Self:
        """The target that :meth:`limited` calls so.

        Raises
        ------
        PlanError
            If there is none.
        """
        name, _, rest = text.partition(":")
        pairs = [pair.partition("=")[::2] for pair in rest.split(",")] if rest else []
        values = {key: _number(value) if key != "family" else value for key, value in pairs}
        if set(values) <= set(_KEYS):
            target = cls.limited(name, **values)  # type: ignore[arg-type]
            if target.name == text:
                return target
        raise PlanError(f"{reprlib.repr(text)} names no target")

    @property
    def family(self) -> Family:
        """Family of the FPGA."""
        return self.device.family

    def check_memories(self, memories: Mapping[str, str]) -> None:
        """Refuse kinds of memories, by name of what they are for, that the device lacks.

        Raises
        ------
        PlanError
        """
        self.device.check_memories(memories, self.name)


def read_target(path: Path | str) -> Target:
    """The target that a TOML file describes.

    The file has ``name``, and what else :meth:`Target.limited` takes.

    Raises
    ------
    FileFormatError
        If the file cannot be read, is no TOML, or does not describe a target.
    """
    try:
        with Path(path).open("rb") as file:
            content = tomllib.loads(file.read(_MAX_FILE).decode())
    except OSError as error:
        raise FileFormatError(f"cannot read {path}: {error.strerror}") from None
    except ValueError as error:  # no TOML, or no UTF-8
        raise FileFormatError(f"{path} is not valid TOML: {error}") from None
    if unknown := sorted(set(content) - {"name", *_KEYS}):
        raise FileFormatError(
            f"{path} must hold name, {', '.join(_KEYS)}, not {reprlib.repr(unknown[0])}"
        )
    if "name" not in content:
        raise FileFormatError(f"{path} must give the target a name")
    try:
        return Target.limited(**content)
    except PlanError as error:
        raise FileFormatError(f"{path} describes no target: {error}") from None


def _family(name: object) -> Family:
    if not isinstance(name, str) or name not in _FAMILIES:
        raise PlanError(f"family must be one of {', '.join(_FAMILIES)}, not {reprlib.repr(name)}")
    return _FAMILIES[name]


def _require_count(what: str, count: object, least: int) -> None:
    if count is None:
        return
    if type(count) is not int or not least <= count <= _UNLIMITED:
        raise PlanError(
            f"{what} must be a whole number from {least} to {_UNLIMITED:,}, not "
            f"{reprlib.repr(count)}"
        )


def _is_clock(value: object) -> bool:
    return type(value) in (int, float) and 0 < value < 1000  # type: ignore[operator]


def _number(text: str) -> int | float | str:
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return text


def _title(name: str, luts: int | None, brams: int | None) -> str:
    limits = [
        f"{count:,} {what}" for count, what in ((luts, "LUTs"), (brams, "block RAMs")) if count
    ]
    return f"{name} ({', '.join(limits) or 'no limits'})"
