"""`RecursiveNetwork`: every node is one step of the cell, whatever the tree and the mask."""

from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from keras_rnn_kit.cells import GRUCell, LSTMCell, SimpleRNNCell
from keras_rnn_kit.errors import KitError
from keras_rnn_kit.exporting import export_onnx_file
from keras_rnn_kit.layers import RNN, RecursiveNetwork
from keras_rnn_kit.text.trees import Tree, balanced, chain, parse_tree, tree_levels
from tests.layers.running import every_mask
from tests.models.reference import saves_models
from tests.references.gru import GRUReference
from tests.references.lstm import LSTMReference
from tests.references.simple_rnn import SimpleRNNReference

ROWS, WIDTH = 8, 3
RNG = np.random.default_rng(1)
X = RNG.normal(size=(ROWS, 9, WIDTH))
CELLS: list[tuple[Any, Any]] = [
    (SimpleRNNCell, SimpleRNNReference),
    (GRUCell, GRUReference),
    (LSTMCell, LSTMReference),
]
# float32 results of size 1, of some hundred additions.
CLOSE = 1e-5
# All of one row: of different shapes and numbers of leaves, and one leaf alone.
TREES = [
    parse_tree("((a b) (c (d e)))"),
    parse_tree("(a (b (c (d (e f)))))"),
    parse_tree("a"),
    parse_tree("(((a b) (c d)) ((e f) g))"),
]


def same(got: Any, wanted: Any, close: float = CLOSE) -> None:
    np.testing.assert_allclose(got, wanted, rtol=0, atol=close)


def layer_of(cell: Any, dtype: str = "float32", **arguments: Any) -> Any:
    """A layer whose weights have values of their own."""
    layer = RecursiveNetwork(cell(WIDTH, dtype=dtype, **arguments))
    layer.build((None, None, WIDTH))
    rng = np.random.default_rng(2)
    for weight in layer.trainable_weights:
        weight.assign(rng.normal(0, 0.6, weight.shape))
    return layer


def reference_of(layer: Any, kind: Any) -> Any:
    return kind(*(np.asarray(weight, "float64") for weight in layer.cell.get_weights()))


def root(reference: Any, leaves: np.ndarray, tree: Tree) -> np.ndarray:
    """Node by node: the left child's states, the right child's output `[H]`."""
    further = 1 if isinstance(reference, LSTMReference) else 0
    nodes = [(one, [one, *[np.zeros(WIDTH)] * further]) for one in leaves[: tree.leaves]]
    for left, right in tree.merges:
        states = [state[None] for state in nodes[left][1]]
        output, after, _ = reference.step(nodes[right][0][None], states)
        nodes.append((output[0], [state[0] for state in after]))
    return nodes[-1][0]


@pytest.mark.parametrize(("cell", "kind"), CELLS)
def test_a_balanced_tree_is_its_steps_at_every_length(cell: Any, kind: Any) -> None:
    layer = layer_of(cell)
    reference = reference_of(layer, kind)
    for n in range(1, 10):
        wanted = [root(reference, x, balanced(n)) for x in X]
        got = layer(X[:, :n])
        assert got.shape == layer.compute_output_shape((ROWS, n, WIDTH)) == (ROWS, WIDTH)
        same(got, wanted)


def test_a_mask_leaves_the_tree_of_the_real_leaves() -> None:
    layer = layer_of(LSTMCell)
    reference = reference_of(layer, LSTMReference)
    mask = every_mask(ROWS, 9)
    assert not mask[3].any()
    wanted = np.zeros((ROWS, WIDTH))
    for k, row in enumerate(mask):
        if row.any():
            wanted[k] = root(reference, X[k][row], balanced(int(row.sum())))
    same(layer(X, mask=mask), wanted)
    any_length = tf.function(layer, autograph=False).get_concrete_function(
        tf.TensorSpec((None, None, WIDTH)), mask=tf.TensorSpec((None, None), "bool")
    )
    for length in (1, 4, 9):
        some = layer(X[:, :length], mask=mask[:, :length])
        same(any_length(tf.constant(X[:, :length], "float32"), mask=mask[:, :length]), some)
    # What is masked is not looked at.
    same(layer(np.where(mask[..., None], X, 7.0), mask=mask), wanted)


