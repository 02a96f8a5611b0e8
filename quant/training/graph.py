"""Training step as a CUDA graph.

A step of a small network is hundreds of kernels, each done sooner than Python launches the next
one. A graph records them once and is launched as a whole.
"""

from collections.abc import Callable

import torch
from torch import Tensor

from ..layers import unseen_values
from .step import Step

__all__ = ["GraphedStep"]

_WARM_UP = 3  # steps; what is compiled, allocated and chosen at first use must be there


class GraphedStep:
    """A step that is captured as a CUDA graph, and then replayed; called as :class:`Step` is.

    Every call is one step of the training, and its result is that of the step itself. The first
    calls run it as it is, for PyTorch to set up what a graph cannot: compiled code, memory of the
    optimizer, algorithms. Batches of another size, such as the last of an epoch, do so always.
    The learning rate is a constant of a graph, which is captured anew when it changes.

    Parameters
    ----------
    step : Step
        On a CUDA device, all of whose parts are capturable, in one process.
    batch : int
        Images of a batch.

    Attributes
    ----------
    captures : int
        How often the step has been captured.
    """

    def __init__(self, step: Step, batch: int):
        self._step = step
        self._batch = batch
        self._warm = 0
        self._constants: tuple[float, ...] = ()
        self._inputs: tuple[Tensor, ...] = ()
        self._recorded: _Recorded | None = None
        self._stream = torch.cuda.Stream()
        self.captures = 0

    def __call__(
        self, images: Tensor, labels: Tensor, share: float = 1.0, *, plain: bool = False
    ) -> Tensor:
        """Take the step; the mean loss, shape (), which the next call overwrites.

        Parameters are those of :class:`Step`; ``share`` is 1.
        """
        if plain or len(images) != self._batch:
            return self._step(images, labels, share, plain=True)
        if self._warm < _WARM_UP:
            self._warm += 1
            return self._beside(images, labels)
        if self._constants != (constants := self._rates()):
            self._capture(images, labels)
            self._constants = constants
        for kept, given in zip(self._inputs, (images, labels), strict=True):
            kept.copy_(given)
        return self._recorded.replay()

    def _beside(self, images: Tensor, labels: Tensor) -> Tensor:
        """The step on the stream of the capture, which brings memory of its own."""
        self._stream.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(self._stream):
            loss = self._step(images, labels)
        torch.cuda.current_stream().wait_stream(self._stream)
        return loss

    def _capture(self, images: Tensor, labels: Tensor) -> None:
        self._inputs = self._inputs or (images.clone(), labels.clone())
        with unseen_values():
            self._recorded = _Recorded(
                lambda: self._step(*self._inputs), self._stream, self._recorded
            )
        self.captures += 1

    def _rates(self) -> tuple[float, ...]:
        return tuple(group["lr"] for group in self._step.optimizer.param_groups)


class _Recorded:
    """Operations of ``function`` on the GPU, and their result, a tensor in memory of the graph.

    Its memory is that of the graph ``before``, which is not replayed any more.
    """

    def __init__(
        self,
        function: Callable[[], Tensor],
        stream: torch.cuda.Stream,
        before: "_Recorded | None",
    ):
        self._graph = torch.cuda.CUDAGraph()
        pool = None if before is None else before._graph.pool()
        # Other threads, such as those that compile, may use the GPU meanwhile.
        with torch.cuda.graph(
            self._graph, pool=pool, stream=stream, capture_error_mode="thread_local"
        ):
            self._result = function()

    def replay(self) -> Tensor:
        """The result of the operations, done once more with what is in memory now."""
        self._graph.replay()
        return self._result
