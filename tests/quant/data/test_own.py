import numpy as np

from threefold.quant import own_dataset


def test_files_become_a_data_set(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("x,y,kind\n" + "".join(f"{i},{i % 3},{'ab'[i % 2]}\n" for i in range(20)))
    data = own_dataset(path, held_out=0.3, seed=2, bits=4, label="kind", drop=["y"])
    assert (data.name, data.names, data.classes) == ("a.csv", ("a", "b"), 2)
    assert data.input.shape == (1, 1, 1)
    assert data.input.codes.bits == 4
    assert [len(data.train_labels), len(data.test_labels)] == [14, 6]
    assert data.provenance["classes"] == ["a", "b"]
    assert data.provenance["data"]["split"] == {"held_out": 0.3, "seed": 2}
    assert set(data.provenance) == {"classes", "data", "preparation"}
    again = own_dataset(path, held_out=0.3, seed=2, bits=4, label="kind", drop=["y"])
    assert again.digest() == data.digest()


def test_a_class_that_only_training_knows_is_counted(tmp_path):
    for name, rows in (("a", "1,x\n2,y\n3,z\n"), ("b", "1,x\n2,y\n")):
        (tmp_path / f"{name}.csv").write_text(rows)
    data = own_dataset(tmp_path / "a.csv", test=tmp_path / "b.csv")
    assert data.classes == 3
    assert np.array_equal(data.test_labels, [0, 1])
