"""The bound: which products it makes, one after the other."""

import numpy as np
import pytest

import keras_rnn_kit as krk
from benchmarks import bound
from benchmarks.grid import Shape


@pytest.mark.parametrize(("gates", "width"), [(1, 5), (3, 15)])
def test_the_products_are_those_of_a_layer_forward_and_backward(monkeypatch, gates, width):
    made = []

    def matmul(a, b, out):
        made.append((a.shape, b.shape))
        assert out.shape == (a.shape[0], b.shape[1])

    run = bound.products(Shape(2, 3, 4, 5), gates)  # B·T = 6
    monkeypatch.setattr(bound.np, "matmul", matmul)
    run()
    assert made == [
        ((6, 4), (4, width)),  # projection
        *[((2, 5), (5, width))] * 3,  # the steps
        *[((2, width), (width, 5))] * 3,  # and back
        ((5, 6), (6, width)),  # d_recurrent_kernel
        ((4, 6), (6, width)),  # d_kernel
        ((6, width), (width, 4)),  # d_inputs
    ]


def test_it_runs_in_float32(monkeypatch):
    seen = set()
    make = np.matmul

    def matmul(a, b, out):
        seen.update({a.dtype, b.dtype, out.dtype})
        return make(a, b, out=out)

    run = bound.products(Shape(2, 3, 4, 5))
    monkeypatch.setattr(bound.np, "matmul", matmul)
    run()
    assert seen == {np.dtype(np.float32)}


@pytest.mark.parametrize(
    ("name", "widths"),
    [  # of each product of a step, E = 4 and H = 5: height times width
        ("SimpleRNN", [4 * 5, 5 * 5]),
        ("IndRNN", [4 * 5]),
        ("GRU", [4 * 15, 5 * 15]),
        ("MGU", [4 * 10, 5 * 5, 5 * 5]),
        ("MinimalRNN", [4 * 5, 5 * 5, 5 * 5]),
        ("FastGRNN", [4 * 5, 5 * 5]),
    ],
)
def test_a_cells_operations_are_those_of_its_products(name, widths):
    layer = getattr(krk.layers, name)(5)
    layer.build((2, 3, 4))
    # A multiplication and an addition each, for 2 rows and 3 steps; twice as many on the way back.
    assert bound.operations(layer.cell, Shape(2, 3, 4, 5)) == 2 * sum(widths) * 2 * 3 * 3


@pytest.mark.parametrize("operations", [1, 2_000, 3_000_000])
def test_one_product_has_about_as_many_operations(operations):
    rows, columns = bound.one_product(operations)().shape
    assert rows == columns
    # The side is a whole number: off by half at most.
    assert 2 * (rows - 0.5) ** 3 <= operations <= 2 * (rows + 0.5) ** 3 or rows == 1
