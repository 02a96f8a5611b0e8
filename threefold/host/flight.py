"""Flight: images that are on their way to a board, or wait to be sent."""

from collections import deque

__all__ = ["Flight"]

_NUMBERS = 1 << 16


class Flight:
    """Flight of images, each under a sequence number of its own each time it is sent.

    It is false once all images are answered.

    Parameters
    ----------
    images : int
        How many there are.
    seq : int
        Sequence number before the first one.

    Examples
    --------
    >>> flight = Flight(3, seq=6)
    >>> [flight.send() for _ in range(3)]
    [(7, 0), (8, 1), (9, 2)]
    >>> flight.answer(8)
    (1, 1)
    >>> flight.send()
    (10, 0)
    """

    def __init__(self, images: int, *, seq: int):
        self._waiting = deque(range(images))
        self._sent: dict[int, int] = {}
        self._seq = seq

    def __bool__(self):
        return bool(self._waiting or self._sent)

    @property
    def waiting(self) -> int:
        """Images that wait to be sent."""
        return len(self._waiting)

    @property
    def sent(self) -> int:
        """Images that are on their way."""
        return len(self._sent)

    @property
    def seq(self) -> int:
        """Sequence number of the latest one that was sent."""
        return self._seq

    def add(self, index: int) -> None:
        """Let an image of an index wait to be sent."""
        self._waiting.append(index)

    def send(self) -> tuple[int, int]:
        """Sequence number and index of the next image."""
        self._seq = (self._seq + 1) % _NUMBERS
        self._sent[self._seq] = index = self._waiting.popleft()
        return self._seq, index

    def answer(self, seq: int) -> tuple[int | None, int]:
        """Image of a sequence number, None if none waits for it, and how many were lost.

        Answers keep the order: an image that was sent before this one is lost, and waits again.
        """
        if seq not in self._sent:
            return None, 0
        before = list(self._sent)
        before = before[: before.index(seq)]
        self._again(before)
        return self._sent.pop(seq), len(before)

    def give_up(self) -> int:
        """Let all images on their way wait again; how many these are."""
        lost = list(self._sent)
        self._again(lost)
        return len(lost)

    def _again(self, numbers: list[int]) -> None:
        self._waiting.extendleft(self._sent.pop(seq) for seq in reversed(numbers))
