"""Plain PyTorch modules: of the literature in small, and random ones."""

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from threefold.network import Codes, Tensor

__all__ = ["MODULES", "disturbed", "random_module", "real", "values_of"]


class Mnist(nn.Module):
    """As in PyTorch's own example: pools in front of activations, dropout, a softmax."""

    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(1, 3, kernel_size=3)
        self.conv2 = nn.Conv2d(3, 4, kernel_size=3)
        self.conv2_drop = nn.Dropout2d()
        self.fc1 = nn.Linear(16, 9)
        self.fc2 = nn.Linear(9, 5)

    def forward(self, x):
        x = functional.relu(functional.max_pool2d(self.conv1(x), 2))
        x = functional.relu(functional.max_pool2d(self.conv2_drop(self.conv2(x)), 2))
        x = x.reshape(x.size(0), -1)
        x = functional.dropout(functional.relu(self.fc1(x)), training=self.training)
        return functional.log_softmax(self.fc2(x), dim=1)


class Block(nn.Module):
    def __init__(self, channels, filters, stride=1, *, projection=True):
        super().__init__()
        self.conv1 = nn.Conv2d(channels, filters, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(filters)
        self.conv2 = nn.Conv2d(filters, filters, 3, padding="same")
        self.bn2 = nn.BatchNorm2d(filters, affine=False, momentum=None)
        self.relu = nn.ReLU(inplace=True)
        self.added, self.stride, self.down = filters - channels, stride, None
        if projection and (stride, channels) != (1, filters):
            conv = nn.Conv2d(channels, filters, 1, stride, bias=False)
            self.down = nn.Sequential(conv, nn.BatchNorm2d(filters))

    def forward(self, x):
        out = self.relu(self.bn1(self.conv1(x)))
        out = self.bn2(self.conv2(out))
        if self.down is not None:
            out += self.down(x)
        elif self.added:
            less = x[:, :, :: self.stride, :: self.stride]
            out = torch.add(functional.pad(less, (0, 0, 0, 0, 1, self.added - 1)), out)
        else:
            out = out + x
        return self.relu(out)


class ResNet(nn.Module):
    def __init__(self, projection=True):
        super().__init__()
        self.stem = nn.Sequential(nn.Conv2d(3, 4, 3, padding=1), nn.BatchNorm2d(4), nn.ReLU())
        self.blocks = nn.Sequential(
            Block(4, 4), nn.Sequential(Block(4, 6, 2, projection=projection), nn.Identity())
        )
        self.fc = nn.Linear(6, 5)

    def forward(self, x):
        return self.fc(self.blocks(self.stem(x)).mean((2, 3)))


class Bottleneck(nn.Module):
    """As in MobileNetV2: ReLU6, depthwise, no activation at the end, sums that are added to."""

    def __init__(self, channels):
        super().__init__()
        self.layers = nn.Sequential(
            *(nn.Conv2d(channels, 8, 1, bias=False), nn.BatchNorm2d(8), nn.ReLU6(inplace=True)),
            *(nn.Conv2d(8, 8, 3, 1, 1, groups=8), nn.BatchNorm2d(8), nn.ReLU6()),
            *(nn.Conv2d(8, channels, 1, bias=False), nn.BatchNorm2d(channels)),
        )

    def forward(self, x):
        return x + self.layers(x)


def mobile():
    return nn.Sequential(
        *(nn.ZeroPad2d((0, 1, 0, 1)), nn.Conv2d(3, 4, 3, 2, bias=False), nn.BatchNorm2d(4)),
        *(Bottleneck(4), Bottleneck(4), nn.Conv2d(4, 6, 1), nn.ReLU6()),
        *(nn.AdaptiveAvgPool2d((1, 1)), nn.Flatten(), nn.Dropout(0.2), nn.Linear(6, 5)),
    )


def within():
    """A sum within the body of another, and activations at the end of both branches."""

    class Sum(nn.Module):
        def __init__(self, body, shortcut=None):
            super().__init__()
            self.body, self.shortcut = body, shortcut or nn.Identity()

        def forward(self, x):
            return self.body(x) + self.shortcut(x)

    def conv():
        return nn.Sequential(nn.Conv2d(4, 4, 3, padding=1), nn.BatchNorm2d(4), nn.ReLU())

    return nn.Sequential(
        *(nn.Conv2d(3, 4, 1), nn.ReLU(), Sum(nn.Sequential(conv(), Sum(conv(), conv())))),
        *(nn.MaxPool2d(3, 2, 1), nn.Conv2d(4, 5, 3), nn.Flatten()),
    )


def lenet():
    return nn.Sequential(
        *(nn.Conv2d(1, 3, 3, padding="same"), nn.Hardtanh(-2, 2), nn.AvgPool2d(2)),
        *(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.AdaptiveMaxPool2d(3), nn.Hardtanh(0, 3)),
        *(nn.Flatten(), nn.Linear(36, 7), nn.BatchNorm1d(7), nn.ReLU()),
        *(nn.Linear(7, 6), nn.Linear(6, 5), nn.BatchNorm1d(5)),
        *(nn.Softmax(1), nn.Identity()),
    )


def averages():
    """Averages of weights without an activation, windows of even size."""
    return nn.Sequential(
        *(nn.Conv2d(3, 4, (2, 4), padding="same"), nn.AvgPool2d(2), nn.ReLU(), nn.Flatten()),
        nn.Linear(36, 3),
    )


def signal():
    return nn.Sequential(
        *(nn.Conv1d(2, 4, 3, padding=1), nn.BatchNorm1d(4), nn.ReLU(), nn.MaxPool1d(2)),
        *(nn.Conv1d(4, 4, 3, stride=2, groups=2), nn.ReLU(), nn.AvgPool1d(2)),
        *(nn.AdaptiveAvgPool1d(1), nn.Flatten(), nn.Linear(4, 3)),
    )


def table():
    return nn.Sequential(
        *(nn.BatchNorm1d(6), nn.Linear(6, 8, bias=False), nn.BatchNorm1d(8), nn.ReLU()),
        *(nn.Linear(8, 8), nn.ReLU(), nn.Dropout(), nn.Linear(8, 3, bias=False)),
    )


def vectors():
    """Reads maps as vectors."""
    return nn.Sequential(nn.Linear(24, 6), nn.ReLU(), nn.Linear(6, 3))


BYTES = Codes.unsigned(8)
MODULES = {
    "mnist": (Mnist, Tensor((14, 14, 1), BYTES), {"mean": 0.1307, "std": 0.3081}),
    "resnet": (ResNet, Tensor((6, 6, 3), BYTES), {"std": (0.2, 0.3, 0.4)}),
    "option_a": (lambda: ResNet(projection=False), Tensor((6, 6, 3), Codes.signed(8)), {}),
    "mobile": (mobile, Tensor((6, 6, 3), Codes.unsigned(4)), {}),
    "within": (within, Tensor((5, 5, 3), BYTES), {"mean": (0.1, 0.5, 0.2), "std": (0.2, 0.3, 4)}),
    "lenet": (lenet, Tensor((10, 10, 1), BYTES), {}),
    "averages": (averages, Tensor((6, 6, 3), BYTES), {}),
    "signal": (signal, Tensor((1, 16, 2), Codes.signed(6)), {"std": (2, 0.5)}),
    "table": (table, Tensor((1, 1, 6), BYTES), {"mean": [0.1, 0.2, 0.3, 0.4, 0.5, 0.6], "std": 2}),
    "vectors": (vectors, Tensor((3, 4, 2), Codes.unsigned(4)), {"mean": (0.25, 0.5)}),
}
"""By name: what makes the module, the type of its images, and how they are normalized."""


def random_module(seed):
    """A module of random layers, and the type of its images."""
    random = np.random.default_rng(seed)

    def pick(*values):
        return values[random.integers(len(values))]

    size, channels = pick(6, 7, 8), pick(1, 2, 3)
    input = Tensor((size, size, channels), pick(Codes.unsigned(8), Codes.signed(4)))
    layers = []
    for _ in range(pick(1, 2)):
        groups = pick(1, channels)
        filters = groups * pick(2, 3)
        layers.append(
            nn.Conv2d(
                *(channels, filters, pick(1, 2, 3), pick(1, 1, 2), pick(0, 0, 1)),
                groups=groups,
                bias=pick(True, False),
            )
        )
        layers += pick([], [nn.BatchNorm2d(filters)])
        activation = pick(nn.ReLU(), nn.ReLU6(), nn.Hardtanh(), nn.Identity())
        pool = pick(nn.Identity(), nn.MaxPool2d(2), nn.AdaptiveMaxPool2d(1))
        layers += pick([activation, pool], [pool, activation], [activation, nn.AvgPool2d(1)])
        channels = filters
        if pick(True, False):
            layers.append(Block(channels, channels))
    layers.append(pick(nn.Flatten(), nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten())))
    try:
        outputs = nn.Sequential(*layers).eval()(torch.zeros(1, input.shape[2], size, size)).shape[1]
    except RuntimeError:  # a map that is too small
        return random_module(seed + 1000)
    if pick(True, False):
        layers += [nn.Linear(outputs, 6), nn.ReLU()]
        outputs = 6
    return nn.Sequential(*layers, nn.Linear(outputs, 3)), input


