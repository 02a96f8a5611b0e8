"""Preparation: from files to the input codes of a network, kept in its provenance."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ..errors import DataError, FileFormatError
from ..network import Network, Tensor, class_names
from .classes import indices
from .encoder import Encoder
from .format import Format
from .kinds import KINDS
from .samples import Samples

__all__ = ["Preparation", "preparation_of", "require_there"]


@dataclass(frozen=True)
class Preparation:
    """Format of files, encoder of what they hold, and names of the classes.

    Parameters
    ----------
    format : Format
    encoder : Encoder
    classes : tuple of str

    Raises
    ------
    DataError
        If they do not go together.
    """

    format: Format
    encoder: Encoder
    classes: tuple[str, ...]

    def __post_init__(self):
        if self.encoder.channels != self.format.shape[2]:
            raise DataError(
                f"{self.encoder.channels} gains do not go with {self.format.shape[2]} channels"
            )

    @property
    def input(self) -> Tensor:
        """Type of a network's input."""
        return Tensor(self.format.shape, self.encoder.codes)

    def provenance(self) -> dict:
        """What the provenance of a network holds of it, under ``classes`` and ``preparation``."""
        kept = {
            "format": self.format.to_json(),
            "offset": list(self.encoder.offset),
            "gain": list(self.encoder.gain),
        }
        return {"classes": list(self.classes), "preparation": kept}

    def read(self, path: Path | str) -> tuple[np.ndarray, np.ndarray | None]:
        """Input codes and labels of the samples in a file or folder.

        Returns
        -------
        codes : array of uint8 or uint16, shape (samples, height, width, channels)
        labels : array of int64, shape (samples,), or None
            Places among :attr:`classes`; None where the files do not tell.

        Raises
        ------
        DataError
            If the files are of another format, or hold what the network does not know.
        """
        path = Path(path)
        require_there(path)
        if not self.format.accepts(path):
            raise DataError(
                f"{path} is not of the format that the network was trained with: {self.format.noun}"
            )
        return self.codes(self.format.read(path))

    def codes(self, samples: Samples) -> tuple[np.ndarray, np.ndarray | None]:
        """Input codes and labels of samples, as of :meth:`read`."""
        labels = None if samples.labels is None else indices(samples, self.classes)
        return self.encoder.encode(samples.values), labels


def preparation_of(network: Network) -> Preparation | None:
    """The preparation in the provenance of a network; None if there is none.

    Raises
    ------
    FileFormatError
        If it is damaged, or does not fit the network.
    """
    kept = network.provenance.get("preparation")
    if kept is None:
        return None
    try:
        if not isinstance(kept, Mapping) or set(kept) != {"format", "offset", "gain"}:
            raise DataError("it has format, offset and gain")
        encoder = Encoder(kept["offset"], kept["gain"], network.input.codes)
        preparation = Preparation(_format(kept["format"]), encoder, class_names(network))
        if preparation.format.shape != network.input.shape or not preparation.classes:
            raise DataError(f"it is for {preparation.input} and {len(preparation.classes)} classes")
    except DataError as error:
        raise FileFormatError(
            f"the preparation of samples in network {network.name!r} is not usable: {error}"
        ) from None
    return preparation


def require_there(path: Path) -> None:
    """Check that a file or folder is there."""
    if not path.exists():
        raise DataError(f"there is no file or folder {path}")


def _format(content) -> Format:
    kind = content.get("kind") if isinstance(content, Mapping) else None
    if not isinstance(kind, str) or kind not in KINDS:
        raise DataError(f"its format is none of {', '.join(KINDS)}")
    return KINDS[kind].from_json(content)
