import pytest
import torch

from threefold.errors import TrainingError
from threefold.network import Codes
from threefold.quant import Quantize, QuantizeLike, QuantTensor


def real(values):
    return QuantTensor(torch.as_tensor(values), torch.tensor(1.0), torch.tensor(0.0))


def started(bits, clip):
    quantize = Quantize(bits)
    quantize.started.fill_(True)
    with torch.no_grad():
        quantize.clip.fill_(clip)
    return quantize


@pytest.mark.parametrize("training", [True, False])
def test_half_rounds_up_and_ends_clip(training):
    quantize = started(2, 3.0).train(training)
    y = quantize(real([[-9.0, -0.5, 0.49, 0.5, 1.49, 1.5, 2.5, 3.5, 99.0]]))
    assert y.codes.tolist() == [[0, 0, 0, 1, 1, 2, 3, 3, 3]]
    assert y.scale == 1


def test_first_batch_sets_the_clip():
    quantize = Quantize(3)
    quantize(real([[2.0, -2.0, 2.0]]))
    assert quantize.clip.item() == pytest.approx(6)
    quantize(real([[50.0]]))
    assert quantize.clip.item() == pytest.approx(6)


def test_gradient_to_the_value_passes_inside_the_clip_only():
    x = torch.tensor([[-1.0, 0.2, 2.9, 3.1]], requires_grad=True)
    started(2, 3.0)(real(x)).value.sum().backward()
    assert x.grad.tolist() == [[0, 1, 1, 0]]


@pytest.mark.parametrize(
    ("value", "gradient"),
    [
        (-1.0, 0.0),
        (9.0, 1.0),  # value = α above the clip, as in PACT
        (0.8, (1 - 0.8) / 3),  # code 1 of 3: s times (code − x / s), and s = α / 3
        (2.2, (2 - 2.2) / 3),
    ],
)
def test_gradient_to_the_clip_is_that_of_a_learned_step(value, gradient):
    quantize = started(2, 3.0)
    quantize(real([[value]])).value.sum().backward()
    assert quantize.clip.grad.item() == pytest.approx(gradient, abs=1e-6)


def test_codes_in_evaluation_do_not_depend_on_the_batch():
    generator = torch.Generator().manual_seed(0)
    codes = torch.randint(-500, 500, (257, 33), generator=generator).float()
    scale, shift = (torch.randn(33, generator=generator).double() / 100 for _ in range(2))
    quantize = started(4, 1.7).eval()
    whole = quantize(QuantTensor(codes, scale, shift)).codes
    single = [quantize(QuantTensor(row[None], scale, shift)).codes for row in codes]
    strided = quantize(QuantTensor(codes.T.contiguous().T, scale, shift)).codes
    assert torch.equal(whole, torch.cat(single))
    assert torch.equal(whole, strided)


@pytest.mark.parametrize("bits", [0, 9])
def test_bits_out_of_range(bits):
    with pytest.raises(TrainingError, match=f"^activations are quantized to 1…8 bits, not {bits}$"):
        Quantize(bits)


@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize(
    ("codes", "clip", "integers"),
    [
        (Codes.signed(3), 3.0, [-4, -1, -1, 0, 0, 1, 2, 3]),
        (Codes.ternary(), 1.0, [-1, -1, -1, 0, 0, 1, 1, 1]),
        (Codes.bipolar(), 1.0, [-1, -1, -1, -1, 1, 1, 1, 1]),
        (Codes.unsigned(1), 1.0, [0, 0, 0, 0, 0, 1, 1, 1]),
    ],
)
def test_every_type_takes_the_nearest_value_and_the_upper_of_two(codes, clip, integers, training):
    quantize = started(codes, clip).train(training)
    y = quantize(real([[-9.0, -0.9, -0.6, -0.5, 0.0, 0.5, 1.5, 9.0]]))
    assert y.codes.tolist() == [integers]
    assert y.scale == 1


@pytest.mark.parametrize("codes", [Codes.signed(3), Codes.ternary(), Codes.bipolar()])
def test_gradient_of_signed_types_is_that_of_a_learned_step(codes):
    quantize = started(codes, 2.0 * codes.hi)  # scale 2
    x = torch.tensor([[2.0 * codes.lo - 1, -1.5, 0.2, 2.0 * codes.hi + 1]], requires_grad=True)
    y = quantize(real(x))
    y.value.sum().backward()
    inside = [0, 1, 1, 0]
    assert x.grad.tolist() == [inside]
    steps = y.codes.detach() - torch.tensor([inside]) * x.detach() / 2
    assert quantize.clip.grad.item() == pytest.approx(steps.sum().item() / codes.hi, abs=1e-6)


@pytest.mark.parametrize(
    ("codes", "clip"),
    [(Codes.signed(3), 6), (Codes.signed(2), 2), (Codes.ternary(), 2), (Codes.unsigned(1), 6)],
)
def test_first_batch_sets_the_clip_of_every_type(codes, clip):
    quantize = Quantize(codes)
    quantize(real([[2.0, -2.0, 2.0]]))
    assert quantize.clip.item() == pytest.approx(clip)


def test_codes_like_those_of_another_tensor():
    like = QuantTensor(torch.zeros(1, 2), torch.tensor(0.5, requires_grad=True), torch.tensor(0.0))
    x = torch.tensor([[0.3, -1.2]], requires_grad=True)
    y = QuantizeLike(Codes.signed(3))(real(x), like)
    assert y.codes.tolist() == [[1, -2]]
    assert y.scale is like.scale
    y.value.sum().backward()
    assert x.grad.tolist() == [[1, 1]]
    assert like.scale.grad.item() == pytest.approx((1 - 0.6) + (-2 + 2.4))


def test_codes_that_are_never_positive():
    message = "activations need a positive value, which codes 0…1 = -1…0 lack"
    with pytest.raises(TrainingError, match=f"^{message}$"):
        Quantize(Codes.signed(1))


@pytest.mark.parametrize("kind", [Quantize, QuantizeLike])
def test_the_tight_derivative_of_bipolar_codes(kind):
    x = torch.tensor([[-2.5, -0.6, -0.2, 0.0, 0.2, 0.6, 1.4, 2.5]], requires_grad=True)
    scale = torch.tensor(2.0, requires_grad=True)
    y = kind(Codes.bipolar(), tight=True).quantize(real(x), scale)
    assert y.codes.tolist() == [[-1, -1, -1, 1, 1, 1, 1, 1]]
    y.value.sum().backward()
    slopes = [0, 0.8, 1.6, 2, 1.6, 0.8, 0.4, 0]
    assert torch.allclose(x.grad, torch.tensor([slopes]))
    assert scale.grad.item() == 5 - 3  # of value = s · sign(x)


def test_only_bipolar_codes_are_tight():
    message = "the tight derivative is that of codes 0…1 = -1…1 by 2, not of codes 0…3"
    with pytest.raises(TrainingError, match=f"^{message}$"):
        Quantize(2, tight=True)