@pytest.mark.parametrize(("cell", "kind"), CELLS)
def test_given_trees_of_different_shapes_in_one_batch(cell: Any, kind: Any) -> None:
    layer = layer_of(cell)
    reference = reference_of(layer, kind)
    wanted = [root(reference, x, tree) for x, tree in zip(X, TREES, strict=False)]
    for leaves in (7, 9):
        same(layer(X[:4, :leaves], tree_levels(TREES, leaves)), wanted)
    shape = tf.TensorSpec((None, None, WIDTH)), tf.TensorSpec((None, None, None, 2), "int32")
    any_size = tf.function(layer, autograph=False).get_concrete_function(*shape)
    same(any_size(tf.constant(X[:4], "float32"), tree_levels(TREES, 9)), wanted)
    # One leaf in each row: no merges at all.
    none = tree_levels([parse_tree("a")] * 4, 9)
    same(any_size(tf.constant(X[:4], "float32"), none), X[:4, 0])


@pytest.mark.parametrize("cell", [SimpleRNNCell, GRUCell, LSTMCell])
def test_balanced_and_chain_as_given_trees(cell: Any) -> None:
    layer = layer_of(cell)
    for n in (1, 2, 7):
        same(layer(X[:, :n], tree_levels([balanced(n)] * ROWS)), layer(X[:, :n]))
    # A chain is the recurrence that starts from the first leaf.
    start = [X[:, 0], np.zeros((ROWS, WIDTH))][: len(layer.cell.state_sizes)]
    start = [tf.constant(one, "float32") for one in start]
    recurrence = RNN(layer.cell)(tf.constant(X[:, 1:7], "float32"), initial_state=start)
    same(layer(X[:, :7], tree_levels([chain(7)] * ROWS)), recurrence)


@pytest.mark.parametrize("given", [False, True])
def test_gradients_are_the_slopes_of_the_roots(given: bool) -> None:
    layer = layer_of(GRUCell, "float64")
    reference = reference_of(layer, GRUReference)
    mask = every_mask(ROWS, 9)[[0, 2, 3, 7]]
    slope = RNG.normal(size=(4, WIDTH))

    def loss(leaves: np.ndarray) -> float:
        if given:
            roots = [root(reference, x, tree) for x, tree in zip(leaves, TREES, strict=True)]
        else:
            roots = [
                root(reference, x[row], balanced(int(row.sum()))) if row.any() else np.zeros(WIDTH)
                for x, row in zip(leaves, mask, strict=True)
            ]
        return float(np.sum(slope * np.stack(roots)))

    leaves = tf.Variable(X[:4])
    weights = layer.trainable_weights
    how: Any = {"merges": tree_levels(TREES, 9)} if given else {"mask": mask}
    with tf.GradientTape() as tape:
        value = tf.reduce_sum(layer(leaves, **how) * slope)
    of_leaves, of_weights = tape.gradient(value, (leaves, [w.value for w in weights]))
    # Central differences of 1e-6 in float64 are right to 1e-9 or so.
    for at in [(0, 0, 0), (0, 4, 2), (1, 5, 1), (2, 0, 1), (3, 6, 0), (3, 8, 1)]:
        step = np.zeros_like(X[:4])
        step[at] = 1e-6
        numeric = (loss(X[:4] + step) - loss(X[:4] - step)) / 2e-6
        assert float(of_leaves[at]) == pytest.approx(numeric, abs=1e-7)
    for weight, gradient, of_reference in zip(
        weights, of_weights, reference.weights.values(), strict=True
    ):
        before = of_reference[0, 1]
        both = []
        for moved in (1e-6, -1e-6):
            of_reference[0, 1] = before + moved
            both.append(loss(X[:4]))
        of_reference[0, 1] = before
        assert float(gradient[0, 1]) == pytest.approx((both[0] - both[1]) / 2e-6, abs=1e-7), weight


