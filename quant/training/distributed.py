"""Distributed training: several processes, each with its share of every batch.

Gradients are added up after the backward pass rather than by ``DistributedDataParallel``, which
wants each parameter to take part in each pass, and one pass a step: this way recipes are free
to run a part of a network, or all of it twice, and no part of it meets a wrapped model.
"""

from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from datetime import timedelta
from typing import TypeVar

import torch
import torch.distributed as dist
from torch import Tensor, nn

from threefold.errors import ThreefoldError, TrainingError

from ..layers import sharing

__all__ = ["Group", "processes"]

_T = TypeVar("_T")
_TIMEOUT = timedelta(minutes=30)  # longer than compilation takes


class Group:
    """The processes that share a training. This one is alone, and has nothing to wait for.

    Attributes
    ----------
    rank : int
        Number of this process, 0…``world`` − 1.
    world : int
        Number of processes.
    agreed : ThreefoldError or None
        What went wrong, once all processes know it.
    """

    rank = 0
    world = 1
    agreed: ThreefoldError | None = None

    @property
    def first(self) -> bool:
        """Whether this is the process that writes files and talks to people."""
        return self.rank == 0

    def part(self, count: int) -> tuple[slice, int]:
        """What this process takes of a batch of ``count`` images, and how many of them count.

        Every ``world``-th image; or the first without counting it, where no other is left: so
        that all processes do the same, and nothing is ever a mean of no image.
        """
        mine = len(range(self.rank, count, self.world))
        return slice(self.rank if mine else 0, None if mine else 1, self.world), mine

    def place(self, device: str) -> torch.device:
        """Where this process computes, if the training is to run on ``"cpu"`` or ``"cuda"``.

        Raises
        ------
        TrainingError
            If there are fewer CUDA devices than processes on this machine.
        """
        return torch.device(device)

    def sharing(self, counts: bool = True) -> AbstractContextManager:
        """Where the layers' statistics are those of the images of all processes that count."""
        return nullcontext()

    def add(self, tensors: Iterable[Tensor]) -> None:
        """Replace each tensor by its sum over the processes, the same bits in all of them."""

    def align(self, model: nn.Module) -> None:
        """Give every process the parameters and buffers of the first."""

    def from_first(self, make: Callable[[], _T]) -> _T:
        """What ``make`` gives in the first process, which alone calls it, or the error there."""
        return make()

    def agree(self) -> AbstractContextManager:
        """A block that ends in every process with the first error of any of them, if one has."""
        return nullcontext()


class _Processes(Group):
    """Those that PyTorch has joined."""

    def __init__(self):
        self.rank = dist.get_rank()
        self.world = dist.get_world_size()

    def place(self, device: str) -> torch.device:
        if device != "cuda":
            return torch.device(device)
        index, count = dist.get_node_local_rank(), torch.cuda.device_count()
        if index >= count:
            raise TrainingError(
                f"there are more processes than the {count} CUDA devices of this machine; "
                "start one for each"
            )
        torch.cuda.set_device(index)
        return torch.device(device, index)

    def sharing(self, counts: bool = True) -> AbstractContextManager:
        return sharing(self._gather, counts)

    def add(self, tensors: Iterable[Tensor]) -> None:
        tensors = list(tensors)
        together = torch.cat([tensor.reshape(-1) for tensor in tensors])
        with _connected():
            dist.all_reduce(together)
        parts = together.split([tensor.numel() for tensor in tensors])
        for tensor, part in zip(tensors, parts, strict=True):
            tensor.copy_(part.view_as(tensor))

    def align(self, model: nn.Module) -> None:
        with _connected():
            for tensor in model.state_dict().values():
                whole = tensor.contiguous()
                dist.broadcast(whole, 0)
                tensor.copy_(whole)

    def from_first(self, make: Callable[[], _T]) -> _T:
        made: list = [None, None]
        if self.first:
            try:
                made[0] = make()
            except ThreefoldError as error:
                made[1] = error
        with _connected():
            dist.broadcast_object_list(made, 0)
        self._raise(made[1])
        return made[0]

    @contextmanager
    def agree(self) -> Iterator[None]:
        mine, errors = None, [None] * self.world
        try:
            yield
        except ThreefoldError as error:
            mine = error
        with _connected():
            dist.all_gather_object(errors, mine)
        self._raise(next((error for error in errors if error is not None), None))

    def _raise(self, error: ThreefoldError | None) -> None:
        if error is not None:
            self.agreed = error
            raise error from None

    @torch.compiler.disable
    def _gather(self, values: Tensor) -> Tensor:
        return _Gather.apply(values, self)


class _Gather(torch.autograd.Function):
    """Tensors (n,) of all processes, (processes, n).

    What a process makes of them changes the loss of that process, so that the gradient of what
    was given is the sum over all processes.
    """

    @staticmethod
    def forward(ctx, values, group):
        ctx.group = group
        values = values.contiguous()
        parts = [torch.empty_like(values) for _ in range(group.world)]
        with _connected():
            dist.all_gather(parts, values)
        return torch.stack(parts)

    @staticmethod
    def backward(ctx, grad):
        grad = grad.clone(memory_format=torch.contiguous_format)
        with _connected():
            dist.all_reduce(grad)
        return grad[ctx.group.rank], None


@contextmanager
def processes() -> Iterator[Group]:
    """The processes that ``torchrun`` has started, joined for the block; or this one alone.

    An error within ends them all, since none can go on alone. One that all have agreed upon is
    raised in the first only; the others wait until it has told it, and end with its status.

    Examples
    --------
    >>> with processes() as group:
    ...     group.world
    1
    """
    if not (dist.is_available() and dist.is_torchelastic_launched()):
        yield Group()
        return
    cuda = torch.cuda.is_available() and dist.is_nccl_available()
    dist.init_process_group("cpu:gloo,cuda:nccl" if cuda else "gloo", timeout=_TIMEOUT)
    group = _Processes()
    try:
        yield group
    except ThreefoldError as error:
        if group.first or error is not group.agreed:
            raise
        with suppress(RuntimeError):
            dist.all_reduce(torch.zeros(()))  # in vain, until the first has ended
        raise SystemExit(error.exit_code) from None
    # Not after an error, where those that wait for each other would wait forever.
    dist.destroy_process_group()


@contextmanager
def _connected() -> Iterator[None]:
    try:
        yield
    except RuntimeError:
        raise TrainingError(
            "another process of this training has ended early; its own message tells why"
        ) from None
