import numpy as np
import pytest

from threefold.plan.program import Program


def program(words, last, height=1, width=6):
    rows, columns = np.array(words).reshape(-1, 2).T
    return Program(rows, columns, np.array(last, bool), height, width)


def in_order(results, height, width):
    words = [(row, column) for row in range(height) for column in range(width)] * results
    return program(words, ([0] * (height * width - 1) + [1]) * results, height, width)


@pytest.mark.parametrize(("results", "height", "width"), [(1, 1, 3), (4, 1, 3), (2, 3, 5)])
def test_all_words_in_order_take_counters(results, height, width):
    made = in_order(results, height, width)
    assert made.counted
    assert made.bits == 0
    assert made.results == results
    assert len(made) == results * height * width


def test_results_that_take_all_words_for_each_digit_take_counters():
    words = [(row, column) for row in range(2) for column in range(3)]
    made = program(words * 6, ([0] * 17 + [1]) * 2, height=2, width=3)
    assert (made.rounds, made.results, made.counted, made.bits) == (3, 2, True, 0)


@pytest.mark.parametrize(
    ("words", "last"),
    [
        ([(0, 0), (0, 1)], [0, 1]),
        ([(0, 0), (0, 2), (0, 1)], [0, 0, 1]),
        ([(0, 0), (0, 1), (0, 2)], [0, 1, 1]),
        ([(0, 0), (0, 1), (0, 2), (0, 0)], [0, 0, 1, 1]),
        ([(0, 0), (0, 1), (0, 2)] * 3, [0, 0, 0, 0, 0, 1, 0, 0, 1]),
        ([(0, 0), (0, 1), (0, 2)] * 3, [0, 0, 1, 0, 0, 0, 0, 0, 1]),
    ],
)
def test_anything_else_takes_a_memory(words, last):
    made = program(words, last, width=3)
    assert not made.counted
    assert (made.row_bits, made.column_bits, made.bits) == (0, 2, 3)
    assert len(made) == len(words)
    assert made.results == sum(last)


def test_bits():
    made = program([(2, 9), (0, 0)], [1, 1], height=3, width=10)
    assert (made.row_bits, made.column_bits, made.bits) == (2, 4, 7)


def test_a_single_word_is_constant():
    made = program([(2, 9)], [1], height=3, width=10)
    assert not made.counted
    assert made.bits == 0
    assert in_order(1, 1, 1).bits == 0


@pytest.mark.parametrize(
    ("last", "shortest"), [([1], 1), ([0, 0, 1], 3), ([0, 1, 0, 0, 1], 2), ([0, 0, 1, 0, 1], 2)]
)
def test_shortest_result(last, shortest):
    assert program([(0, n) for n in range(len(last))], last).shortest == shortest
