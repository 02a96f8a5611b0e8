"""Own data set: of tables, images or arrays."""

from pathlib import Path

from threefold.samples import Prepared, prepare

from .dataset import Dataset

__all__ = ["as_dataset", "own_dataset"]


def own_dataset(
    path: Path | str,
    *,
    test: Path | str | None = None,
    held_out: float | None = None,
    seed: int = 0,
    bits: int = 8,
    **options,
) -> Dataset:
    """A data set of a table, a folder with a folder of images for each class, or an ``.npz`` file.

    Parameters
    ----------
    path, test, held_out, seed, bits, options
        As for :func:`threefold.samples.prepare`.

    Raises
    ------
    DataError
        If files cannot be read or do not fit, or an option is out of range or of another format.
    """
    return as_dataset(prepare(path, test=test, held_out=held_out, seed=seed, bits=bits, **options))


def as_dataset(prepared: Prepared) -> Dataset:
    """Prepared samples as a data set, which hands its preparation on to networks."""
    preparation = prepared.preparation
    return Dataset(
        prepared.record["file"],
        *prepared.train,
        *prepared.test,
        preparation.input,
        names=preparation.classes,
        provenance={**preparation.provenance(), "data": prepared.record},
    )
