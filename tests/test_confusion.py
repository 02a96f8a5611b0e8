import numpy as np

from threefold.confusion import confusion_matrix


def test_rows_are_labels_and_columns_are_given():
    counts = confusion_matrix(np.array([0, 0, 2, 2, 2]), np.array([0, 1, 2, 2, 0]), 3)
    assert counts.dtype == np.int64
    assert counts.tolist() == [[1, 1, 0], [0, 0, 0], [1, 0, 2]]
