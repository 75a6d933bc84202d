"""The bound: which products it makes, one after the other."""

import numpy as np
import pytest

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
