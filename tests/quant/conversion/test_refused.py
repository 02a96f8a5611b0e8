import re

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional
from torch.nn.utils import prune

from threefold.errors import TrainingError
from threefold.network import Codes, Integers, Tensor
from threefold.quant import Kit, mlp, ternarize

MAPS = Tensor((6, 6, 2), Codes.unsigned(4))
ROW = Tensor((1, 1, 8), Codes.unsigned(4))


class Computes(nn.Module):
    """A module of a function of an image and layers."""

    def __init__(self, function, *layers):
        super().__init__()
        self.layers = nn.ModuleList(layers)
        self.function = function

    def forward(self, x):
        return self.function(x, *self.layers)


def end(inputs=72):
    return nn.Sequential(nn.Flatten(), nn.Linear(inputs, 3))


def conv(**options):
    return nn.Conv2d(2, 2, 3, **options)


def chain(*layers):
    return nn.Sequential(*layers, nn.Flatten(), nn.LazyLinear(3))


def built(module, input):
    """``module`` once its lazy layers know their shape."""
    height, width, channels = input.shape
    with torch.no_grad():
        module.eval()(torch.zeros(1, *((channels, height, width) if height > 1 else (channels,))))
    return module


INSTEAD = {
    "use ReLU": [nn.GELU(), nn.LeakyReLU(), nn.SiLU()],
    "use ReLU6": [nn.Sigmoid()],
    "use Hardtanh": [nn.Tanh()],
    "use BatchNorm": [nn.GroupNorm(1, 2), nn.InstanceNorm2d(2)],
    "leave it out, or put it at the end, along the classes": [nn.Softmax(1)],
    "nothing in hardware enlarges maps": [nn.Upsample(scale_factor=2), nn.ConvTranspose2d(2, 2, 3)],
    "use MaxPool or AvgPool": [nn.LPPool2d(2, 2)],
    "use Conv, Linear, BatchNorm, ReLU, MaxPool or AvgPool": [nn.ReflectionPad2d(1)],
    "it has dilation (2, 2); use 1": [conv(dilation=2)],
    "it has dilation 2; use 1": [nn.MaxPool2d(2, dilation=2)],
    "it has padding_mode 'reflect'; use 'zeros'": [conv(padding=1, padding_mode="reflect")],
    "averages are those of whole windows; leave out padding and divisors": [
        nn.AvgPool2d(2, padding=1),
        nn.AvgPool2d(2, divisor_override=3),
    ],
    "its last windows hang over the map; leave out ceil_mode": [nn.MaxPool2d(4, 4, ceil_mode=True)],
    "the size of its output must divide that of its input; use size 1": [nn.AdaptiveAvgPool2d(4)],
    "put it directly behind a layer with weights": [
        nn.Sequential(nn.Conv2d(2, 2, 1), nn.ReLU(), nn.BatchNorm2d(2)),
        nn.Sequential(nn.Conv2d(2, 2, 1), nn.MaxPool2d(2), nn.BatchNorm2d(2)),
    ],
    "it keeps no statistics; make it with track_running_stats=True": [
        nn.BatchNorm2d(2, track_running_stats=False)
    ],
    "it clips at -1 and 2; use 0 and above, or −1 and 1 alike": [nn.Hardtanh(-1, 2)],
    "vectors are made of whole maps; leave out start_dim and end_dim": [nn.Flatten(2)],
    "nothing cuts maps; leave out padding below 0": [nn.ZeroPad2d((-1, 0, 0, 0))],
    "zeros are padded in front of a convolution, not of anything else": [
        nn.Sequential(nn.ZeroPad2d(1), nn.MaxPool2d(2)),
        nn.Sequential(nn.ZeroPad2d(1), nn.ReLU()),
    ],
}


@pytest.mark.parametrize(
    ("layer", "advice"), [(layer, advice) for advice, layers in INSTEAD.items() for layer in layers]
)
def test_layers_that_have_no_twin(layer, advice):
    module = built(chain(layer), MAPS)
    path, last = "0", layer
    if isinstance(layer, nn.Sequential):
        path, last = f"0.{len(layer) - 1}", layer[-1]
    message = (
        f"Sequential has a layer without a ternary twin: {path} ({type(last).__name__}): {advice}"
    )
    with pytest.raises(TrainingError, match=f"^{re.escape(message)}$"):
        ternarize(module, MAPS)


