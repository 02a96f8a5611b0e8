"""Products: the files that commands leave in a project folder.

network.tern    the network
train.json      how it was trained
test.npz        images to test it with
plan.json       which units it is made of, and how each is folded
program.bin     what is loaded into it, if it is loadable
rtl/            Verilog, and what other people's flows need around it
sim/            the simulation and what it measured
gateware/       the bitstream, what made it, and how long that took
firmware/       a C header for whoever drives the accelerator, and the driver in C
report.json     all figures
report.html     the same to look at
manifest.json   versions, and digests of everything above that is not a log or a time
before-…/       the same of a network, or of a plan that cannot be used, there before, and test
                images that others replaced
"""

import re
from collections.abc import Iterable, Iterator
from itertools import count
from pathlib import Path

import numpy as np

from .core_files import BUSES, CoreFiles
from .data import load_images, save_images
from .errors import BuildError, DataError, FileFormatError, PlanError
from .files import read_json, sha256
from .former import Former
from .lock import LOCK, locked
from .network import Network, is_name, load, save
from .network.file import digest

__all__ = ["Former", "Products"]


class Products:
    """Paths of the products in a folder.

    Parameters
    ----------
    folder : path
        Folder of the products, which need not exist.
    name : str
        Name of the network, after which Verilog and C header are named; no other path needs it.

    Attributes
    ----------
    network, training, images : Path
        ``network.tern``, ``train.json``, ``test.npz``
    plan, program : Path
        ``plan.json``, ``program.bin``
    rtl, ports, waivers, instance, testbench, fusesoc : Path
        ``NAME.v``, ``NAME.ports.json``, ``NAME.vlt``, ``NAME.inst.v``, ``NAME_tb.v`` and
        ``NAME.core`` in the folder ``rtl``
    header : Path
        ``firmware/NAME.h``
    driver : Path
        Folder ``firmware/driver``: the driver in C.
    simulation, simulation_record : Path
        Folder ``sim``, ``simulation.json`` in it.
    gateware, build_record, timings : Path
        Folder ``gateware``, ``build.json`` and ``timings.json`` in it.
    report, page, manifest : Path
        ``report.json``, ``report.html``, ``manifest.json``
    """

    def __init__(self, folder: Path | str, name: str = ""):
        self.folder = Path(folder)
        self.name = name
        self.network = self.folder / "network.tern"
        self.training = self.folder / "train.json"
        self.images = self.folder / "test.npz"
        self.plan = self.folder / "plan.json"
        self.program = self.folder / "program.bin"
        accelerator = self.core_of()
        self.rtl = accelerator.rtl
        self.ports = accelerator.ports
        self.waivers = accelerator.waivers
        self.instance = accelerator.instance
        self.testbench = accelerator.testbench
        self.fusesoc = accelerator.fusesoc
        self.header = self.folder / "firmware" / f"{name}.h"
        self.driver = self.folder / "firmware" / "driver"
        self.simulation = self.folder / "sim"
        self.simulation_record = self.simulation / "simulation.json"
        self.gateware = self.folder / "gateware"
        self.build_record = self.gateware / "build.json"
        self.timings = self.gateware / "timings.json"
        self.report = self.folder / "report.json"
        self.page = self.folder / "report.html"
        self.manifest = self.folder / "manifest.json"

    @property
    def core(self) -> tuple[Path, ...]:
        """Verilog of the accelerator, and the files around it."""
        around = (self.ports, self.waivers, self.instance, self.testbench, self.fusesoc)
        return (self.rtl, *around)

    def core_of(self, bus: str | None = None) -> CoreFiles:
        """Paths of the accelerator with a bus, or of the accelerator alone."""
        return CoreFiles(self.folder / "rtl", f"{self.name}_{bus}" if bus else self.name)

    @property
    def cores(self) -> tuple[CoreFiles, ...]:
        """Paths of the accelerator alone, and of it with each bus."""
        return tuple(self.core_of(bus) for bus in (None, *BUSES))

    @property
    def waves(self) -> Path:
        """Waveforms of the latest run: ``dump.vcd`` of Verilator or ``dump.fst`` of Icarus."""
        there = filter(Path.is_file, self._dumps())
        return max(there, key=lambda path: path.stat().st_mtime, default=self._dumps()[0])

    def _dumps(self) -> list[Path]:
        return [self.simulation / "dump.vcd", self.simulation / "dump.fst"]

    def files(self) -> list[Path]:
        """Products that are there, but for the manifest, logs, times and the simulator's build."""
        single = [self.network, self.training, self.images, self.plan, self.report, self.page]
        single += [self.program, self.simulation_record]
        several = [self.rtl.parent.glob(pattern) for pattern in _RTL]
        several += [self.header.parent.glob("*.h"), self.driver.glob("*"), self.gateware.glob("*")]
        found = [*single, *(path for paths in several for path in paths)]
        left_out = (self.timings, self.gateware / LOCK)
        return [
            path
            for path in found
            if path.is_file() and path.suffix != ".log" and path not in left_out
        ]

    def holds_network(self, network: Network) -> bool:
        """Whether ``network.tern`` holds this network."""
        return self._network_digest() == digest(network)

    def is_planned(self) -> bool:
        """Whether ``plan.json`` was made from ``network.tern``."""
        planned = self._planned_digest()
        return planned is not None and planned == self._network_digest()

    def planned_board(self) -> str | None:
        """Name of the board in ``plan.json``, usable or not; None if none can be told."""
        try:
            board = read_json(self.plan).get("board")
        except FileFormatError:
            return None
        return board if isinstance(board, str) and _BOARD.fullmatch(board) else None

    def require_replaceable(self, network: Network) -> None:
        """Refuse to replace another network that was not put there by planning it.

        Raises
        ------
        PlanError
            If ``network.tern`` holds another network that was trained or put there.
        """
        if not self.network.exists() or self.holds_network(network):
            return
        if self.training.exists():
            came = "was trained there, and"
        elif not self.is_planned():
            came = "was not planned there, and"
        else:
            return
        raise PlanError(
            f"{self.network} {came} is another network than {network.name!r}; choose another "
            f"folder with -o"
        )

    def put_network(
        self,
        network: Network,
        images: np.ndarray | None = None,
        labels: np.ndarray | None = None,
        *,
        keep_images: bool = False,
    ) -> Former | None:
        """Write a network and, if given, images to test it with.

        Another network that was there is kept, as by :meth:`set_aside`, and so are other images
        than those given.

        Parameters
        ----------
        network : Network
        images, labels : array, optional
            As in :func:`~threefold.data.save_images`.
        keep_images : bool
            Whether ``test.npz`` is for this network already, and stays.

        Raises
        ------
        BuildError
            If the folder cannot be written, or another process works in it.
        """
        with locked(self.folder):
            former = self.set_aside(network, keep_images=keep_images)
            save(network, self.network)
            if images is not None and not self._holds_images(images, labels):
                former = self._set_aside_images(former)
                save_images(self.images, images, labels)
            return former

    def _holds_images(self, images: np.ndarray, labels: np.ndarray | None) -> bool:
        try:
            held, known = load_images(self.images)
        except DataError:
            return False
        if known is None or labels is None:
            return known is labels and np.array_equal(held, images)
        return np.array_equal(held, images) and np.array_equal(known, labels)

    def _set_aside_images(self, former: Former | None) -> Former | None:
        """Move images that are about to be replaced to what else has moved, if anything has."""
        if not self.images.is_file():
            return former
        if former is None:
            folder = self._move_to(self._network_digest() or "images", [self.images])
            return Former(folder, self._network_name() or "", planned=False, images=True)
        self._move_into(former.folder, [self.images])
        return former

    def set_aside(self, network: Network, *, keep_images: bool = False) -> Former | None:
        """Move what belongs to another network into a folder of its own; None if nothing does.

        That folder is ``before-`` and the first 8 digits of the other network's digest, with
        ``-2`` and so on behind it if that is taken. Checkpoints and files of the user stay.

        Parameters
        ----------
        network : Network
            Network whose folder this is to be.
        keep_images : bool
            Whether ``test.npz`` stays; else it goes with the other network.

        Raises
        ------
        BuildError
            If a folder cannot be written.
        """
        held, planned, wanted = self._network_digest(), self._planned_digest(), digest(network)
        if held not in (None, wanted):
            other = held
        elif planned not in (None, wanted):
            other = planned
        else:
            return None
        name, is_there = self._planned("network"), self.plan.is_file()
        moved = [*self._made(self._names()), self.plan]
        if held != wanted and not keep_images:
            moved.append(self.images)
        if other == held:
            name = self._network_name() or name
            moved += [self.training, self.network]  # the network last: it tells whose the rest is
        return Former(self._move_to(other, moved), name or "", is_there)

    def set_aside_plan(self) -> Former:
        """Move a plan that cannot be used, and what was made from it, into a folder of its own.

        That folder is named as by :meth:`set_aside`, after the digest of the plan's network or, if
        there is none, of the file.

        Raises
        ------
        BuildError
            If a folder cannot be written.
        """
        name = self._planned("network") or self._network_name() or ""
        moved = [*self._made(self._names() or [self.name]), self.plan]
        digest = self._planned_digest() or _digest_of(self.plan) or "unknown"
        return Former(self._move_to(digest, moved), name, planned=True, usable=False)

    def _move_to(self, digest: str, moved: Iterable[Path]) -> Path:
        """Move files into a new folder named after a digest; the folder."""
        folder = self._new_folder(f"before-{digest[:8]}")
        self._move_into(folder, moved)
        return folder

    def _move_into(self, folder: Path, moved: Iterable[Path]) -> None:
        try:
            self._move(moved, folder)
        except OSError as error:
            raise BuildError(
                f"cannot move products from {self.folder} into {folder}: {error.strerror}; "
                f"choose another with -o"
            ) from None

    def remove(self) -> list[Path]:
        """Remove what commands made from the plan, and nothing else; the files that went."""
        return self._remove(self._made(self._names() or [self.name]))

    def remove_report(self) -> None:
        """Remove report and manifest, whose results are about to change."""
        self._remove(self._reports())

    def _reports(self) -> list[Path]:
        return [self.report, self.page, self.manifest]

    def _made(self, names: Iterable[str]) -> list[Path]:
        """Paths of what a plan gives, for networks of these names, there or not."""
        named = [Products(self.folder, name) for name in names]
        paths = [path for each in named for core in each.cores for path in core.all]
        paths += [each.header for each in named]
        paths += [self.program, self.simulation_record, *self._dumps(), *self._reports()]
        return [*paths, *self.driver.glob("*"), *self.gateware.glob("*")]

    def _network_digest(self) -> str | None:
        """Digest of the network in ``network.tern``, or of its bytes if it cannot be used."""
        try:
            return digest(load(self.network))
        except FileFormatError:
            return _digest_of(self.network)

    def _planned_digest(self) -> str | None:
        """Digest of the network that ``plan.json`` was made from."""
        try:
            planned = read_json(self.plan).get("network_digest")
        except FileFormatError:
            return None
        return planned if isinstance(planned, str) and _DIGEST.fullmatch(planned) else None

    def _names(self) -> list[str]:
        """Names of the networks in ``plan.json`` and ``network.tern``, if they can be told."""
        names = (self._planned("network"), self._network_name())
        return list(dict.fromkeys(name for name in names if name))

    def _network_name(self) -> str | None:
        try:
            return load(self.network).name
        except FileFormatError:
            return None

    def _planned(self, what: str) -> str | None:
        """A name in ``plan.json``.

        The file may come from anywhere; a text that is no name could lead out of the folder.
        """
        try:
            name = read_json(self.plan).get(what)
        except FileFormatError:
            return None
        return name if is_name(name) else None

    def _new_folder(self, name: str) -> Path:
        for number in count(1):
            path = self.folder / (name if number == 1 else f"{name}-{number}")
            try:
                path.mkdir()
            except FileExistsError:
                continue
            except OSError as error:
                raise BuildError(
                    f"cannot create folder {path}: {error.strerror}; choose another with -o"
                ) from None
            return path
        raise AssertionError("there is always another number")

    def _move(self, paths: Iterable[Path], folder: Path) -> None:
        for path in self._own(paths):
            place = folder / path.relative_to(self.folder)
            place.parent.mkdir(parents=True, exist_ok=True)
            if path.is_symlink():
                place.symlink_to(path.resolve())
                path.unlink()
            else:
                path.rename(place)

    def _remove(self, paths: Iterable[Path]) -> list[Path]:
        removed = list(self._own(paths))
        for path in removed:
            path.unlink()
        return removed

    def _own(self, paths: Iterable[Path]) -> Iterator[Path]:
        """Those that are files of this folder.

        A link to a file is one; a linked folder, and what is in it, belongs to someone else.
        """
        root = self.folder.resolve()
        for path in paths:
            if path.is_file() and path.parent.resolve().is_relative_to(root):
                yield path


_BOARD = re.compile(r"[\w:=.,]+")
_RTL = ("*.v", "*.ports.json", "*.csr.json", "*.vlt", "*.core")
_DIGEST = re.compile(r"[0-9a-f]{64}")


def _digest_of(path: Path) -> str | None:
    try:
        return sha256(path)
    except OSError:
        return None
