"""Every public cell and layer, once: what the tests that hold for all of them run over.

A new cell is an `Entry` here, and is tested: its arguments, its file, its masks, its outputs and
gradients. `tests/layers/test_catalogue.py` fails for a public name that is not here.
"""

import dataclasses
from collections.abc import Callable, Container, Iterable
from typing import Any

import keras
import numpy as np
import pytest

from keras_rnn_kit.cells import (
    AntisymmetricRNNCell,
    CoRNNCell,
    DeepTransitionCell,
    FastGRNNCell,
    FastRNNCell,
    GRUCell,
    IndRNNCell,
    IRNNCell,
    LayerNormSimpleRNNCell,
    LinearRecurrentCell,
    LSTMCell,
    MGUCell,
    MinimalRNNCell,
    MultiplicativeRNNCell,
    OutputFeedbackCell,
    SimpleRNNCell,
    UGRNNCell,
)
from keras_rnn_kit.layers import (
    GRU,
    IRNN,
    LSTM,
    MGU,
    UGRNN,
    AntisymmetricRNN,
    CoRNN,
    DeepTransitionRNN,
    FastGRNN,
    FastRNN,
    IndRNN,
    LayerNormSimpleRNN,
    LinearRecurrent,
    MinimalRNN,
    MultiplicativeRNN,
    OutputFeedbackRNN,
    SimpleRNN,
)
from tests.references.antisymmetric_rnn import AntisymmetricRNNReference
from tests.references.co_rnn import CoRNNReference
from tests.references.contract import Reference
from tests.references.deep_transition import DeepTransitionReference
from tests.references.fast_grnn import FastGRNNReference
from tests.references.fast_rnn import FastRNNReference
from tests.references.gru import GRUReference
from tests.references.ind_rnn import IndRNNReference
from tests.references.layer_norm_simple_rnn import LayerNormSimpleRNNReference
from tests.references.linear_recurrent import (
    GatedLinearRecurrentReference,
    LinearRecurrentReference,
)
from tests.references.lstm import LSTMReference
from tests.references.mgu import MGUReference
from tests.references.minimal_rnn import MinimalRNNReference
from tests.references.multiplicative_rnn import MultiplicativeRNNReference
from tests.references.output_feedback import OutputFeedbackReference
from tests.references.simple_rnn import SimpleRNNReference
from tests.references.ugrnn import UGRNNReference

FEATURES, UNITS = 3, 4

# For `make test-all`: a case that goes through the same code as one that is always run, and differs
# in the equation alone, or in the size; and what a benchmark runs in processes of its own.
THOROUGH = pytest.mark.thorough


def cases_of(cases: Iterable[Any], usual: Container[Any]) -> list[Any]:
    """The cases as parameters, of which `make test` runs the usual ones alone."""
    return [
        pytest.param(
            *(case if isinstance(case, tuple) else (case,)), marks=() if case in usual else THOROUGH
        )
        for case in cases
    ]


# What the engine, the files and the exports can meet: one state or two, an operator of ONNX's own,
# products within the step, a linear step, a readout, states that meet the matrix side by side. The
# other cells differ from one of these in their equation.
REPRESENTATIVE = {
    "CoRNN",
    "DeepTransitionRNN",
    "GRU",
    "LSTM",
    "LinearRecurrent",
    "MultiplicativeRNN",
    "OutputFeedbackRNN",
    "SimpleRNN",
}


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
    # Arguments of the layer that its config leaves out, each at a value that is not its default.
    unsaved: dict[str, Any] = dataclasses.field(default_factory=dict)

    @property
    def name(self) -> str:
        return self.layer.__name__

    def reference_of(self, cell: keras.layers.Layer, arguments: dict[str, Any]) -> Reference:
        """The reference with the weights that `cell`, made with `arguments`, has now."""
        weights = {w.name: np.asarray(w.value, "float64") for w in cell.weights}
        return self.reference(weights, arguments)


