"""PyTorch's order of gates, there and back."""

import numpy as np
import pytest

from benchmarks import torch_layers


@pytest.mark.parametrize("name", torch_layers.ORDERS)
def test_what_is_reordered_comes_back(name):
    order = torch_layers.ORDERS[name]
    width = 2 * len(order)
    rng = np.random.default_rng(0)
    weights = [rng.normal(size=(3, width)), rng.normal(size=(2, width)), rng.normal(size=width)]
    turned = [torch_layers.reordered(array, order) for array in weights]
    outputs, d_inputs = np.zeros(1), np.ones(1)
    found = torch_layers.in_keras_order(name, [outputs, d_inputs, *turned])
    for one, expected in zip(found, [outputs, d_inputs, *weights], strict=True):
        np.testing.assert_array_equal(one, expected)


def test_kerass_update_gate_comes_second_in_pytorch():
    z, r, h = np.split(np.arange(6.0), 3)
    found = torch_layers.reordered(np.concatenate([z, r, h]), torch_layers.ORDERS["GRU"])
    np.testing.assert_array_equal(found, np.concatenate([r, z, h]))
