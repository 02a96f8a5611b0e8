import time

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from threefold.errors import FileFormatError, ThreefoldError
from threefold.importer import Source, convert, read
from threefold.importer.read import LARGEST

from .graphs import Graph


def example():
    return Graph("N", 4).quant(0.5, bits=2).matmul(np.eye(4)).model()


@pytest.fixture
def refused(tmp_path):
    """Writes bytes or a model, and checks that it is refused in one line."""

    def refused(content, message, name="net.onnx"):
        path = tmp_path / name
        if isinstance(content, onnx.ModelProto):
            content = content.SerializeToString()
        path.write_bytes(content)
        with pytest.raises(FileFormatError) as caught:
            read(path)
        assert str(caught.value) == message.replace("@", str(path))

    return refused


NOT_ONNX = "@ is not an ONNX file, or a truncated one"


def test_a_file_is_read(tmp_path):
    path = tmp_path / "net.onnx"
    path.write_bytes(example().SerializeToString())
    assert read(path) == example()


@pytest.mark.parametrize(
    "content", [b"\x89PNG\r\n\x1a\n" * 9, b"{}", b"\xff" * 99, b"PK\x03\x04" * 9]
)
def test_other_files(refused, content):
    refused(content, NOT_ONNX)


def test_an_empty_file(refused):
    refused(b"", "@ is empty")
    refused(onnx.ModelProto(ir_version=8), "@ has no graph with nodes and an output")


def outcome(path):
    """The error of an import, or nothing."""
    try:
        convert(Source(read(path)), "net")
    except ThreefoldError as error:
        return str(error)
    return ""


def test_every_truncated_file_is_refused(tmp_path):
    whole, path = example().SerializeToString(), tmp_path / "net.onnx"
    for end in range(0, len(whole), 7):
        path.write_bytes(whole[:end])
        assert "\n" not in outcome(path)


def test_every_changed_byte_is_refused_or_harmless(tmp_path):
    whole, path = example().SerializeToString(), tmp_path / "net.onnx"
    rng = np.random.default_rng(0)
    for place in rng.choice(len(whole), 150, replace=False):
        changed = bytearray(whole)
        changed[place] = rng.integers(256)
        path.write_bytes(changed)
        assert "\n" not in outcome(path)


def test_a_missing_file(tmp_path):
    with pytest.raises(
        FileFormatError, match=r"^cannot read .*x\.onnx: No such file or directory$"
    ):
        read(tmp_path / "x.onnx")
    with pytest.raises(FileFormatError, match=r"^cannot read .*: Is a directory$"):
        read(tmp_path)


def test_a_device_is_not_read_to_its_end(tmp_path):
    (tmp_path / "net.onnx").symlink_to("/dev/zero")
    with pytest.raises(FileFormatError, match=r"it is not a regular file$"):
        read(tmp_path / "net.onnx")


def test_a_large_file_is_refused_without_reading(tmp_path):
    path = tmp_path / "net.onnx"
    with path.open("wb") as file:
        file.truncate(1 << 40)
    with pytest.raises(FileFormatError, match=r"it is larger than 256 MiB$"):
        read(path)
    assert LARGEST == 256 << 20


def chain(count):
    nodes = [helper.make_node("Identity", [f"t{n}"], [f"t{n + 1}"]) for n in range(count)]
    inputs = [helper.make_tensor_value_info("t0", TensorProto.FLOAT, (1, 4))]
    outputs = [helper.make_tensor_value_info(f"t{count}", TensorProto.FLOAT, None)]
    return helper.make_model(helper.make_graph(nodes[::-1], "net", inputs, outputs))


def test_a_deep_graph_in_reverse_is_sorted_in_no_time(tmp_path):
    path = tmp_path / "net.onnx"
    path.write_bytes(chain(100_000).SerializeToString())
    before = time.process_time()
    model = read(path)
    assert time.process_time() - before < 10
    assert [node.output[0] for node in model.graph.node] == [f"t{n + 1}" for n in range(100_000)]


