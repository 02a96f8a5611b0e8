import torch
from torch import nn

from threefold.quant import Norm, QuantTensor


def example(seed=0, shape=(16, 4)):
    codes = torch.randint(-20, 20, shape, generator=torch.Generator().manual_seed(seed)).float()
    return QuantTensor(codes, torch.tensor(0.37), torch.tensor(0.0))


def twins():
    norm, reference = Norm(4), nn.BatchNorm1d(4)
    with torch.no_grad():
        for module in (norm, reference):
            module.weight.copy_(torch.tensor([1.0, -0.5, 0.0, 2.0]))
            module.bias.copy_(torch.tensor([0.1, 0.2, -0.3, 0.0]))
    return norm, reference


def test_value_in_training_and_evaluation_is_batch_norm_and_codes_stay():
    norm, reference = twins()
    for seed in range(3):
        x = example(seed)
        y = norm(x)
        assert y.codes is x.codes
        assert torch.allclose(y.value, reference(x.value), atol=1e-5)
    assert torch.allclose(norm.running_var, reference.running_var)
    norm.eval(), reference.eval()
    y = norm(example(9))
    assert y.scale.dtype == torch.float64
    assert torch.allclose(y.value.float(), reference(example(9).value), atol=1e-5)


def test_gradients_are_those_of_batch_norm():
    norm, reference = twins()
    codes = example().codes.requires_grad_()
    again = example().codes.requires_grad_()
    norm(QuantTensor(codes, torch.tensor(0.37), torch.tensor(0.0))).value.cos().sum().backward()
    reference(again * 0.37).cos().sum().backward()
    assert torch.allclose(codes.grad, again.grad, atol=1e-5)
    assert torch.allclose(norm.weight.grad, reference.weight.grad, atol=1e-4)
    assert torch.allclose(norm.bias.grad, reference.bias.grad, atol=1e-4)


def test_maps_are_normalized_over_images_and_pixels():
    norm, reference = Norm(4), nn.BatchNorm2d(4)
    x = example(shape=(3, 4, 5, 2))
    assert torch.allclose(norm(x).value, reference(x.value), atol=1e-5)


def test_one_image_in_training_is_no_division_by_zero():
    assert Norm(4)(example(shape=(1, 4))).value.isfinite().all()
