from threefold.sim.mismatch import describe


def test_whose_value_it_is_and_against_what():
    text = describe("act1", (0, 1, 2, 3), of="PyTorch", against="t4 of the source")
    assert text == (
        "'act1' of PyTorch differs from t4 of the source: image 0, pixel (1, 2), channel 3"
    )