@pytest.mark.parametrize("given", [False, True])
def test_dropout_is_for_training_alone_and_drawn_anew_in_every_node(given: bool) -> None:
    layer = layer_of(SimpleRNNCell, dropout=0.5, recurrent_dropout=0.4)
    how: Any = {"merges": tree_levels([balanced(7)] * ROWS)} if given else {}
    leaves = tf.constant(X[:, :7], "float32")
    same(layer(leaves, **how), layer_of(SimpleRNNCell)(leaves))
    first, second = (layer(leaves, **how, training=True) for _ in range(2))
    assert np.abs(first - second).max() > 100 * CLOSE

    @tf.function(autograph=False, input_signature=[tf.TensorSpec((None, None, WIDTH))])
    def in_training(some: Any) -> Any:
        return layer(some, training=True) if not given else layer(some, **how, training=True)

    first, second = in_training(leaves), in_training(leaves)
    assert np.abs(first - second).max() > 100 * CLOSE
    # Equal leaves in equal rows differ by their masks alone.
    alike = layer(np.ones((4, 2, WIDTH), "float32"), training=True)
    assert len(np.unique(np.asarray(alike.numpy()), axis=0)) > 1


def test_precision() -> None:
    half, double = layer_of(GRUCell, "mixed_float16"), layer_of(GRUCell, "float64")
    assert half.cell.kernel.dtype == "float32"
    mask = every_mask(ROWS, 9)
    exact = double(X, mask=mask)
    assert exact.dtype == "float64"
    reference = reference_of(double, GRUReference)
    same(exact[5], root(reference, X[5], balanced(9)), 1e-13)
    rounded = half(X, mask=mask)
    assert rounded.dtype == "float16"
    same(rounded, exact, 0.01)  # eleven bits, four nodes deep
    same(half(X[:4], tree_levels(TREES, 9)), double(X[:4], tree_levels(TREES, 9)), 0.01)


@saves_models
@pytest.mark.parametrize("given", [False, True])
def test_a_model_is_saved_and_exported(given: bool, tmp_path: Any) -> None:
    leaves = keras.Input((None, WIDTH), name="leaves")
    inputs = [leaves]
    if given:
        inputs.append(keras.Input((None, None, 2), dtype="int32", name="merges"))
        outputs = RecursiveNetwork(LSTMCell(WIDTH), name="tree")(*inputs)
    else:
        outputs = RecursiveNetwork(LSTMCell(WIDTH), name="tree")(keras.layers.Masking()(leaves))
    assert outputs.shape == (None, WIDTH)
    model = keras.Model(inputs, outputs)
    x = np.where(every_mask(ROWS, 9)[..., None], X, 0.0).astype("float32")[:4]
    fed = [x, tree_levels(TREES, 9)][: len(inputs)]
    wanted = model(fed)
    if not given:
        same(wanted, model.layers[-1](x, mask=every_mask(ROWS, 9)[:4]))
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    assert loaded.layers[-1].cell.get_config() == model.layers[-1].cell.get_config()
    np.testing.assert_array_equal(loaded(fed), wanted)
    if given:
        return  # the check feeds random numbers, which are no trees
    for difference in export_onnx_file(loaded, tmp_path / "model.onnx"):
        assert difference.value < CLOSE
    import onnxruntime

    session = onnxruntime.InferenceSession(tmp_path / "model.onnx")
    same(session.run(None, {"leaves": x})[0], wanted)


def test_what_it_refuses() -> None:
    with pytest.raises(KitError, match=r"composes by a .*ProjectedCell; received <LSTMCell"):
        RecursiveNetwork(keras.layers.LSTMCell(4))
    with pytest.raises(KitError, match=r"'tree' must be as wide .* 4 and 4; .* of width 3"):
        RecursiveNetwork(SimpleRNNCell(4), name="tree")(X)
