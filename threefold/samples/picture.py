"""Picture: the pixels of an image file, grey or in colour."""

import io
from pathlib import Path

import numpy as np

from ..data import read_content
from ..errors import DataError, ToolError

__all__ = ["SUFFIXES", "Picture", "open_picture"]

SUFFIXES = {".png", ".jpg", ".jpeg", ".webp", ".bmp", ".pgm", ".ppm"}
"""Names of image files end in one of these."""

_FORMATS = ("PNG", "JPEG", "WEBP", "BMP", "PPM")
_PIXELS = 1 << 26


class Picture:
    """Image of 8 bits for each of one or three channels.

    Parameters
    ----------
    path : Path
    image : PIL.Image.Image
        Of mode L or RGB.
    """

    def __init__(self, path: Path, image):
        self.path = path
        self._image = image

    @property
    def size(self) -> tuple[int, int]:
        """Height and width."""
        return self._image.height, self._image.width

    def pixels(self, size: tuple[int, int], channels: int | None = None) -> np.ndarray:
        """Pixels of the whole image, squeezed to a size by bilinear interpolation.

        Parameters
        ----------
        size : (int, int)
            Height and width.
        channels : int, optional
            1 or 3; red, green and blue become grey as 0.299, 0.587 and 0.114 of them. As the file
            has it if left out, but one where all pixels of a coloured image are grey.

        Returns
        -------
        array of uint8, shape (height, width, channels)
        """
        image = self._image
        if channels is not None:
            image = image.convert("L" if channels == 1 else "RGB")
        if self.size != size:
            image = image.resize((size[1], size[0]), _bilinear())
        pixels = np.asarray(image).reshape(*size, -1)
        if channels is None and (pixels == pixels[..., :1]).all():
            return pixels[..., :1]
        return pixels


def open_picture(path: Path) -> Picture:
    """A picture as it is meant to be seen.

    It is turned as its EXIF data say, what is transparent lies on white, palettes are resolved, and
    pixels of 16 bits are rounded to 8.

    Raises
    ------
    DataError
        If it cannot be read, is damaged, of another kind, or has more than 2²⁶ pixels.
    ToolError
        If Pillow is missing.
    """
    try:
        from PIL import Image
    except ImportError:
        raise ToolError("images need Pillow: pip install 'threefold[train]'") from None
    content = read_content(path)
    try:
        with Image.open(io.BytesIO(content), formats=_FORMATS) as image:
            if image.width * image.height <= _PIXELS:
                return Picture(path, _flat(image))
            height, width = image.height, image.width
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise DataError(f"{path} holds an image of too many pixels; leave it out") from None
    except Exception:  # decoders raise many types on damaged input
        raise DataError(
            f"{path} is damaged, or no PNG, JPEG, WebP, BMP or PPM; replace it, or leave it out"
        ) from None
    raise DataError(f"{path} has {height}×{width} pixels, more than {_PIXELS:,}; leave it out")


def _flat(image):
    """The image in mode L or RGB."""
    from PIL import Image, ImageOps

    image = ImageOps.exif_transpose(image)
    if image.mode.startswith("I"):
        wide = np.asarray(image).astype(np.int64).clip(0, 65535)
        return Image.fromarray(((wide * 255 + 32767) // 65535).astype(np.uint8))
    if image.has_transparency_data:
        image = image.convert("RGBA")
        image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image)
    return image.convert("L" if image.mode in ("1", "L") else "RGB")


def _bilinear():
    from PIL import Image

    return Image.Resampling.BILINEAR
