"""Products: the files that commands leave in a project folder.

network.tern    the network
train.json      how it was trained
test.npz        images to test it with
plan.json       which units it is made of, and how each is folded
rtl/            Verilog
sim/            the simulation and what it measured
gateware/       the bitstream and what made it
firmware/       a C header for whoever drives the accelerator
report.json     all figures
report.html     the same to look at
manifest.json   versions, and digests of everything above
before-…/       the same of a network that was in the folder before
"""

import contextlib
import hashlib
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import count
from pathlib import Path

import numpy as np

from .data import save_images
from .errors import BuildError, FileFormatError
from .files import make_folder, read_json
from .lock import LOCK
from .network import Network, is_name, load, save
from .network.file import digest

__all__ = ["Former", "Products"]


@dataclass(frozen=True)
class Former:
    """A network that was in a project folder before, now in a folder of its own.

    Attributes
    ----------
    folder : Path
        Where it is now, with its plan and products at the same places as before.
    name : str
        Of the network; empty if that cannot be told.
    planned : bool
        Whether there was a plan of it.
    """

    folder: Path
    name: str
    planned: bool

    def __str__(self):
        """What happened, in one line."""
        network = f"the network before, {self.name}," if self.name else "the network before"
        if self.planned:
            return f"plan and products of {network} are now in {self.folder}"
        return f"{network} is now in {self.folder}"


class Products:
    """Paths of the products in a folder.

    Parameters
    ----------
    folder : path
        It need not be there.
    name : str
        Of the network. Verilog and C header are named after it; the other paths do without.

    Attributes
    ----------
    network, training, images : Path
        ``network.tern``, ``train.json``, ``test.npz``
    plan : Path
        ``plan.json``
    rtl, header : Path
        ``rtl/NAME.v``, ``firmware/NAME.h``
    simulation, simulation_record, waves : Path
        Folder ``sim``, ``simulation.json`` and ``dump.vcd`` in it.
    gateware, build_record : Path
        Folder ``gateware``, ``build.json`` in it.
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
        self.rtl = self.folder / "rtl" / f"{name}.v"
        self.header = self.folder / "firmware" / f"{name}.h"
        self.simulation = self.folder / "sim"
        self.simulation_record = self.simulation / "simulation.json"
        self.waves = self.simulation / "dump.vcd"
        self.gateware = self.folder / "gateware"
        self.build_record = self.gateware / "build.json"
        self.report = self.folder / "report.json"
        self.page = self.folder / "report.html"
        self.manifest = self.folder / "manifest.json"

    def files(self) -> list[Path]:
        """Products that are there, but for the manifest, logs and the simulator's build."""
        single = [self.network, self.training, self.images, self.plan, self.report, self.page]
        single.append(self.simulation_record)
        several = [self.rtl.parent.glob("*.v"), self.header.parent.glob("*.h")]
        several.append(self.gateware.glob("*"))
        found = [*single, *(path for paths in several for path in paths)]
        return [
            path for path in found if path.is_file() and path.suffix != ".log" and path.name != LOCK
        ]

    def holds_network(self, network: Network) -> bool:
        """Whether the network that is there is this one."""
        return self._network_digest() == digest(network)

    def is_planned(self) -> bool:
        """Whether the network that is there is the one that the plan there is of."""
        planned = self._planned_digest()
        return planned is not None and planned == self._network_digest()

    def put_network(
        self,
        network: Network,
        images: np.ndarray | None = None,
        labels: np.ndarray | None = None,
    ) -> Former | None:
        """Write a network and, if given, images to test it with.

        Another network that was there is kept, as by :meth:`set_aside`.

        Raises
        ------
        BuildError
            If the folder cannot be written.
        """
        make_folder(self.folder)
        former = self.set_aside(network, images=images is not None)
        save(network, self.network)
        if images is not None:
            save_images(self.images, images, labels)
        return former

    def set_aside(self, network: Network, *, images: bool = False) -> Former | None:
        """Move what belongs to another network into a folder of its own; None if nothing does.

        That folder is ``before-`` and the first 8 digits of the other network's digest, with
        ``-2`` and so on behind it if that is taken. Checkpoints and files of the user stay.

        Parameters
        ----------
        network : Network
            The one that is to be there.
        images : bool
            Whether the images go as well.

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
        names = self._names()
        is_there = self.plan.is_file()
        moved = [*self._made(names), self.plan]
        if images and held != wanted:
            moved.append(self.images)
        if other == held:
            moved += [self.training, self.network]  # the network last: it tells whose the rest is
        folder = self._new_folder(f"before-{other[:8]}")
        try:
            self._move(moved, folder)
        except OSError as error:
            raise BuildError(
                f"cannot move products from {self.folder} into {folder}: {error.strerror}; "
                f"choose another with -o"
            ) from None
        return Former(folder, names[0] if names else "", is_there)

    def remove(self) -> None:
        """Remove what commands made from the plan, and nothing else."""
        self._remove(self._made(self._names() or [self.name]))

    def remove_report(self) -> None:
        """Remove what tells of results that are about to change."""
        self._remove(self._reports())

    def _reports(self) -> list[Path]:
        return [self.report, self.page, self.manifest]

    def _made(self, names: Iterable[str]) -> list[Path]:
        """What is made from a plan of a network of any of these names, whether or not it is."""
        named = [Products(self.folder, name) for name in names]
        paths = [path for each in named for path in (each.rtl, each.header)]
        paths += [self.simulation_record, self.waves, *self._reports()]
        return [*paths, *self.gateware.glob("*")]

    def _network_digest(self) -> str | None:
        """Digest of the network that is there, or of the bytes if it cannot be used."""
        try:
            return digest(load(self.network))
        except FileFormatError:
            return _digest_of(self.network)

    def _planned_digest(self) -> str | None:
        """Digest of the network that the plan there is of."""
        try:
            planned = read_json(self.plan).get("network_digest")
        except FileFormatError:
            return None
        return planned if isinstance(planned, str) and _DIGEST.fullmatch(planned) else None

    def _names(self) -> list[str]:
        """Names of the network in the plan and of the one that is there, if they can be told.

        Either may come from anywhere; a text that is no name could lead out of the folder.
        """
        names = []
        with contextlib.suppress(FileFormatError):
            names.append(read_json(self.plan).get("network"))
        with contextlib.suppress(FileFormatError):
            names.append(load(self.network).name)
        return list(dict.fromkeys(name for name in names if is_name(name)))

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

    def _remove(self, paths: Iterable[Path]) -> None:
        for path in self._own(paths):
            path.unlink()

    def _own(self, paths: Iterable[Path]) -> Iterator[Path]:
        """Those that are files of this folder.

        A link to a file is one; a linked folder, and what is in it, belongs to someone else.
        """
        root = self.folder.resolve()
        for path in paths:
            if path.is_file() and path.parent.resolve().is_relative_to(root):
                yield path


_DIGEST = re.compile(r"[0-9a-f]{64}")


def _digest_of(path: Path) -> str | None:
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError:
        return None