def test_a_cycle(refused):
    model = example()
    model.graph.node[0].input[0] = model.graph.node[1].output[0]
    refused(model, "@ has a cycle through or ahead of Quant 'Quant_0'")


def test_tensors_that_nothing_makes(refused):
    model = example()
    model.graph.node[1].input[1] = "weights"
    refused(model, "@ reads tensor 'weights', which nothing makes")
    model = example()
    model.graph.output[0].name = "y" * 1000
    refused(model, f"@ reads tensor '{'y' * 77}...', which nothing makes")


def test_names_that_are_made_twice(refused):
    model = example()
    model.graph.node[1].output[0] = "t0"
    refused(model, "@ makes tensor 't0' 2 times")
    model = example()
    model.graph.initializer.append(model.graph.initializer[0])
    refused(model, "@ makes tensor 'c0' 2 times")


def damaged(change):
    model = example()
    change(model.graph.initializer[3])
    return model


@pytest.mark.parametrize(
    "change",
    [
        lambda tensor: tensor.dims.append(3),
        lambda tensor: tensor.dims.append(-1),
        lambda tensor: tensor.dims.__setitem__(0, 1 << 40),
        lambda tensor: setattr(tensor, "raw_data", tensor.raw_data[:-1]),
        lambda tensor: setattr(tensor, "data_type", 99),
        lambda tensor: setattr(tensor, "data_type", TensorProto.STRING),
    ],
)
def test_data_of_another_shape_or_type(refused, change):
    refused(damaged(change), "@: the data of tensor 'c3' is not what its shape and type say")


def external(location, **entries):
    def change(tensor):
        tensor.ClearField("raw_data")
        tensor.data_location = TensorProto.EXTERNAL
        for key, value in {"location": location, **entries}.items():
            tensor.external_data.add(key=key, value=str(value))

    return damaged(change)


def test_weights_in_another_file(tmp_path):
    data = np.eye(4, dtype=np.float32).tobytes()
    (tmp_path / "weights").write_bytes(b"12345678" + data)
    path = tmp_path / "net.onnx"
    for entries in ({"offset": 8, "length": 64}, {"offset": 8}):
        path.write_bytes(external("weights", **entries).SerializeToString())
        model = read(path)
        assert model.graph.initializer[3].raw_data == data
        assert convert(Source(model), "net").network.nodes


def test_weights_outside_of_the_folder(tmp_path, refused):
    (tmp_path / "models").mkdir()
    (tmp_path / "secret").write_bytes(bytes(64))
    (tmp_path / "models" / "link").symlink_to(tmp_path / "secret")
    (tmp_path / "models" / "loop").symlink_to("loop")
    for name in (
        f"{tmp_path}/secret",
        "../secret",
        "link",
        "loop",
        "missing",
        "/dev/zero",
        "",
        ".",
        "a\0b",
    ):
        refused(
            external(name),
            f"@ keeps 'c3' in {name!r}, which is no file in its folder",
            "models/net.onnx",
        )


def test_weights_beyond_the_end_of_a_file(tmp_path, refused):
    (tmp_path / "weights").write_bytes(bytes(64))
    for entries in ({"offset": 1, "length": 64}, {"offset": 65}, {"offset": -1}):
        refused(external("weights", **entries), "@ keeps 'c3' beyond the end of 'weights'")
    refused(
        external("weights", length=60),
        "@: the data of tensor 'c3' is not what its shape and type say",
    )
    refused(external("weights", offset="a"), "@ keeps 'c3' at a place that is no number")


def test_large_weights_in_another_file_are_refused_without_reading(tmp_path, refused):
    with (tmp_path / "weights").open("wb") as file:
        file.truncate(1 << 40)
    refused(
        external("weights"), "@ keeps more than 256 MiB in other files, which no small FPGA holds"
    )
