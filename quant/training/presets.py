"""Trainings by name."""

from dataclasses import replace

from .config import TrainConfig
from .stage import Stage

__all__ = ["PRESETS"]

_RESNET = TrainConfig(
    # The recipe of He, Gong, Fan, WACV 2019.
    "cifar10",
    network="resnet20",
    widths=(16, 32, 64),
    bits=4,
    epochs=200,
    augment="crop_flip",
    batch=128,
    rate=0.1,
    schedule="published",
    optimizer="sgd",
    weight_decay=3e-4,
    precision="bfloat16",
    device="cuda",
)
_RESNET_CPU = replace(
    # As many epochs as two cores do in half an hour.
    _RESNET,
    dataset="cifar10_jpeg",
    epochs=20,
    schedule="cosine",
    compiled=True,
    device="cpu",
)

_APOT = replace(
    # The recipe of Li, Dong, Wang, ICLR 2020, as in the authors' code, but for uniform weights in
    # the stages of 4 and 3 bits, and rates that fall after each third.
    _RESNET,
    bits=2,
    epochs=300,
    weights="clip",
    first=8,
    last=8,
    rate=0.04,
    schedule="step",
    weight_decay=3e-5,
    stages=(
        Stage(300, rate=0.1, weight_decay=5e-4),
        Stage(300, "int", bits=4, weight_bits=4, weight_decay=1e-4),
        Stage(300, "int", bits=3, weight_bits=3, weight_decay=1e-4),
    ),
)
_APOT_CPU = replace(
    # As many epochs in all as those of the other trainings on two cores.
    _APOT,
    dataset="cifar10_jpeg",
    epochs=10,
    schedule="cosine",
    stages=tuple(
        replace(stage, epochs=epochs) for stage, epochs in zip(_APOT.stages, (6, 2, 2), strict=True)
    ),
    compiled=True,
    device="cpu",
)

_IMAGENET = TrainConfig(
    # The recipe of He, Fan, CVPR 2019, from pretrained weights, but for rates that fall along a
    # cosine.
    "imagenet",
    network="resnet18",
    bits=4,
    epochs=50,
    weights="tga",
    two_pass=True,
    batch=256,
    rate=1e-4,
    weight_decay=5e-6,
    precision="bfloat16",
    device="cuda",
)

PRESETS = {
    # Chosen on validation images taken out of the training images, six seeds each.
    "digits": TrainConfig("digits", widths=(64, 64), bits=2, epochs=60, smoothing=0.1),
    "lenet-digits": TrainConfig(
        "digit_maps", network="lenet", widths=(16, 32), bits=2, epochs=60, smoothing=0.1
    ),
    "lenet-mnist": TrainConfig(
        "mnist", network="lenet", widths=(8, 16, 64), bits=2, epochs=15, batch=128, smoothing=0.05
    ),
    "lenet-mnist8": TrainConfig(
        "mnist8",
        network="lenet",
        widths=(16, 32, 128),
        bits=4,
        epochs=20,
        batch=128,
        augment="shift",
        smoothing=0.05,
    ),
    "lenet-fashion": TrainConfig(
        "fashion_mnist",
        network="lenet",
        widths=(32, 64, 256),
        bits=4,
        epochs=20,
        batch=128,
        rate=0.005,
        augment="shift",
        smoothing=0.05,
    ),
    "ds_cnn-speech": TrainConfig(
        "speech_commands",
        network="ds_cnn",
        widths=(64,) * 5,
        bits=4,
        epochs=60,
        batch=64,
        rate=0.005,
        augment="time_shift",
        smoothing=0.1,
    ),
    "mlp-magic": TrainConfig("magic", widths=(64, 64), bits=4, epochs=30, batch=128),
    "mlp-letter": TrainConfig("letter", widths=(256, 256), bits=4, epochs=30, batch=128),
    "mlp-pendigits": TrainConfig("pendigits", widths=(64, 64), bits=4, epochs=30),
    # For data of one's own; their files take the place of the name.
    "table": TrainConfig("own", widths=(64, 64), bits=4, epochs=60, batch=32, smoothing=0.05),
    "images": TrainConfig(
        "own", network="lenet", widths=(16, 32, 64), bits=4, epochs=30, batch=64, smoothing=0.05
    ),
    "resnet20-cifar10": _RESNET,
    "resnet20-cifar10-2bit": replace(_RESNET, bits=2),
    "resnet20-cifar10-apot": _APOT,
    "resnet20-jpeg": _RESNET_CPU,
    "resnet20-jpeg-2bit": replace(_RESNET_CPU, bits=2),
    "resnet20-jpeg-widths": replace(_RESNET_CPU, epochs=12, dynamic=(0.5, 0.25)),
    "resnet20-jpeg-staged": replace(
        _RESNET_CPU, epochs=12, rate=0.05, stages=(Stage(8, rate=0.1),), distill=0.5
    ),
    "resnet20-jpeg-apot": _APOT_CPU,
    **{
        f"{network}-imagenet": replace(_IMAGENET, network=network, widths=None)
        for network in ("resnet18", "resnet34", "resnet50")
    },
    "resnet8-jpeg": replace(_RESNET_CPU, network="resnet8", epochs=6),
}
"""Configurations by name."""
