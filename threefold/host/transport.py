"""Transport: bytes to and from a board, over a serial port."""

import errno
import os
import stat
import time
from typing import Protocol

from ..errors import LinkError, ToolError

__all__ = ["SerialPort", "Transport"]


_LATENCY = 0.25  # USB, drivers and schedulers


class Transport(Protocol):
    """A line to a board."""

    @property
    def byte_seconds(self) -> float:
        """Time that a byte takes on the line, in seconds."""
        ...

    @property
    def latency(self) -> float:
        """Time that an answer may take besides that on the line, in seconds."""
        ...

    def now(self) -> float:
        """Time of the line, in seconds from some moment on."""
        ...

    def write(self, line: bytes) -> None:
        """Send bytes.

        Raises
        ------
        LinkError
            If the line is gone.
        """
        ...

    def read(self, seconds: float) -> bytes:
        """Bytes that have come, as soon as there is one; none if there is none after a time.

        Raises
        ------
        LinkError
            If the line is gone.
        """
        ...


class SerialPort:
    """A serial port of this computer, by pyserial.

    Parameters
    ----------
    port : str
        Its name, such as ``/dev/ttyUSB0``.
    baud : int
        Bits a second.

    Raises
    ------
    ToolError
        If pyserial is missing.
    LinkError
        If the port is not there, may not be opened, or cannot have that rate.
    """

    def __init__(self, port: str, baud: int):
        try:
            import serial
        except ImportError:
            raise ToolError(
                "pyserial is missing, which opens serial ports; install it: pip install pyserial"
            ) from None
        self._name = port
        self._baud = baud
        self._gone = (serial.SerialException, OSError)
        try:
            self._port = serial.Serial(port, baud, timeout=0, write_timeout=10, exclusive=True)
        except ValueError:
            raise LinkError(f"{port} cannot have {baud:,} baud; choose another rate") from None
        except (serial.SerialException, OSError) as error:
            raise LinkError(_reason(port, error)) from None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    @property
    def byte_seconds(self) -> float:
        """Time that a byte takes on the line, in seconds."""
        return 10 / self._baud

    @property
    def latency(self) -> float:
        """Time that an answer may take besides that on the line, in seconds."""
        return _LATENCY

    def now(self) -> float:
        """Seconds from some moment on."""
        return time.monotonic()

    def write(self, line: bytes) -> None:
        """Send bytes; see :class:`Transport`."""
        try:
            self._port.write(line)
        except self._gone as error:
            raise self._lost(error) from None

    def read(self, seconds: float) -> bytes:
        """Bytes that have come; see :class:`Transport`."""
        try:
            self._port.timeout = seconds
            return self._port.read(max(1, self._port.in_waiting))
        except self._gone as error:
            raise self._lost(error) from None

    def close(self) -> None:
        """Close the port."""
        self._port.close()

    def _lost(self, error: Exception) -> LinkError:
        return LinkError(f"{self._name} is gone: {_short(error)}; plug the board in and run again")


def _reason(port: str, error: Exception) -> str:
    """Why a port cannot be opened, and what to do."""
    number = getattr(error, "errno", None)
    if number == errno.ENOENT:
        return f"there is no {port}; {_ports()}"
    if number in (errno.EACCES, errno.EPERM):
        return f"no permission to open {port}; {_permission(port)}"
    if number in (errno.EBUSY, errno.EAGAIN):
        return f"{port} is in use by another program; close that first"
    return f"cannot open {port}: {_short(error)}"


def _ports() -> str:
    from serial.tools import list_ports

    found = sorted(port.device for port in list_ports.comports() if port.vid is not None)
    if found:
        return f"USB serial ports are {', '.join(found)}"
    return "no USB serial port is there: is the board plugged in?"


def _permission(port: str) -> str:
    """How to be allowed to open a port: the group that owns it, where it has one that may."""
    try:
        import grp

        state = os.stat(port)
        if state.st_mode & stat.S_IWGRP and state.st_gid not in os.getgroups():
            group = grp.getgrgid(state.st_gid).gr_name
            return f"join its group: sudo usermod -aG {group} $USER, then log in again"
    except (ImportError, KeyError, OSError):
        pass
    return "ask for access to it"


def _short(error: Exception) -> str:
    text = getattr(error, "strerror", None) or str(error) or type(error).__name__
    return " ".join(text.split())