def test_all_layers_without_a_twin_are_named_at_once():
    inner = nn.Sequential(nn.Conv2d(2, 2, 1), nn.GELU())
    module = nn.Sequential(
        inner, nn.GroupNorm(1, 2), Computes(lambda x: x * 2 + 1), end(), nn.Tanh()
    )
    message = (
        "Sequential has 5 layers without a ternary twin: 0.1 (GELU): use ReLU; 1 (GroupNorm): use "
        "BatchNorm; mul in 2: nothing of a network does that; compute with layers and sums of "
        "branches; add in 2: nothing of a network does that; compute with layers and sums of "
        "branches; 4 (Tanh): use Hardtanh"
    )
    with pytest.raises(TrainingError, match=f"^{re.escape(message)}$"):
        ternarize(module, MAPS)


UNKNOWN = "nothing of a network does that; compute with layers and sums of branches"
FUNCTIONS = {
    f"gelu in forward: {UNKNOWN}": lambda x: functional.gelu(x),
    f"sigmoid in forward: {UNKNOWN}": lambda x: x.sigmoid(),
    "mul in forward: only sums join two tensors, x + y": lambda x: x * x.relu(),
    "cat in forward: only sums join two tensors, x + y": lambda x: torch.cat((x, x.relu()), 1),
    "add in forward: sums are those of tensors of one shape": lambda x: x + x.mean((2, 3), True),
    "add in forward: sums are those of two branches": lambda x: torch.add(x, x.relu(), alpha=2),
    "add in forward: a tensor is added to itself; multiply the weights behind it by 2": (
        lambda x: x + x
    ),
    f"permute in forward: {UNKNOWN}": lambda x: x.permute(0, 2, 3, 1),
    "reshape in forward: maps become vectors, but 2×6×6 does not become 4×3×6; use Flatten": (
        lambda x: x.reshape(-1, 4, 3, 6)
    ),
    "mean in forward: a mean is that of all pixels of a map, x.mean((2, 3))": lambda x: x.mean(1),
    "pad in forward: only zeros are padded, around maps or between channels": (
        lambda x: functional.pad(x, (1, 1), value=1.0)
    ),
    "pad in forward: pad channels and pixels one after the other": (
        lambda x: functional.pad(x, (1, 0, 0, 0, 1, 0))
    ),
    "pad in forward: nothing cuts channels off; leave out padding below 0": (
        lambda x: functional.pad(x, (0, 0, 0, 0, -1, 2))
    ),
    "pad in forward (ZeroPad2d): nothing cuts maps; leave out padding below 0": (
        lambda x: functional.pad(x, (-1, 0))
    ),
    "getitem in forward: only pixels can be left out, x[:, :, ::2, ::2]": lambda x: x[:, :1],
    "clamp in forward: a clamp needs both ends": lambda x: x.clamp(max=1),
}


@pytest.mark.parametrize(("message", "function"), FUNCTIONS.items())
def test_functions_that_have_no_layer(message, function):
    module = Computes(
        lambda x, layer, last: last(function(layer(x)).flatten(1)), nn.Conv2d(2, 2, 1)
    )
    with torch.no_grad():
        size = function(torch.zeros(1, 2, 6, 6)).flatten(1).shape[1]
    module.layers.append(nn.Linear(size, 3))
    message = f"Computes has a layer without a ternary twin: {message}"
    with pytest.raises(TrainingError, match=f"^{re.escape(message)}$"):
        ternarize(module, MAPS)


def crossing(x, one, two, three, last):
    a, b = one(x), two(x)
    return last((three(a) + b) + a)


