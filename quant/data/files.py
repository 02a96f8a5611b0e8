"""Files of data sets: their sources, and those present."""

from dataclasses import dataclass
from pathlib import Path

from threefold.errors import DataError

__all__ = ["SOURCES", "Remote", "Source", "find_files"]


@dataclass(frozen=True)
class Remote:
    """A published file.

    Parameters
    ----------
    url : str
    checksum : str
        ``"md5:…"`` or ``"sha256:…"`` in hexadecimal; empty where it is not known.
    members : tuple of str
        Paths of the files wanted, if it is a tar archive packed by gzip.
    """

    url: str
    checksum: str = ""
    members: tuple[str, ...] = ()

    @property
    def files(self) -> tuple[str, ...]:
        """Names of the files that come of it."""
        return tuple(path.rpartition("/")[2] for path in self.members or (self.url,))


@dataclass(frozen=True)
class Source:
    """Source of a data set: its files.

    Parameters
    ----------
    files : tuple of tuple of str
        Names of the files, in as many ways as there are; the first is how they are published.
    origin : str
        Where to get them.
    licence : str
    remotes : tuple of Remote
        What to download, if that is possible.
    """

    files: tuple[tuple[str, ...], ...]
    origin: str
    licence: str
    remotes: tuple[Remote, ...] = ()


def find_files(name: str, folder: Path | str | None) -> list[Path]:
    """The files of a data set in the order of its :class:`Source`, packed by gzip or not.

    Raises
    ------
    DataError
        If there is no such folder, or a file is missing.
    """
    source = SOURCES[name]
    if folder is None:
        raise DataError(_message(name, "no folder is given"))
    folder = Path(folder)
    if not folder.is_dir():
        raise DataError(_message(name, f"there is no folder {folder}"))
    missing = ""
    for files in source.files:
        paths = [folder / file for file in files]
        unpacked = [path.with_suffix("") if path.suffix == ".gz" else path for path in paths]
        found = [p if p.exists() else u for p, u in zip(paths, unpacked, strict=True)]
        absent = [path.name for path, there in zip(paths, found, strict=True) if not there.exists()]
        if not absent:
            return found
        missing = missing or absent[0]
    raise DataError(_message(name, f"{folder} has no {missing}"))


def _message(name: str, problem: str) -> str:
    source = SOURCES[name]
    files = ", ".join(source.files[0])
    way = f"by 'threefold data {name}' or " if source.remotes else ""
    return (
        f"{name} is read from files, but {problem}; get {files} {way}{source.origin}, and give "
        "their folder as --data-dir FOLDER"
    )


def _remotes(base: str, checksums: dict[str, str]) -> dict:
    return {
        "files": (tuple(checksums),),
        "origin": f"from {base}",
        "remotes": tuple(Remote(base + file, checksum) for file, checksum in checksums.items()),
    }


_UCI = "https://archive.ics.uci.edu/ml/machine-learning-databases/"
_CIFAR = (*(f"data_batch_{number}.bin" for number in range(1, 6)), "test_batch.bin")
_CIFAR_URL = "https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz"
_MNIST = Source(
    **_remotes(
        "https://ossci-datasets.s3.amazonaws.com/mnist/",
        {
            "train-images-idx3-ubyte.gz": "md5:f68b3c2dcbeaaa9fbdd348bbdeb94873",
            "train-labels-idx1-ubyte.gz": "md5:d53e105ee54ea40749a09fcbcd1e9432",
            "t10k-images-idx3-ubyte.gz": "md5:9fb629c4189551a2d022fa330f9573f3",
            "t10k-labels-idx1-ubyte.gz": "md5:ec29112dd5afa0611ce80d1b7f02629c",
        },
    ),
    licence="CC BY-SA 3.0",
)
_FASHION = Source(
    **_remotes(
        "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",
        {
            "train-images-idx3-ubyte.gz": "md5:8d4fb7e6c68d591d4c3dfef9ec88bf0d",
            "train-labels-idx1-ubyte.gz": "md5:25c81989df183df01b3e8a0aad5dffbe",
            "t10k-images-idx3-ubyte.gz": "md5:bef4ecab320f06d8554ea6380940ec79",
            "t10k-labels-idx1-ubyte.gz": "md5:bb300cfdad3c16e7a12a480ee83cd310",
        },
    ),
    licence="MIT",
)
_LETTER = _remotes(
    f"{_UCI}letter-recognition/",
    {
        "letter-recognition.data": (
            "sha256:2b89f3602cf768d3c8355267d2f13f2417809e101fc2b5ceee10db19a60de6e2"
        )
    },
)
_PENDIGITS = _remotes(
    f"{_UCI}pendigits/",
    {
        "pendigits.tra": "sha256:e2b9eb9f0d0467e2b64a4816a3420edf2b8043447576f4b84337aba44a9f97d3",
        "pendigits.tes": "sha256:8bd03229c5c5291fefe43e45465dd948d2645bf23328b9d993e0b777666b2015",
    },
)
_MAGIC = _remotes(
    f"{_UCI}magic/",
    {"magic04.data": "sha256:e9314b7ebd4b4b59a3b3d65f7316663963777b16a46786877651dbbaa640b36a"},
)

SOURCES: dict[str, Source] = {
    "cifar10": Source(
        (_CIFAR,),
        f"from {_CIFAR_URL}",
        "none stated",
        (
            Remote(
                _CIFAR_URL,
                "md5:c32a1d4ab5d03f1284b67883e8d87530",
                tuple(f"cifar-10-batches-bin/{file}" for file in _CIFAR),
            ),
        ),
    ),
    "cifar10_jpeg": Source(
        (
            (
                "cifar10_jpeg_q75.npz",
                "cifar10_lossless_subset.webp",
                "cifar10_lossless_subset_labels.npz",
            ),
        ),
        f"from who made this copy of {_CIFAR_URL}",
        "none stated",
    ),
    "fashion_mnist": _FASHION,
    "imagenet": Source(
        (("train", "val"),),
        "from https://image-net.org/download-images, a folder for each class in both",
        "for research only",
    ),
    "letter": Source(
        (*_LETTER["files"], ("letter.csv",)),
        _LETTER["origin"],
        "CC BY 4.0",
        _LETTER["remotes"],
    ),
    "magic": Source(**_MAGIC, licence="CC BY 4.0"),
    "mnist": _MNIST,
    "mnist8": _MNIST,
    "pendigits": Source(
        (*_PENDIGITS["files"], ("pendigits.csv",)),
        _PENDIGITS["origin"],
        "CC BY 4.0",
        _PENDIGITS["remotes"],
    ),
    "speech_commands": Source(
        (("speech_commands_v2_testset_mfcc.npz",),),
        "from who made these features of "
        "http://download.tensorflow.org/data/speech_commands_test_set_v0.02.tar.gz",
        "CC BY 4.0",
    ),
}
"""By the name of the data set; those that come with a package have none."""
