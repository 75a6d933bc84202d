"""Every public cell and layer, once: what the tests that hold for all of them run over.

A new cell is an `Entry` here, and is tested: its arguments, its file, its masks, its outputs and
gradients. `tests/layers/test_catalogue.py` fails for a public name that is not here.
"""

import dataclasses
from collections.abc import Callable
from typing import Any

import keras
import numpy as np

from keras_rnn_kit.cells import SimpleRNNCell
from keras_rnn_kit.layers import SimpleRNN
from tests.references.contract import Reference
from tests.references.simple_rnn import SimpleRNNReference

FEATURES, UNITS = 3, 4


@dataclasses.dataclass(frozen=True)
class Entry:
    """A cell and the layer named for it."""

    cell: type[keras.layers.Layer]
    layer: type[keras.layers.RNN]
    # Constructor arguments that make it small, for inputs [B, T, FEATURES].
    small: dict[str, Any]
    # Every argument of the cell's constructor, each at a value that is not its default.
    arguments: dict[str, Any]
    # Its equation in NumPy, from its weights by name and the arguments that it was made with.
    reference: Callable[[dict[str, np.ndarray], dict[str, Any]], Reference]
    # Variants of `small` whose equation is another one.
    variants: tuple[dict[str, Any], ...] = ()
    # The class of Keras that the layer stands in for, if there is one.
    stands_in_for: type[keras.layers.RNN] | None = None

    @property
    def name(self) -> str:
        return self.layer.__name__

    def reference_of(self, cell: keras.layers.Layer, arguments: dict[str, Any]) -> Reference:
        """The reference with the weights that `cell`, made with `arguments`, has now."""
        weights = {w.name: np.asarray(w.value, "float64") for w in cell.weights}
        return self.reference(weights, arguments)


def _simple_rnn(weights: dict[str, np.ndarray], arguments: dict[str, Any]) -> Reference:
    return SimpleRNNReference(**weights, activation=arguments.get("activation", "tanh") or "linear")


CATALOGUE = (
    Entry(
        cell=SimpleRNNCell,
        layer=SimpleRNN,
        small={"units": UNITS, "bias_initializer": "random_normal"},
        arguments={
            "units": 5,
            "activation": "sigmoid",
            "use_bias": False,
            "kernel_initializer": keras.initializers.RandomNormal(stddev=0.3),
            "recurrent_initializer": "he_uniform",
            "bias_initializer": "ones",
            "kernel_regularizer": keras.regularizers.L1(0.03),
            "recurrent_regularizer": "l2",
            "bias_regularizer": "l1",
            "kernel_constraint": keras.constraints.MaxNorm(0.7),
            "recurrent_constraint": "unit_norm",
            "bias_constraint": "non_neg",
            "dropout": 0.1,
            "recurrent_dropout": 0.2,
            "seed": 7,
        },
        reference=_simple_rnn,
        variants=(
            {"activation": "sigmoid"},
            {"activation": "relu"},
            {"activation": None},
            {"use_bias": False},
        ),
        stands_in_for=keras.layers.SimpleRNN,
    ),
)

# Public, and not on the list: why, and where its tests stand.
APART = {
    "ProjectedCell": "a base class without an equation; tests/cells/test_contract.py and "
    "tests/layers/test_own_cells.py run it through cells of their own",
    "RNN": "has no cell of its own; tests/layers/test_own_cells.py gives it many, and "
    "tests/layers/test_rnn.py those that it hands to Keras's loop",
    "TemporalPooling": "no recurrence; tests/layers/test_pooling.py",
}

# What a layer takes besides its cell's arguments, each at a value that is not its default.
LAYER_ARGUMENTS: dict[str, Any] = {
    "return_sequences": True,
    "return_state": True,
    "go_backwards": True,
    "stateful": True,
    "unroll": True,
    "zero_output_for_mask": True,
    "activity_regularizer": keras.regularizers.L2(0.02),
    "name": "chosen",
    "trainable": False,
    "dtype": "float64",
}
