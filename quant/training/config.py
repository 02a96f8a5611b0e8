"""Training configuration: frozen, with named presets."""

import dataclasses
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from numbers import Integral
from pathlib import Path

from threefold.errors import TrainingError
from threefold.network import Codes

from ..data.augment import AUGMENTATIONS
from ..models import FLOAT, NETWORKS, WIDTHS, require_bits
from ..pruning import Pruning
from ..ranges import Range, require, require_flags
from ..weights import BITS, INT, USUAL_BITS, WEIGHTS
from .dynamic import narrower, ratios
from .stage import Stage

__all__ = ["MEANS", "TrainConfig"]

MEANS = ("device", "compiled", "graphs", "threads")
"""Values of :class:`TrainConfig` that decide where and how something is computed, not what."""

_CHOICES = {
    "network": NETWORKS,  # own ones may be added
    "weights": (*WEIGHTS, FLOAT),
    "activations": ("unsigned", "ternary", "bipolar"),
    "augment": tuple(AUGMENTATIONS),
    "schedule": ("cosine", "step", "published"),
    "optimizer": ("adamw", "sgd"),
    "precision": ("float32", "bfloat16"),
    "device": ("cpu", "cuda"),
}
_RANGES = {
    "bits": Range(1, 8, whole=True),
    "epochs": Range(1, whole=True),
    "batch": Range(1, whole=True),
    "rate": Range(0, above=True),
    "weight_decay": Range(0),
    "smoothing": Range(0, 1, below=True),
    "distill": Range(0, 1),
    "ema": Range(0, 1, below=True),
    "sandwich": Range(0, whole=True),
    "seed": Range(0, 2**31 - 1, whole=True),
    "threads": Range(1, whole=True),
    "scale_decay": Range(0),
    **dict.fromkeys(("weight_bits", "first", "last"), Range(*BITS, whole=True, optional=True)),
}
_ALWAYS = ("dataset", "widths", "bits", "epochs")  # among choices
_FLAGS = ("per_filter", "compiled", "graphs", "two_pass", "tight")
_MAX_WIDTH = 1 << 16
_DROPS = ((0.4, 0.1), (0.6, 0.1), (0.8, 0.5))  # of He, Gong, Fan, WACV 2019, of 200 epochs