@pytest.mark.parametrize(
    ("module", "message"),
    [
        (
            Computes(lambda x, last: last(x) if x.sum() > 0 else x, end()),
            "Computes decides by its input what it computes, which hardware does not; write its "
            "forward without if, while and for over tensors and their shapes",
        ),
        (
            Computes(lambda x, last: last(torch.zeros(len(x))), end()),
            "Computes cannot be traced: 'len' is not supported in symbolic tracing by default. If "
            "you want this call to be recorded, please call torch.fx.wrap('len') at module scope",
        ),
        (
            Computes(lambda x, last: (last(x), x), end()),
            "Computes has several outputs, but a network has one",
        ),
        (
            Computes(lambda x, last: torch.zeros(3), end()),
            "the output of Computes does not follow from its first input",
        ),
        (
            Computes(crossing, *(nn.Conv2d(2, 2, 1) for _ in range(3)), end()),
            "layers.0 is in branches that cross; add two branches of one tensor at a time",
        ),
        (
            nn.Sequential(end(), nn.ReLU()),
            "Sequential has a layer without a ternary twin: 1 (ReLU): a network ends in a layer "
            "with weights, with one output a class",
        ),
        (
            nn.Sequential(),
            "Sequential has a layer without a ternary twin: Sequential: a network ends in a layer "
            "with weights, with one output a class",
        ),
        (
            nn.Sequential(nn.Conv2d(2, 3, 6, padding=1), nn.MaxPool2d(3), nn.Flatten()),
            "Sequential has a layer without a ternary twin: 2 (Flatten): a network ends in a layer "
            "with weights, with one output a class",
        ),
        (
            nn.Sequential(nn.Conv2d(2, 3, 3), nn.Flatten()),
            "Sequential has a layer without a ternary twin: 1 (Flatten): outputs are of one pixel; "
            "leave out what follows the last layer",
        ),
        (
            nn.Sequential(nn.Flatten(), nn.Linear(70, 3)),
            "Sequential does not read images of 6×6×2 codes 0…15, channels first: mat1 and mat2 "
            "shapes cannot be multiplied (2x72 and 70x3)",
        ),
        (
            nn.Linear(6, 3),
            "Linear does not read images of 6×6×2 codes 0…15, channels first: 0 reads "
            "3-dimensional images, not vectors",
        ),
        (
            nn.Sequential(nn.LazyLinear(3)),
            "0.weight has no shape yet; run a batch through the module first",
        ),
        (
            nn.Sequential(nn.MaxPool2d(2, return_indices=True)),
            "Sequential has a layer without a ternary twin: 0 (MaxPool2d): it has return_indices "
            "True; use False",
        ),
        (
            Computes(lambda x, last: last(torch.cat(x.chunk(2, 1), 1)), end()),
            f"Computes has 2 layers without a ternary twin: chunk in forward: {UNKNOWN}; cat in "
            f"forward: {UNKNOWN}",
        ),
        (
            Computes(
                lambda x, layer, last: last(functional.conv2d(x, layer.weight)), conv(), end(32)
            ),
            "Computes has a layer without a ternary twin: conv2d in forward: parameters belong in "
            "layers; use one of torch.nn",
        ),
        (
            prune.identity(nn.Linear(72, 3), "weight"),
            "the module is pruned for the time being; call prune.remove first",
        ),
        (len, "a module of PyTorch is wanted, not builtin_function_or_method"),
        (mlp(ROW, [4], 3, Kit(2)), "the module is a model already; train or export it"),
    ],
)
def test_modules_that_are_no_network(module, message):
    with pytest.raises(TrainingError, match=f"^{re.escape(message)}$"):
        ternarize(module, MAPS)


OVERWRITING = {
    "layers.1": lambda y, relu: relu(y) + y,
    "relu in forward": lambda y, relu: functional.relu(y, True) + y,
    "relu in forward: view": lambda y, relu: y.view(-1, 2, 6, 6).relu_() + y,
    "add in forward": lambda y, relu: y.add_(functional.relu(y)) + y,
}


@pytest.mark.parametrize("case", OVERWRITING)
def test_what_is_changed_in_place_and_read_again(case):
    module = Computes(
        lambda x, conv, relu, last: last(OVERWRITING[case](conv(x), relu)),
        *(nn.Conv2d(2, 2, 1), nn.ReLU(inplace=True), end()),
    )
    message = (
        f"Computes has a layer without a ternary twin: {case.partition(':')[0]}: it changes in "
        "place what is read again; let it make a new tensor"
    )
    with pytest.raises(TrainingError, match=f"^{re.escape(message)}$"):
        ternarize(module, MAPS)


@pytest.mark.parametrize(
    "function",
    [
        lambda y: functional.relu(y, True),
        lambda y: functional.relu(y, True).view(y.size(0), 2, 6, 6),
    ],
)
def test_what_is_changed_in_place_and_not_read_again(function):
    module = Computes(lambda x, conv, last: last(function(conv(x))), nn.Conv2d(2, 2, 1), end())
    assert ternarize(module, MAPS).layers


def test_layers_with_hooks():
    module = nn.Sequential(conv(), end(32))
    hook = module[0].register_forward_hook(lambda layer, inputs, output: 2 * output)
    message = (
        "Sequential has a layer without a ternary twin: 0: it has a hook, which is not converted; "
        "remove that"
    )
    with pytest.raises(TrainingError, match=f"^{re.escape(message)}$"):
        ternarize(module, MAPS)
    hook.remove()
    nn.utils.spectral_norm(module[0])
    assert ternarize(module, MAPS).layers


def test_a_softmax_over_the_batch():
    message = (
        "Sequential has a layer without a ternary twin: 1 (Softmax): leave it out, or put it at "
        "the end, along the classes"
    )
    with pytest.raises(TrainingError, match=f"^{re.escape(message)}$"):
        ternarize(nn.Sequential(end(), nn.Softmax(0)), MAPS)
    for dim in (1, -1):
        assert ternarize(nn.Sequential(end(), nn.LogSoftmax(dim)), MAPS).layers


