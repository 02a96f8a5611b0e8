"""Images for a board: files of input codes, or samples that a network says how to encode."""

from pathlib import Path

import numpy as np

from ..archive import read_npy
from ..data import load_images, read_content
from ..errors import DataError
from ..network import Network
from ..samples import fresh, preparation_of

__all__ = ["read_images"]


def read_images(
    path: Path | str, network: Network | None
) -> tuple[np.ndarray, np.ndarray | None, str]:
    """Input codes and labels in a file.

    An ``.npz`` file has input codes as ``images`` and perhaps ``labels``, an ``.npy`` file codes
    alone. All others, and folders, hold samples as the network was trained with.

    Parameters
    ----------
    path : path
    network : Network, optional
        The network on the board, if its file is there.

    Returns
    -------
    codes : array of uint8, shape (images, inputs)
    labels : array of int64, shape (images,), or None
    note : str
        What was left out, in one line; empty if nothing was.

    Raises
    ------
    DataError
        If the file cannot be read, there is nothing in it, or it does not fit the network.
    """
    path, labels, note = Path(path), None, ""
    suffix = path.suffix.lower()
    if suffix == ".npz":
        codes, labels = load_images(path)
    elif suffix == ".npy":
        codes = _array(path)
    else:
        codes, labels, note = _samples(path, network)
    if not codes.size:
        raise DataError(f"{path} holds no images")
    codes = codes.reshape(len(codes), -1)
    _require_fit(path, codes, network)
    return codes.astype(np.uint8), labels, note


def _array(path: Path) -> np.ndarray:
    try:
        codes = read_npy(read_content(path))
    except ValueError:
        raise DataError(f"{path} is no .npy file of numbers; write it with numpy.save") from None
    if codes.ndim < 2 or codes.dtype.kind not in "iu":
        raise DataError(
            f"{path} must hold input codes, integers of shape (images, …), not {codes.dtype} of "
            f"shape {codes.shape}"
        )
    return codes


def _samples(path: Path, network: Network | None) -> tuple:
    if network is None:
        raise DataError(
            f"only the network knows how {path} becomes input codes; give it with --network"
        )
    preparation = preparation_of(network)
    if preparation is None:
        raise DataError(
            f"network {network.name!r} does not tell how samples become its input codes; give "
            f"codes in an .npz or .npy file"
        )
    return fresh(network, preparation, path)


def _require_fit(path: Path, codes: np.ndarray, network: Network | None) -> None:
    highest = 255 if network is None else network.input.codes.max_code
    if codes.min() < 0 or codes.max() > highest:
        raise DataError(
            f"{path} holds codes {codes.min()}…{codes.max()}, and the board takes 0…{highest}"
        )
    if network is not None and codes.shape[1] != network.input.size:
        raise DataError(
            f"{path} holds images of {codes.shape[1]:,} codes, and {network.name!r} takes "
            f"{network.input.size:,}"
        )