def _made(
    reference: Callable[..., Reference], *names: str, **defaults: Any
) -> Callable[[dict[str, np.ndarray], dict[str, Any]], Reference]:
    """`reference`, from the weights and those arguments of the cell that `names` has.

    `defaults` are the cell's, where they are not the reference's.
    """

    def make(weights: dict[str, np.ndarray], arguments: dict[str, Any]) -> Reference:
        own = {**defaults, **{name: arguments[name] for name in names if name in arguments}}
        return reference(**weights, **{n: "linear" if v is None else v for n, v in own.items()})

    return make


# What the cells with Keras's three weights share, each at a value that is not its default.
WEIGHTED: dict[str, Any] = {
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
}
SMALL: dict[str, Any] = {"units": UNITS, "bias_initializer": "random_normal"}

CATALOGUE = (
    Entry(
        cell=SimpleRNNCell,
        layer=SimpleRNN,
        small=SMALL,
        arguments=WEIGHTED,
        reference=_made(SimpleRNNReference, "activation"),
        variants=(
            {"activation": "sigmoid"},
            {"activation": "relu"},
            {"activation": None},
            {"use_bias": False},
        ),
        stands_in_for=keras.layers.SimpleRNN,
    ),
    Entry(
        cell=GRUCell,
        layer=GRU,
        small=SMALL,
        arguments={**WEIGHTED, "recurrent_activation": "relu", "reset_after": False},
        reference=_made(GRUReference, "activation", "recurrent_activation", "reset_after"),
        variants=(
            {"activation": "sigmoid", "recurrent_activation": "tanh"},
            {"activation": None, "use_bias": False},
            {"reset_after": False},
            {"reset_after": False, "use_bias": False},
        ),
        stands_in_for=keras.layers.GRU,
        unsaved={"use_cudnn": False},
    ),
    Entry(
        cell=LSTMCell,
        layer=LSTM,
        small=SMALL,
        arguments={**WEIGHTED, "recurrent_activation": "relu", "unit_forget_bias": False},
        reference=_made(LSTMReference, "activation", "recurrent_activation"),
        variants=(
            {"activation": "sigmoid", "recurrent_activation": "tanh"},
            {"activation": None, "use_bias": False},
        ),
        stands_in_for=keras.layers.LSTM,
        unsaved={"use_cudnn": False},
    ),
    Entry(
        cell=MinimalRNNCell,
        layer=MinimalRNN,
        small=SMALL,
        arguments={**WEIGHTED, "forget_bias": 0.5},
        reference=_made(MinimalRNNReference, "activation", "forget_bias"),
        variants=(
            {"activation": "sigmoid", "use_bias": False},
            {"activation": None, "forget_bias": 0.0},
        ),
    ),
    Entry(
        cell=MGUCell,
        layer=MGU,
        small=SMALL,
        arguments={**WEIGHTED, "reset_after": True},
        reference=_made(MGUReference, "activation", "reset_after"),
        variants=(
            {"activation": "sigmoid", "use_bias": False},
            {"reset_after": True},
            {"reset_after": True, "use_bias": False, "activation": None},
        ),
    ),
    Entry(
        cell=UGRNNCell,
        layer=UGRNN,
        small=SMALL,
        arguments={**WEIGHTED, "forget_bias": 0.5},
        reference=_made(UGRNNReference, "activation", "forget_bias"),
        variants=(
            {"activation": "sigmoid", "use_bias": False},
            {"activation": None, "forget_bias": 0.0},
        ),
    ),
    Entry(
        cell=CoRNNCell,
        layer=CoRNN,
        # A step so large that every term weighs.
        small={**SMALL, "dt": 0.4, "gamma": 0.8, "epsilon": 0.6},
        arguments={**WEIGHTED, "dt": 0.1, "gamma": 1.5, "epsilon": 2.5},
        reference=_made(CoRNNReference, "activation", "dt", "gamma", "epsilon"),
        variants=(
            {"activation": "sigmoid", "use_bias": False},
            {"dt": 0.042, "gamma": 2.7, "epsilon": 4.7},
        ),
    ),
    Entry(
        cell=DeepTransitionCell,
        layer=DeepTransitionRNN,
        small=SMALL,
        arguments={
            **WEIGHTED,
            "input_depth": 3,
            "transition_depth": 4,
            "output_depth": 2,
            "skip": False,
        },
        reference=_made(
            DeepTransitionReference,
            "activation",
            "input_depth",
            "transition_depth",
            "output_depth",
            "skip",
        ),
        variants=(
            {"transition_depth": 1},
            {"input_depth": 2, "output_depth": 2, "activation": "sigmoid"},
            {"transition_depth": 3, "skip": False, "output_depth": 3},
            {"input_depth": 3, "transition_depth": 3, "use_bias": False, "activation": None},
        ),
    ),
    Entry(
        cell=MultiplicativeRNNCell,
        layer=MultiplicativeRNN,
        small={**SMALL, "factors": 6},
        arguments={**WEIGHTED, "factors": 3, "factor_bias": 0.5},
        reference=_made(MultiplicativeRNNReference, "activation", "factor_bias"),
        variants=(
            {"activation": "relu", "use_bias": False},
            {"activation": None, "factors": None, "factor_bias": 0.0},
        ),
    ),
    Entry(
        # Fed with targets it is in tests/layers/test_output_feedback.py.
        cell=OutputFeedbackCell,
        layer=OutputFeedbackRNN,
        small={**SMALL, "outputs": 3},
        arguments={
            **WEIGHTED,
            "outputs": 2,
            "feedback": "both",
            "output_activation": "softmax",
            "teacher_forcing": 0.25,
        },
        reference=lambda weights, arguments: _made(
            OutputFeedbackReference, "activation", "output_activation"
        )({n: w for n, w in weights.items() if n != "teacher_forcing_rate"}, arguments),
        variants=(
            {"feedback": "both"},
            {"feedback": "both", "outputs": None, "output_activation": "softmax"},
            {"outputs": 1, "activation": "sigmoid", "output_activation": "tanh"},
            {"use_bias": False, "activation": None},
        ),
    ),
    Entry(
        cell=IRNNCell,
        layer=IRNN,
        small={**SMALL, "scale": 0.8},
        arguments={**WEIGHTED, "scale": 0.01},
        reference=_made(SimpleRNNReference, "activation", activation="relu"),
        variants=({"activation": "tanh"}, {"use_bias": False}),
    ),
    Entry(
        cell=IndRNNCell,
        layer=IndRNN,
        small=SMALL,
        arguments={
            **{name: value for name, value in WEIGHTED.items() if name != "recurrent_dropout"},
            "recurrent_initializer": keras.initializers.RandomUniform(-0.5, 0.8),
            "max_steps": 7,
            "growth": 1.5,
            "long_memory": True,
        },
        reference=_made(IndRNNReference, "activation"),
        variants=({"activation": "tanh"}, {"activation": None}, {"use_bias": False}),
    ),
    Entry(
        cell=LayerNormSimpleRNNCell,
        layer=LayerNormSimpleRNN,
        small={**SMALL, "gamma_initializer": keras.initializers.RandomUniform(0.5, 1.5)},
        arguments={
            **WEIGHTED,
            "epsilon": 0.02,
            "gamma_initializer": "random_normal",
            "gamma_regularizer": "l2",
            "gamma_constraint": keras.constraints.MaxNorm(1.5),
        },
        reference=_made(LayerNormSimpleRNNReference, "activation", "epsilon"),
        variants=(
            {"activation": "relu"},
            {"activation": None},
            {"use_bias": False},
            {"epsilon": 0.3},
        ),
    ),
    Entry(
        cell=AntisymmetricRNNCell,
        layer=AntisymmetricRNN,
        # A step so large, and so much diffusion, that every term weighs.
        small={**SMALL, "step_size": 0.6, "diffusion": 0.3},
        arguments={**WEIGHTED, "gated": True, "step_size": 0.7, "diffusion": 0.2},
        reference=_made(AntisymmetricRNNReference, "activation", "gated", "step_size", "diffusion"),
        variants=(
            {"activation": "sigmoid"},
            {"use_bias": False, "diffusion": 0.0},
            {"gated": True},
            {"gated": True, "use_bias": False, "activation": None},
        ),
    ),
    Entry(
        cell=FastRNNCell,
        layer=FastRNN,
        small={**SMALL, "initial_alpha": 0.4, "initial_beta": 0.8},
        arguments={
            **WEIGHTED,
            "bias_initializer": "random_uniform",
            "initial_alpha": -1.0,
            "initial_beta": 2.0,
        },
        reference=_made(FastRNNReference, "activation"),
        variants=({"activation": "relu"}, {"activation": None}, {"use_bias": False}),
    ),
    Entry(
        cell=FastGRNNCell,
        layer=FastGRNN,
        small={**SMALL, "initial_zeta": 0.5, "initial_nu": -0.5},
        arguments={
            **WEIGHTED,
            "recurrent_activation": "tanh",
            "bias_initializer": "random_uniform",
            "initial_zeta": 6.0,
            "initial_nu": -6.0,
        },
        reference=_made(FastGRNNReference, "activation", "recurrent_activation"),
        variants=(
            {"activation": "relu", "recurrent_activation": "tanh"},
            {"activation": None},
            {"use_bias": False},
        ),
    ),
    Entry(
        cell=LinearRecurrentCell,
        layer=LinearRecurrent,
        small=SMALL,
        arguments={
            **{n: v for n, v in WEIGHTED.items() if n not in ("activation", "recurrent_dropout")},
            "gated": True,
            "min_decay": 0.2,
            "max_decay": 0.8,
        },
        reference=lambda weights, arguments: (
            GatedLinearRecurrentReference if arguments.get("gated") else LinearRecurrentReference
        )(**weights),
        variants=({"gated": True}, {"use_bias": False}, {"gated": True, "use_bias": False}),
    ),
)

