import re

import pytest
import torch
from published_resnet import PublishedResNet
from torch import nn

from threefold.errors import TrainingError
from threefold.network import Codes, Tensor
from threefold.quant import Kit, Model, Norm, load_pretrained, resnet_imagenet
from threefold.quant.models import FLOAT

BYTES = Codes.signed(8)
BASIC, DEEP = {"blocks": (1, 2)}, {"blocks": (2, 1), "deep": True}


def model(options, codes=BYTES, classes=7, weights=FLOAT):
    kit = Kit(4, weights=weights)
    return resnet_imagenet(Tensor((20, 18, 3), codes), (4, 6), classes, kit, **options).eval()


def published(options):
    """A network with statistics and slopes as if it was trained."""
    torch.manual_seed(0)
    net = PublishedResNet(widths=(4, 6), classes=7, **options)
    for layer in net.modules():
        if isinstance(layer, nn.BatchNorm2d):
            nn.init.normal_(layer.running_mean)
            nn.init.uniform_(layer.running_var, 0.5, 2)
            nn.init.normal_(layer.weight)
            nn.init.normal_(layer.bias)
    return net.eval()


def pixels():
    torch.manual_seed(1)
    return torch.randint(0, 256, (3, 20, 18, 3), dtype=torch.uint8)


@pytest.mark.parametrize("options", [BASIC, DEEP], ids=["basic", "deep"])
@pytest.mark.parametrize(
    ("codes", "mean"),
    # at the border both pad the same where the mean is the pixel that code values of 0 mean
    [(BYTES, 128 / 255), (Codes.unsigned(8), 0.0)],
)
def test_the_model_computes_what_the_published_network_does(options, codes, mean):
    net, std = published(options), (0.2, 0.3, 0.25)
    ours = model(options, codes)
    assert load_pretrained(ours, net.state_dict(), mean=[mean] * 3, std=std)
    images = pixels()
    around = torch.tensor(std).reshape(3, 1, 1)
    with torch.no_grad():
        expected = net((images.permute(0, 3, 1, 2) / 255 - mean) / around)
        torch.testing.assert_close(ours(images).value.float(), expected, rtol=1e-4, atol=1e-4)


def test_a_mean_goes_into_the_first_norm():
    net, ours = published(BASIC), model(BASIC)
    mean, std = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
    assert load_pretrained(ours, net.state_dict())
    images = pixels()
    normalized = (images.permute(0, 3, 1, 2) / 255 - torch.tensor(mean).reshape(3, 1, 1)) / (
        torch.tensor(std).reshape(3, 1, 1)
    )
    with torch.no_grad():
        expected = net.bn1(net.conv1(normalized))
        first = ours.layers[1](ours.layers[0](ours.read(images))).value
    inside = slice(2, -2)
    torch.testing.assert_close(
        first[:, :, inside, inside].float(),
        expected[:, :, inside, inside],
        rtol=1e-4,
        atol=1e-4,
    )
    assert not torch.allclose(first.float(), expected, atol=1e-3)  # but not at the border


def test_a_classifier_of_other_classes_stays():
    net, ours = published(BASIC), model(BASIC, classes=3)
    before = ours.layers[-1].weight.detach().clone()
    assert not load_pretrained(ours, net.state_dict())
    assert torch.equal(ours.layers[-1].weight, before)
    assert torch.equal(ours.layers[4].body[3].weight, net.layer1[0].conv2.weight)


def test_biases_in_front_of_norms_go_into_them(tmp_path):
    net = published(BASIC)
    plain, biased = model(BASIC), model(BASIC)
    load_pretrained(plain, net.state_dict())
    shifted = {}
    for key, tensor in net.state_dict().items():
        shifted[key] = tensor
        if key == "layer1.0.conv1.weight":
            shifted["layer1.0.conv1.bias"] = torch.full((4,), 0.5)
        if key == "layer1.0.bn1.running_mean":
            shifted[key] = tensor + 0.5
    torch.save({"state_dict": shifted}, tmp_path / "net.pt")
    load_pretrained(biased, tmp_path / "net.pt")
    with torch.no_grad():
        torch.testing.assert_close(biased(pixels()).value, plain(pixels()).value)


def without(key):
    return lambda state: {each: tensor for each, tensor in state.items() if each != key}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (without("conv1.weight"), "another network: bn1 (a norm of 4 channels) stands where the"),
        (without("bn1.bias"), "layer bn1 of the pretrained weights lacks bias"),
        (lambda state: dict(list(state.items())[:-2]), "have 16 layers with weights or statistics"),
        (lambda state: state | {"more.weight": torch.zeros(4, 4)}, "have 18 layers with weights"),
        (
            lambda state: state | {"fc.weight": torch.zeros(7, 9)},
            "fc (weights 7×9) stands where the model has weights 7×6",
        ),
        (
            lambda state: state | {"conv1.weight": torch.zeros(5, 3, 7, 7)},
            "conv1 (weights 5×3×7×7)",
        ),
        (lambda state: {"conv1.weight": 3}, "conv1.weight of the state is int, not a tensor"),
    ],
)
def test_other_networks_are_refused_and_nothing_is_taken(change, message):
    ours = model(BASIC)
    before = {key: tensor.clone() for key, tensor in ours.state_dict().items()}
    with pytest.raises(TrainingError, match=re.escape(message)):
        load_pretrained(ours, change(published(BASIC).state_dict()))
    assert all(torch.equal(tensor, before[key]) for key, tensor in ours.state_dict().items())


def test_models_that_cannot_start_from_pretrained_weights():
    state = published(BASIC).state_dict()
    with pytest.raises(TrainingError, match="go into a model of weights 'float'"):
        load_pretrained(model(BASIC, weights="statistical"), state)
    with pytest.raises(TrainingError, match="as many means and deviations above 0"):
        load_pretrained(model(BASIC), state, mean=(0.5,), std=(0.2,))
    kit = Kit(4, weights=FLOAT)
    bare = Model(Tensor((1, 1, 4), BYTES), [kit.linear(4, 3, bias=True)])
    two = Model(bare.input, [kit.linear(4, 3), Norm(3), kit.linear(3, 2)])
    state = {f"a.{key}": torch.ones(3) for key in ("weight", "bias", "running_mean", "running_var")}
    state = {"0.weight": torch.zeros(3, 4), **state, "1.weight": torch.zeros(2, 3)}
    assert load_pretrained(two, state, mean=[0] * 4, std=[1] * 4)
    with pytest.raises(TrainingError, match=re.escape("1 (weights 2×3) has a bias, but")):
        load_pretrained(two, state | {"1.bias": torch.zeros(2)}, mean=[0] * 4, std=[1] * 4)
    with pytest.raises(TrainingError, match="need a norm behind the first layer"):
        load_pretrained(bare, {"fc.weight": torch.zeros(3, 4)}, mean=[0] * 4, std=[1] * 4)