def test_a_norm_behind_a_layer_that_is_refused():
    """It is where it belongs, so that the layer alone is named."""
    padded = nn.Sequential(nn.Conv2d(2, 2, 3, padding=1), nn.BatchNorm2d(2), nn.ReLU(), end())
    with pytest.raises(TrainingError, match=r"has a layer without a ternary twin: 0 \(Conv2d\)"):
        ternarize(padded, MAPS, mean=0.5)
    message = "has a layer without a ternary twin: 1 (BatchNorm2d): put it directly behind a layer"
    misplaced = nn.Sequential(nn.ReLU(), nn.BatchNorm2d(2), end())
    with pytest.raises(TrainingError, match=re.escape(message)):
        ternarize(misplaced, MAPS)


def test_zeros_around_a_branch():
    module = Computes(
        lambda x, conv, last: last(x + functional.pad(conv(x), (1, 1, 1, 1))), conv(), end()
    )
    message = (
        "Computes has a layer without a ternary twin: add in forward: zeros are padded in front of "
        "a convolution, not of anything else"
    )
    with pytest.raises(TrainingError, match=f"^{re.escape(message)}$"):
        ternarize(module, MAPS)


def test_layers_used_twice():
    layer = nn.Linear(8, 8)
    module = nn.Sequential(layer, nn.ReLU(), layer, nn.ReLU(), nn.Linear(8, 2))
    message = "Sequential has a layer without a ternary twin: 0: it is used twice; use a copy of it"
    with pytest.raises(TrainingError, match=f"^{re.escape(message)}$"):
        ternarize(module, ROW)


def test_vectors_of_maps_are_not_added():
    module = Computes(
        lambda x, body, last: last(body(x.flatten(1)) + x.flatten(1)),
        nn.Linear(72, 72),
        nn.Linear(72, 3),
    )
    message = (
        "Computes has a layer without a ternary twin: add in forward: vectors of maps are in "
        "another order; add before Flatten"
    )
    with pytest.raises(TrainingError, match=f"^{re.escape(message)}$"):
        ternarize(module, MAPS)


@pytest.mark.parametrize(
    ("layers", "advice"),
    [
        (
            [conv(padding=1)],
            "0 (Conv2d): it pads with zeros, but a normalized 0 is the mean of the images; leave "
            "out mean, and train",
        ),
        (
            [nn.ReLU(), conv()],
            "0 (ReLU): the input is normalized, so that a layer with weights comes first",
        ),
    ],
)
def test_normalizations_that_do_not_fold(layers, advice):
    module = built(chain(*layers), MAPS)
    message = f"Sequential has a layer without a ternary twin: {advice}"
    with pytest.raises(TrainingError, match=f"^{re.escape(message)}$"):
        ternarize(module, MAPS, mean=0.5)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"mean": (1, 2, 3)}, "mean is one number or 2, one a channel, not (1, 2, 3)"),
        ({"std": (1, 0)}, "std must be finite above 0, not (1, 0)"),
        ({"mean": np.inf}, "mean must be finite, not inf"),
        ({"bits": 9}, "activations are quantized to 1…8 bits, not 9"),
        (
            {"weights": "octal"},
            "there are no weights 'octal'; there is binary, clip, expanded2, expanded4, float, "
            "int, statistical, tga",
        ),
        (
            {"weight_bits": 3},
            "weight_bits are those of weights 'int', not of 'statistical'; leave them out",
        ),
        ({"weights": "int", "last": 9}, "integer weights have 2…8 bits, not 9"),
        ({"input": Tensor((6, 6, 2), Integers(0, 3))}, "a model reads codes, not integers 0…3"),
    ],
)
def test_values_out_of_range(options, message):
    module = nn.Sequential(nn.Conv2d(2, 2, 3), nn.ReLU(), end(32))
    with pytest.raises(TrainingError, match=f"^{re.escape(message)}$"):
        ternarize(module, options.pop("input", MAPS), **options)


@pytest.mark.parametrize(
    ("weight", "message"),
    [
        (torch.nan, "weight is not finite everywhere; train the module again"),
        (1j, "weight is complex64, but weights are real numbers"),
    ],
)
def test_weights_that_are_no_numbers(weight, message):
    module = nn.Linear(8, 3)
    module.weight = nn.Parameter(torch.full((3, 8), weight))
    with pytest.raises(TrainingError, match=f"^{re.escape(message)}$"):
        ternarize(module, ROW)


def test_what_is_in_branches_is_named_alone():
    module = Computes(lambda x, body, last: last(x + body(x)), nn.GELU(), end())
    message = "Computes has a layer without a ternary twin: layers.0 (GELU): use ReLU"
    with pytest.raises(TrainingError, match=f"^{re.escape(message)}$"):
        ternarize(module, MAPS)