# Public, and not on the list: why, and where its tests stand.
APART = {
    "Bidirectional": "has no cell of its own; tests/layers/test_bidirectional.py",
    "ConditionalRNN": "has no cell of its own; tests/layers/test_conditional.py",
    "ProjectedCell": "a base class without an equation; tests/cells/test_contract.py and "
    "tests/layers/test_own_cells.py run it through cells of their own",
    "CellWrapper": "a base class without an equation; tests/cells/test_wrapper.py",
    "DropoutCell": "has the equation of the cell in it; tests/cells/test_dropout.py and "
    "tests/layers/test_wrappers.py put it around many",
    "ResidualCell": "likewise; tests/cells/test_residual.py and tests/layers/test_wrappers.py",
    "ZoneoutCell": "likewise; tests/cells/test_zoneout.py and tests/layers/test_wrappers.py",
    "RNN": "has no cell of its own; tests/layers/test_own_cells.py gives it many, and "
    "tests/layers/test_places.py those that it hands to Keras's loop",
    "RecursiveNetwork": "has no cell of its own; tests/layers/test_recursive.py gives it several",
    "StackedRNN": "has no cell of its own; tests/layers/test_stacked.py",
    "WeightedCell": "a base class without an equation; tests/cells/test_weighted.py",
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
    "recurrence": "loop",
    "activity_regularizer": keras.regularizers.L2(0.02),
    "name": "chosen",
    "trainable": False,
    "dtype": "float64",
}

# The same with what does not go with `stateful=True`.
NOT_STATEFUL = {**LAYER_ARGUMENTS, "stateful": False, "initial_state": "learned"}
