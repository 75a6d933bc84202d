from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import onnx
import pytest

from keras_rnn_kit import layers
from keras_rnn_kit.cells import GRUCell, IRNNCell, LSTMCell, SimpleRNNCell
from keras_rnn_kit.exporting.operators import ALWAYS, NEVER, has_operator, operator_below
from keras_rnn_kit.layers import RNN
from tests.exporting.cells import CELLS, NoMatrix, OtherOutput, OwnCell, TrainedLeak, TwoStates
from tests.exporting.conversions import (
    BATCHES,
    FEATURES,
    MASKED,
    MASKED_AND_TARGET,
    UNITS,
    VOCABULARY,
    assert_equal,
    body_of,
    convert,
    kinds,
    run,
    scans,
    twin,
)


def model_of(
    cell: type[OwnCell], layer: Callable[..., Any], masked: bool, dtype: str = "float32", **how: Any
) -> keras.Model:
    tokens = keras.Input((None,), dtype="int32")
    x = keras.layers.Embedding(VOCABULARY, FEATURES, mask_zero=masked, dtype=dtype)(tokens)
    return keras.Model(tokens, layer(cell(UNITS, dtype=dtype), dtype=dtype, **how)(x))


@MASKED_AND_TARGET
@pytest.mark.parametrize("cell", CELLS)
def test_a_cell_of_one_s_own_equals_keras(cell: type[OwnCell], masked: bool, target: str) -> None:
    # Keras's RNN runs `cell.call` step by step in its own loop, and knows nothing of the engine.
    how: dict[str, Any] = {"return_sequences": True, "return_state": True}
    model = model_of(cell, RNN, masked, **how)
    stock = twin(model, model_of(cell, keras.layers.RNN, masked, **how))
    exported = convert(model, target)
    for tokens in BATCHES:
        assert_equal(exported, stock, tokens)
    assert [kind for kind in kinds(exported) if kind in ("Scan", "RNN", "Loop")] == ["Scan"]


@pytest.mark.parametrize("masked", [True, False], ids=["masked", "unmasked"])
@pytest.mark.parametrize("cell", [TrainedLeak, OtherOutput, TwoStates, NoMatrix])
def test_final_states_that_nobody_reads(cell: type[OwnCell], masked: bool) -> None:
    model = model_of(cell, RNN, masked, return_sequences=True)
    stock = twin(model, model_of(cell, keras.layers.RNN, masked, return_sequences=True))
    exported = convert(model)
    assert_equal(exported, stock, MASKED)
    (loop,) = scans(exported)
    states = len(model.layers[-1].cell.get_initial_state(1))
    assert len(loop.output) == states + 1, "the states after each step are for final states only"


@pytest.mark.parametrize("cell", [TrainedLeak, OtherOutput, TwoStates])
def test_the_last_output_alone(cell: type[OwnCell]) -> None:
    model = model_of(cell, RNN, masked=True, go_backwards=True)
    stock = twin(model, model_of(cell, keras.layers.RNN, masked=True, go_backwards=True))
    exported = convert(model)
    for tokens in BATCHES:
        assert_equal(exported, stock, tokens)


def test_half_precision_holds_inside_the_step() -> None:
    model = model_of(TrainedLeak, RNN, masked=True, dtype="mixed_float16")
    stock = twin(model, model_of(TrainedLeak, keras.layers.RNN, True, dtype="mixed_float16"))
    # Seven steps, each rounded to eleven bits: values of about 1 are off by 1e-3 a step.
    assert_equal(convert(model), stock, MASKED, tolerance=7e-3)