def disturbed(module, seed=0):
    """``module`` in evaluation mode, with biases, and norms of every kind of slope."""
    random = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for layer in module.modules():
            if getattr(layer, "bias", None) is not None:
                layer.bias.normal_(0, 0.2, generator=random)
            if isinstance(layer, nn.modules.batchnorm._BatchNorm):
                layer.running_mean.normal_(0, 0.3, generator=random)
                layer.running_var.uniform_(0.3, 2, generator=random)
                if layer.affine:
                    layer.weight.normal_(generator=random)
    return module.eval()


def values_of(input, count, seed=0):
    """Random images of codes."""
    shape = (count, *input.shape)
    return np.random.default_rng(seed).integers(0, input.element.max_code + 1, shape)


def real(input, images, reads, mean=0.0, std=1.0):
    """What a module reads in the place of ``images``: ``reads`` maps, signals or vectors."""
    codes = input.element
    values = (codes.step * images + codes.offset) / max(abs(codes.lo), abs(codes.hi))
    values = (values - np.asarray(mean)) / np.asarray(std)
    if reads == "vectors":
        values = values.reshape(len(values), -1)
    else:
        values = values.transpose(0, 3, 1, 2)
        values = values[:, :, 0] if reads == "signals" else values
    return torch.from_numpy(np.ascontiguousarray(values, np.float32))
