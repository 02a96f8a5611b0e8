"""Learning from files: preparation of a new network, with samples to train with and held out."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ..data import read_content
from ..errors import DataError
from ..network import Network
from .classes import class_names, indices, split
from .kinds import kind_for
from .preparation import Preparation, require_there
from .samples import Samples

__all__ = ["Prepared", "fingerprint", "fresh", "prepare"]


@dataclass(frozen=True, eq=False)
class Prepared:
    """Input codes and labels of samples to train with and held out.

    Attributes
    ----------
    preparation : Preparation
    train, test : (array, array)
        Codes, shape (samples, height, width, channels), and labels, shape (samples,).
    record : mapping
        Where the samples come from, as JSON has it: files, split, counts.
    constant : tuple of int
        Channels that never change in training, which a network learns nothing from.
    """

    preparation: Preparation
    train: tuple[np.ndarray, np.ndarray]
    test: tuple[np.ndarray, np.ndarray]
    record: dict
    constant: tuple[int, ...]


def prepare(
    path: Path | str,
    *,
    test: Path | str | None = None,
    held_out: float | None = None,
    seed: int = 0,
    bits: int = 8,
    **options,
) -> Prepared:
    """Read files to train with, choose what is held out, and learn the encoder from the rest.

    Parameters
    ----------
    path : path
        A table, a folder with a folder of images for each class, or an ``.npz`` file.
    test : path, optional
        Files of the same format with the samples to hold out.
    held_out : float, optional
        Share of each class to hold out where nothing else says, 0.2 if left out.
    seed : int
        Seed of that choice.
    bits : int
        Width of an input code.
    options
        Those of the format: ``label`` and ``drop`` of :class:`Table`, ``size`` of
        :class:`Images`. None stands for one that is not given.

    Raises
    ------
    DataError
        If files cannot be read or do not fit, or an option is out of range or of another format.
    """
    path = Path(path)
    require_there(path)
    kind = kind_for(path)
    given = {key: value for key, value in options.items() if value}
    for key in given:
        if key not in kind.options:
            raise DataError(f"--{key} does not apply to {path}; leave it out")
    format, samples, held = kind.learn(path, **given)
    if samples.labels is None:
        raise DataError(f"{path} has images without a class; put them into a folder for each class")
    if (held is not None or test is not None) and held_out is not None:
        raise DataError("--held-out is a share of --data, but there are samples for test already")
    if test is not None:
        require_there(Path(test))
        if not format.accepts(Path(test)):
            raise DataError(f"{test} is not of the format of {path}: {format.noun}")
        held = format.read(Path(test))
    classes = class_names(samples, path)
    record: dict = {"file": path.resolve().name, "sha256": fingerprint(path)}
    if held is None:
        share = 0.2 if held_out is None else held_out
        mask = split(indices(samples, classes), share, seed, classes)
        record["split"] = {"held_out": share, "seed": seed}
        samples, held = _part(samples, ~mask), _part(samples, mask)
    elif test is not None:
        record["test_file"] = Path(test).name
    if held.labels is None:
        raise DataError(
            f"{test or path} does not tell the classes of samples to test with; "
            f"{format.classes_from}"
        )
    preparation = Preparation(format, format.encoder(samples.values, bits), classes)
    return _prepared(preparation, samples, held, record)


def fingerprint(path: Path) -> str:
    """SHA-256 of a file, or of all in a folder that is not hidden, by name and content."""
    if path.is_file():
        return hashlib.sha256(read_content(path)).hexdigest()
    content = hashlib.sha256()
    for each in sorted(path.rglob("*")):
        place = each.relative_to(path)
        if each.is_file() and not any(part.startswith(".") for part in place.parts):
            content.update(f"{place}\0{each.stat().st_size}\0".encode())
            content.update(read_content(each))
    return content.hexdigest()


def fresh(
    network: Network, preparation: Preparation, path: Path
) -> tuple[np.ndarray, np.ndarray | None, str]:
    """Samples of a file or folder that a network has not been trained with.

    Returns
    -------
    codes, labels
        As of :meth:`Preparation.read`. Of files that the network was trained with, those samples
        that were held out.
    note : str
        What was left out, in one line; empty if nothing was.

    Raises
    ------
    DataError
        As :meth:`Preparation.read`.
    """
    codes, labels = preparation.read(path)
    record = network.provenance.get("data")
    if not isinstance(record, Mapping) or record.get("sha256") != fingerprint(path):
        return codes, labels, ""
    known = f"the network was trained with {path}"
    held = np.ones(len(codes), bool)  # where the file says itself which are held out
    if "split" in record or "test_file" in record:
        try:
            if labels is None:
                raise ValueError
            chosen = record["split"]
            held = split(labels, chosen["held_out"], chosen["seed"], preparation.classes)
        except (KeyError, TypeError, ValueError):
            return codes, labels, f"{known}, so this tells little"
    labels = None if labels is None else labels[held]
    return codes[held], labels, f"{known}; taken are the {held.sum():,} samples held out"


def _part(samples: Samples, mask: np.ndarray) -> Samples:
    chosen = np.flatnonzero(mask).tolist()
    assert samples.labels is not None
    labels = tuple(samples.labels[index] for index in chosen)
    places = tuple(samples.places[index] for index in chosen)
    return Samples(samples.values[mask], labels, places)


def _prepared(preparation: Preparation, samples: Samples, held: Samples, record: dict) -> Prepared:
    parts = []
    for each in (samples, held):
        codes, labels = preparation.codes(each)
        assert labels is not None
        parts.append((codes, labels))
    train, test = parts
    constant = tuple(np.flatnonzero(np.array(preparation.encoder.gain) == 0).tolist())
    if len(constant) == preparation.encoder.channels:
        raise DataError(f"{record['file']} has no feature that changes, so nothing is learned")
    record |= {"train": len(train[1]), "test": len(test[1])}
    return Prepared(preparation, train, test, record, constant)
