"""Mismatch wording: the difference between found and expected values in one clause."""

__all__ = ["describe"]


def describe(
    node: str,
    place: tuple[int, int, int, int],
    got: object = None,
    wanted: object = None,
    *,
    of: str = "",
    against: str = "the golden model",
) -> str:
    """Say in one clause where a value differs and what it is.

    Parameters
    ----------
    node : str
        Node of the network whose output differs.
    place : tuple of int
        Image, row, column and channel of the value, from 0.
    got, wanted : object, optional
        The value and the one expected; leave both out where they are not comparable.
    of : str
        Whose value it is, where that is not the hardware's: ``"PyTorch"``.
    against : str
        Where the expected value comes from.

    Returns
    -------
    str
        Without a full stop.

    Examples
    --------
    >>> describe("act1", (3, 0, 1, 4), 2, 1)
    "'act1' differs from the golden model: image 3, pixel (0, 1), channel 4 is 2, not 1"
    """
    image, row, column, channel = (int(each) for each in place)
    values = "" if got is None else f" is {got}, not {wanted}"
    return (
        f"{node!r}{of and f' of {of}'} differs from {against}: "
        f"image {image}, pixel ({row}, {column}), channel {channel}{values}"
    )