@pytest.mark.parametrize("cell", CELLS)
def test_the_body_holds_the_recurrent_product_and_no_other(cell: type[OwnCell]) -> None:
    model = model_of(cell, RNN, masked=True, return_sequences=True)
    twin(model, model_of(cell, keras.layers.RNN, masked=True, return_sequences=True))
    exported = convert(model)
    (loop,) = scans(exported)
    constants = {
        tensor.name: onnx.numpy_helper.to_array(tensor) for tensor in exported.graph.initializer
    }
    products = [node for node in body_of(loop).node if node.op_type in ("MatMul", "Gemm")]
    kernel = model.layers[-1].cell.kernel.numpy()
    for node in products:
        matrix = constants.get(node.input[1])
        assert matrix is None or matrix.shape != kernel.shape or np.any(matrix != kernel)
    # `PassedThrough` asks for a product and leaves it unread.
    assert len(products) <= (0 if cell is NoMatrix else 1)
    # The projection is done outside: here once for each token that there is, and looked up.
    assert not [node for node in exported.graph.node if node.op_type in ("MatMul", "Gemm")]
    assert any(matrix.shape == (VOCABULARY, kernel.shape[1]) for matrix in constants.values())


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        (SimpleRNNCell(3), True),
        (SimpleRNNCell(3, activation="relu"), True),
        (SimpleRNNCell(3, activation="sigmoid"), False),
        (SimpleRNNCell(3, activation=lambda x: x), False),
        (type("Inherited", (SimpleRNNCell,), {})(3), False),
        (IRNNCell(3), True),
        (TrainedLeak(3), False),
        (GRUCell(3), True),
        (GRUCell(3, use_bias=False), True),
        (GRUCell(3, reset_after=False), False),
        (GRUCell(3, activation="relu"), False),
        (LSTMCell(3), True),
        (LSTMCell(3, recurrent_activation="hard_sigmoid"), False),
        (LSTMCell(3, dtype="mixed_float16"), True),
        (LSTMCell(3, dtype="float64"), False),
    ],
)
def test_which_cells_onnx_has_an_operator_for(cell: Any, expected: bool) -> None:
    assert has_operator(cell) is expected


@pytest.mark.parametrize(
    ("cell", "batch", "below"),
    [
        (LSTMCell(3), None, ALWAYS),
        (LSTMCell(3), 64, ALWAYS),
        (GRUCell(3), None, 64),
        (GRUCell(3), 63, ALWAYS),
        (GRUCell(3), 64, NEVER),
        (SimpleRNNCell(64), None, NEVER),
        (SimpleRNNCell(64), 1, ALWAYS),
        (SimpleRNNCell(64), 2, NEVER),
        (SimpleRNNCell(65), None, NEVER),
        (SimpleRNNCell(65), 1, NEVER),
        (SimpleRNNCell(65, activation="relu"), None, NEVER),
        (SimpleRNNCell(65, activation="relu"), 1, ALWAYS),
        (IRNNCell(3), 8, NEVER),
        (TrainedLeak(3), None, NEVER),
    ],
)
def test_for_which_batches_operators_are_quick_on_a_cpu(
    cell: Any, batch: int | None, below: float
) -> None:
    assert operator_below("cpu")(cell, batch) == below
    assert operator_below("cuda")(cell, batch) == (ALWAYS if has_operator(cell) else NEVER)
    of_int8 = ALWAYS if type(cell) is LSTMCell else NEVER
    assert operator_below("cpu", quantized=True)(cell, batch) == of_int8


@pytest.mark.parametrize("masked", [False, True], ids=["plain", "masked"])
@pytest.mark.parametrize("bias", [True, False], ids=["bias", "no bias"])
def test_both_forms_of_a_gru_give_the_same(bias: bool, masked: bool) -> None:
    ids = keras.Input((None,), dtype="int32")
    x = keras.layers.Embedding(VOCABULARY, 3, mask_zero=masked)(ids)
    rnn = layers.GRU(4, use_bias=bias, return_sequences=True, return_state=not masked)
    outputs = rnn(x)
    model = keras.Model(ids, outputs if masked else [*outputs])
    rng = np.random.default_rng(0)
    model.set_weights([rng.normal(0, 0.5, w.shape) for w in model.get_weights()])
    exported = convert(model)
    (choice,) = [n for n in exported.graph.node if n.op_type == "If" and "scan" in str(n)]
    kinds_of = [[n.op_type for n in a.g.node] for a in choice.attribute]
    assert sorted("Scan" in found for found in kinds_of) == [False, True]
    # The embedding, and each weight once, for both forms.
    large = [t for t in exported.graph.initializer if np.prod(t.dims) >= 12 and t.data_type == 1]
    assert len(large) == 4
    for rows in (1, 63, 64, 65):
        given = rng.integers(0, VOCABULARY, (rows, 6)).astype("int32")
        expected = model(given)
        expected = [expected] if masked else expected
        for one, other in zip(run(exported, given), expected, strict=True):
            np.testing.assert_allclose(one, other, atol=1e-6, rtol=1e-5)


def test_an_own_activation_named_like_a_known_one() -> None:
    def tanh(x: Any) -> Any:
        return 3 * x

    assert not has_operator(SimpleRNNCell(3, activation=tanh))