@dataclass(frozen=True)
class TrainConfig:
    """Everything that decides what training gives, besides the data.

    A model that was made otherwise than by :func:`build` has its own network, widths, bits,
    activations and weights; :func:`train` reads none of these.

    Parameters
    ----------
    dataset : str
        Name of the data set.
    widths : tuple of int, or None
        Outputs of each hidden layer, at most 65536; filters, of convolutions. None stands for
        those of the published network, in :data:`WIDTHS`.
    bits : int
        Width of the activations.
    epochs : int
        Passes over the training images.
    network : str
        Name in :data:`NETWORKS`, which definitions of your own can be added to.
    weights : str
        Quantizer of the weights, by its name in :data:`WEIGHTS`, or ``"float"`` for a network of
        the same shape that is not quantized.
    weight_bits : int, optional
        Width of the weights ``"int"``, 2 to 8; 4 if left out. Others have none.
    first, last : int, optional
        Width of the weights of the first and of the last layer, integers with a learned step
        whatever the others are; as the others if left out. Float networks have none.
    per_filter : bool
        One scale for each filter.
    activations : str
        ``"unsigned"`` codes of ``bits`` bits, ``"ternary"`` {−1, 0, 1} or ``"bipolar"`` {−1, 1}.
    augment : str
        What happens to images in training, by its name in :data:`AUGMENTATIONS`.
    batch : int
        Images a step.
    rate : float
        Learning rate at the start.
    schedule : str
        ``"cosine"`` falls to 0 along half a cosine, ``"step"`` by 10 after each third,
        ``"published"`` by 10, 10 and 2 after 40, 60 and 80 % of the epochs.
    optimizer : str
        ``"adamw"``, or ``"sgd"`` with Nesterov momentum 0.9.
    weight_decay : float
        Decay of the weights; biases, norms and what quantizers learn do not decay.
    scale_decay : float
        Decay of the scales that binary weights learn.
    two_pass : bool
        Move the thresholds that quantizers learn in a pass of their own, ahead of each step of
        everything else, with SGD and Nesterov momentum.
    tight : bool
        Learn bipolar activations with the tight derivative of the sign, see :func:`tight_sign`.
    smoothing : float
        Share of the target that is spread over all classes, 0…1.
    distill : float
        Share of the loss that is the distance to the soft labels of a teacher, 0…1.
    ema : float
        Decay of the moving average that the parameters are replaced by at the end; 0 for none.
    dynamic : tuple of float or of tuple of float
        Narrower networks that are trained within this one, with the same weights: each the
        share of filters, above 0 and at most 1, in all hidden layers, or one for each of
        ``widths``.
    sandwich : int
        How many of them learn in each step, chosen at random, beside the narrowest.
    pruning : Pruning, optional
        What tiles of weights are pruned, and how; none if left out. It happens in the training
        itself or in one of its stages, and what is pruned stays so: jointly with ternarization
        without stages, after it with a ternary stage before, or ahead of it in a float stage.
    stages : tuple of Stage
        What is trained before, one after the other: float first, then with more bits, usually.
    pretrained : str, optional
        File of float weights that the first stage starts from, see :func:`load_pretrained`.
    seed : int
        Seed of initial weights, of the order of images and their augmentation, at least 0.
    device : str
        ``"cpu"`` or ``"cuda"``.
    precision : str
        Precision of products in training: ``"bfloat16"`` is faster where processors have it, and
        rounds sums. Evaluation is exact in any case.
    compiled : bool
        Let PyTorch compile a training step, which takes a minute at the start.
    graphs : bool
        On a CUDA device, launch a training step as one CUDA graph, where all parts of the
        training are capturable. The result is the same.
    threads : int
        On the CPU. Small networks are fastest with one, and the number decides the last digit
        of sums, so that it belongs here.

    Raises
    ------
    TrainingError
        If a value is out of range.
    """

    dataset: str = "own"
    widths: tuple[int, ...] | None = None
    bits: int = 4
    epochs: int = 20
    network: str = "mlp"
    weights: str = "statistical"
    weight_bits: int | None = None
    first: int | None = None
    last: int | None = None
    per_filter: bool = False
    activations: str = "unsigned"
    augment: str = "none"
    batch: int = 64
    rate: float = 0.01
    schedule: str = "cosine"
    optimizer: str = "adamw"
    weight_decay: float = 0.0
    scale_decay: float = 0.0
    two_pass: bool = False
    tight: bool = False
    smoothing: float = 0.0
    distill: float = 0.0
    ema: float = 0.0
    dynamic: tuple[float | tuple[float, ...], ...] = ()
    sandwich: int = 1
    pruning: Pruning | None = None
    stages: tuple[Stage, ...] = ()
    pretrained: str | None = None
    seed: int = 0
    device: str = "cpu"
    precision: str = "float32"
    compiled: bool = False
    graphs: bool = True
    threads: int = 1

    def __post_init__(self):
        widths = WIDTHS.get(self.network, ()) if self.widths is None else self.widths
        object.__setattr__(self, "widths", tuple(widths))
        if isinstance(self.pruning, Mapping):
            object.__setattr__(self, "pruning", Pruning(**self.pruning))
        stages = (each if isinstance(each, Stage) else Stage(**each) for each in self.stages)
        object.__setattr__(self, "stages", tuple(stages))
        require(_RANGES, self)
        require_flags(_FLAGS, self)
        for width in self.widths:
            if not isinstance(width, Integral) or not 1 <= width <= _MAX_WIDTH:
                raise TrainingError(f"widths must be 1…{_MAX_WIDTH}, not {width}")
        self._check_pruning()
        self._check_dynamic()
        for field, choices in _CHOICES.items():
            if getattr(self, field) not in choices:
                raise TrainingError(
                    f"{field} must be one of {', '.join(choices)}, not {getattr(self, field)!r}"
                )
        require_bits(self.weights, self.weight_bits, self.first, self.last)
        if self.tight and self.activations != "bipolar":
            raise TrainingError(
                f"the tight derivative is that of bipolar activations, not of {self.activations}"
            )
        for index in range(len(self.stages)):
            self._training(index)

    def _check_pruning(self) -> None:
        if self.pruning is None:
            return
        stage = self.pruning.stage
        if stage is None:
            self.pruning.until(self.epochs)
        elif stage > len(self.stages):
            raise TrainingError(
                f"pruning happens in stage {stage}, but there are {len(self.stages)}; "
                f"leave it out for the training itself"
            )

    def _check_dynamic(self) -> None:
        object.__setattr__(self, "dynamic", ratios(self.dynamic))
        narrower(self.widths, self.dynamic)

    @property
    def narrower(self) -> Mapping[str, tuple[int, ...]]:
        """Widths of the narrower networks, by names such as ``w50``; see :func:`narrower`."""
        return narrower(self.widths, self.dynamic)

    @property
    def ternary(self) -> bool:
        """Whether the network is quantized."""
        return self.weights != FLOAT

    @property
    def twin(self) -> "TrainConfig":
        """The training of the float network of the same shape, for as many epochs in all."""
        pruning = self.pruning and dataclasses.replace(self.pruning, stage=None)
        return dataclasses.replace(
            self,
            weights=FLOAT,
            **dict.fromkeys(("weight_bits", "first", "last")),
            epochs=self.total_epochs,
            stages=(),
            distill=0.0,
            pruning=pruning,
        )

    @property
    def total_epochs(self) -> int:
        """Epochs of all stages and the training itself."""
        return sum(stage.epochs for stage in self.stages) + self.epochs

    @property
    def trainings(self) -> "list[TrainConfig]":
        """The stages as trainings of their own, and the training itself."""
        return [*map(self._training, range(len(self.stages))), self]

    def _training(self, index: int) -> "TrainConfig":
        stage, pruning = self.stages[index], None
        if self.pruning and self.pruning.stage == index + 1:
            pruning = dataclasses.replace(self.pruning, stage=None)
        weight_bits = stage.weight_bits
        if weight_bits is None and stage.weights == INT:
            weight_bits = self.weight_bits
        return dataclasses.replace(
            self,
            epochs=stage.epochs,
            weights=stage.weights,
            weight_bits=weight_bits,
            first=None if stage.weights == FLOAT else self.first,
            last=None if stage.weights == FLOAT else self.last,
            bits=self.bits if stage.bits is None else stage.bits,
            rate=self.rate if stage.rate is None else stage.rate,
            weight_decay=self.weight_decay if stage.weight_decay is None else stage.weight_decay,
            schedule=stage.schedule or self.schedule,
            distill=0.0 if stage.weights == FLOAT else self.distill,
            stages=self.stages[:index],
            pruning=pruning,
        )

    @property
    def codes(self) -> Codes:
        """Type of the activations."""
        if self.activations == "unsigned":
            return Codes.unsigned(self.bits)
        return Codes.ternary() if self.activations == "ternary" else Codes.bipolar()

    def rate_at(self, epoch: int) -> float:
        """Learning rate of an epoch, counted from 0."""
        if self.schedule == "cosine":
            return self.rate * (1 + math.cos(math.pi * epoch / self.epochs)) / 2
        if self.schedule == "published":
            return self.rate * math.prod(
                factor for share, factor in _DROPS if epoch >= share * self.epochs
            )
        return self.rate * 0.1 ** (3 * epoch // self.epochs)

    def to_dict(self) -> dict:
        """All values, as JSON has them."""
        return {
            **asdict(self),
            "widths": list(self.widths),
            "dynamic": [list(each) if isinstance(each, tuple) else each for each in self.dynamic],
            "pruning": self.pruning and self.pruning.to_dict(),
            "stages": [stage.to_dict() for stage in self.stages],
        }

    def choices(self) -> dict:
        """Values that are not those of the class, as JSON has them.

        They tell one training from another, and stay the same when a later version knows more
        values.
        """
        usual = {field.name: field.default for field in dataclasses.fields(self)}
        return {
            key: value
            for key, value in self.to_dict().items()
            if key in _ALWAYS or getattr(self, key) != usual[key]
        }

    @property
    def recipe(self) -> str:
        """One line for people."""
        widths = "-".join(map(str, self.widths))
        scale = " with a scale for each filter" if self.per_filter else ""
        activations = f"{self.bits}-bit" if self.activations == "unsigned" else self.activations
        parts = [
            f"{self._weight_recipe}{scale}, {self.network} of widths {widths}, "
            f"{activations} activations; {self.optimizer} {self.rate:g} {self.schedule}, decay "
            f"{self.weight_decay:g}, {self.epochs} epochs, batch {self.batch}, label smoothing "
            f"{self.smoothing:g}",
        ]
        if self.augment != "none":
            parts.append(f", augmentation {self.augment}")
        if self.two_pass:
            parts.append(", thresholds in a pass of their own")
        if self.scale_decay:
            parts.append(f", decay of scales {self.scale_decay:g}")
        if self.tight:
            parts.append(", tight derivative of the sign")
        if self.dynamic:
            names = " ".join(self.narrower)
            parts.append(f", dynamic widths {names} with {self.sandwich} at random")
        if self.pruning:
            parts.append(f", {self.pruning.recipe}")
        if self.ema:
            parts.append(f", moving average {self.ema:g}")
        if self.distill:
            parts.append(f", distilled {self.distill:g}")
        if self.pretrained:
            parts.append(f", from {Path(self.pretrained).name}")
        for stage, training in zip(self.stages, self.trainings, strict=False):
            wide = f" of {training.int_bits} bits" if stage.weights == INT else ""
            bits = "" if stage.weights == FLOAT else f" with {training.bits} bits"
            parts.append(f", after {stage.epochs} epochs {stage.weights}{wide}{bits}")
        return "".join([*parts, "; last epoch"])

    @property
    def int_bits(self) -> int:
        """Width of the weights ``"int"``, if they are such."""
        return USUAL_BITS if self.weight_bits is None else self.weight_bits

    @property
    def _weight_recipe(self) -> str:
        widths = {"first": self.first, "last": self.last}
        words = [f"{bits} bits in the {where} layer" for where, bits in widths.items() if bits]
        ends = f" ({', '.join(words)})" if words else ""
        wide = f" of {self.int_bits} bits" if self.weights == INT else ""
        return f"{self.weights} weights{wide}{ends}"
