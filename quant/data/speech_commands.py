"""Speech Commands, as cepstral coefficients."""

import hashlib
from pathlib import Path

import numpy as np

from threefold.errors import DataError
from threefold.network import Codes, Tensor

from .dataset import Dataset
from .files import find_files
from .read import read_arrays
from .standard import standardise

__all__ = ["speech_commands"]

_SHAPE = 49, 10  # frames of a second, coefficients
_HELD_OUT = 20  # of a hundred speakers


def speech_commands(folder: Path | str | None) -> Dataset:
    """Spoken words as 49×10 cepstral coefficients, ten words, silence and unknown words.

    The official test set of Speech Commands v0.02 (Warden, arXiv:1804.03209), as it was made for
    keyword spotting of 12 classes. It is split by speaker, whom file names tell
    (``yes/SPEAKER_nohash_0.wav``, ``_unknown_/WORD_SPEAKER_nohash_0.wav.wav``): one in five is
    held out, chosen by the SHA-256 of the name, so that nobody is heard in both parts. Clips of
    silence (``_silence_/NUMBER.wav``) have no speaker, and are split each by itself.

    Coefficients are codes of 8 bits whose values are −128…127: each is standardised by the clips
    to train with, 32 steps a standard deviation.

    Parameters
    ----------
    folder : path
        Where ``speech_commands_v2_testset_mfcc.npz`` is, with arrays ``mfcc_f16`` (clips, 49, 10),
        ``label``, ``filename`` and ``classes``.

    Raises
    ------
    DataError
        If there is no such folder, or the file is missing or damaged.
    """
    (path,) = find_files("speech_commands", folder)
    features, labels, files, classes = read_arrays(path, "mfcc_f16", "label", "filename", "classes")
    kinds = "".join(array.dtype.kind for array in (features, labels, files, classes))
    if (
        features.shape != (len(labels), *_SHAPE)
        or files.shape != labels.shape
        or kinds not in ("fuUU", "fiUU")
    ):
        raise DataError(
            f"{path} does not hold {_SHAPE[0]}×{_SHAPE[1]} features, a label and a file name of "
            "each clip; get it again"
        )
    held_out = np.array([_held_out(str(file)) for file in files])
    if held_out.all() or not held_out.any():
        raise DataError(f"{path} has too few speakers to hold out one in five; get it again")
    try:
        codes = standardise(features, ~held_out)[..., None]
    except DataError as error:
        raise DataError(f"{path} is damaged: {error}; get it again") from None
    labels = labels.astype(np.int64)
    return Dataset(
        "speech_commands",
        codes[~held_out],
        labels[~held_out],
        codes[held_out],
        labels[held_out],
        Tensor((*_SHAPE, 1), Codes.signed(8)),
        names=tuple(str(name).strip("_") for name in classes),
    )


def _held_out(file: str) -> bool:
    name = file.rpartition("/")[2]
    before, recorded, _ = name.partition("_nohash_")
    speaker = before.rpartition("_")[2] if recorded else name
    digest = hashlib.sha256(speaker.encode()).digest()
    return int.from_bytes(digest[:4]) % 100 < _HELD_OUT
