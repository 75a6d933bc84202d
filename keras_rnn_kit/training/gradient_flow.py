"""How far gradients reach back through a model's recurrent layers, in figures."""

from typing import Any

import keras
import numpy as np
import tensorflow as tf
from keras import tree

from keras_rnn_kit import cells
from keras_rnn_kit.errors import KitError
from keras_rnn_kit.training.flow_report import FlowReport, LayerFlow
from keras_rnn_kit.training.jacobians import jacobian_norms
from keras_rnn_kit.training.kernel_spectra import kernel_spectra, unwrapped
from keras_rnn_kit.training.unfolded_steps import UnfoldedSteps, unfold

# Their state is not a value of φ: it is a sum that no activation bounds.
_NOT_ACTIVATED = (cells.AntisymmetricRNNCell, cells.CoRNNCell, cells.LinearRecurrentCell)
_SATURATED = {
    "tanh": ("|{}| > 0.99", lambda h: np.abs(h) > 0.99),
    "sigmoid": ("{} < 0.01 or > 0.99", lambda h: np.abs(h - 0.5) > 0.49),
    "relu": ("{} = 0", lambda h: h == 0),
}


def gradient_flow(
    model: keras.Model,
    x: Any,
    y: Any = None,
    sample_weight: Any = None,
    *,
    jacobian_rows: int = 1,
) -> FlowReport:
    """Measures how gradients flow back through the recurrent layers of `model` on one batch.

    For each layer that is a `keras.layers.RNN`, of this kit or of Keras, wherever it stands:

    - ‖∂L/∂h_t‖, the norm of the loss's gradient by each state after step t, by how many steps come
      after it. That is the gradient of all that the state goes into: the later steps, and the
      output of its own. L is the loss as compiled, a mean over the batch.
    - ‖∂h_T/∂h_t‖, the largest singular value of the Jacobian of the last state by an earlier one,
      and ‖∂h_T/∂x_t‖ by an input. Where a cell has several states, h is all of them.
    - The eigenvalues of the recurrent kernel's square blocks, its spectral radius, and its largest
      singular value.
    - The share of saturated units, through which next to nothing flows back. By the activation of
      the cell these are `|h| > 0.99` (tanh), `h < 0.01 or h > 0.99` (sigmoid), `h = 0` (ReLU); of
      an LSTM `|tanh(c)| > 0.99`. Cells whose state is not the value of an activation have none.

    Masked steps are left out: a distance counts the real steps of a row. Layers that read backwards
    are counted as they read. Nothing is changed: neither weights nor carried states, metrics or
    seeds; dropout is off. Half precision is measured in single.

    The cost: each layer runs its T steps forward and back once for the batch, and T times the
    gradient of a step for `jacobian_rows · ΣH` rows, ΣH being the width of its states. T = 500 and
    H = 256 take some seconds. Jacobians are kept at 128 distances at most, from 0 to T − 1.

    Args:
        model: built, and with targets compiled with a loss.
        x: one batch of inputs; or a `tf.data.Dataset` of (x, y) or (x, y, sample_weight), of which
            the first batch is taken.
        y: its targets. Without them L is the sum of the model's outputs.
        sample_weight: as in `model.fit`.
        jacobian_rows: for how many rows, the first of the batch, the Jacobians are taken; 0 leaves
            them out.

    Raises:
        KitError: the model has no recurrent layer, is not built, or has no loss for `y`;
            `jacobian_rows` is negative; the batch is empty; a recurrent layer is not reached
            by the call, runs inside a graph, or has states that are not `[B, H]`.

    Source: Pascanu, Mikolov and Bengio, "On the difficulty of training recurrent neural networks",
    2013; Zhang et al., "Dive into Deep Learning", 9.7.

    Example:

    >>> import keras
    >>> from keras_rnn_kit.layers import SimpleRNN
    >>> orthogonal = keras.initializers.Orthogonal(gain=0.5, seed=0)
    >>> layer = SimpleRNN(8, "linear", recurrent_initializer=orthogonal, name="rnn")
    >>> model = keras.Sequential([keras.Input((4, 3)), layer])
    >>> flow = gradient_flow(model, np.ones((2, 4, 3), "float32"))
    >>> [round(norm, 4) for norm in flow.layers[0].state_jacobian_norms]
    [1.0, 0.5, 0.25, 0.125]
    """
    whole = isinstance(jacobian_rows, int) and not isinstance(jacobian_rows, bool)
    if not whole or jacobian_rows < 0:
        raise KitError(
            f"jacobian_rows must be an integer of 0 or more; received {jacobian_rows!r}. Pass 0 to "
            "leave the Jacobians out."
        )
    layers = [each for each in model._flatten_layers() if isinstance(each, keras.layers.RNN)]
    if not layers:
        raise KitError(
            f"gradient_flow needs a model with a recurrent layer; received {model.name!r}, whose "
            "layers are none. Pass a model with a layer of keras_rnn_kit.layers or a keras.layers."
            "RNN in it."
        )
    if not model.built:
        raise KitError(
            f"gradient_flow needs a model that has its weights; received {model.name!r}, which is "
            "not built yet. Call it on a batch, or fit it, first."
        )
    x, y, sample_weight = _one_batch(x, y, sample_weight)
    if y is not None and not (model.compiled and (model._compile_loss or model.losses)):
        raise KitError(
            f"the gradient of a loss needs a loss; received targets for {model.name!r}, which is "
            "compiled with none. Call model.compile(loss=...), or leave y out."
        )

    def loss() -> Any:
        outputs = model(x, training=False)
        if y is None:
            return tf.add_n([tf.reduce_sum(tf.cast(o, "float32")) for o in tree.flatten(outputs)])
        return model.compute_loss(x, y, outputs, sample_weight, training=False)

    value, found = unfold(model, loss, layers)
    return FlowReport(
        loss=value,
        loss_is="sum of the outputs" if y is None else "loss",
        batch_size=int(tree.flatten(x)[0].shape[0]),
        layers=[_layer_flow(steps, jacobian_rows) for steps in found],
    )


def _one_batch(x: Any, y: Any, sample_weight: Any) -> tuple[Any, Any, Any]:
    """The batch as tensors."""
    if isinstance(x, tf.data.Dataset):
        if y is not None or sample_weight is not None:
            raise KitError(
                "a tf.data.Dataset brings its own targets and weights; received others beside it. "
                "Pass the data set alone."
            )
        first = next(iter(x), None)
        if first is None:
            raise KitError("gradient_flow needs a batch; received an empty tf.data.Dataset.")
        x, y, sample_weight = keras.utils.unpack_x_y_sample_weight(first)
    return tree.map_structure(
        lambda part: None if part is None else tf.convert_to_tensor(part), (x, y, sample_weight)
    )


def _layer_flow(steps: UnfoldedSteps, jacobian_rows: int) -> LayerFlow:
    real, distances = steps.real, steps.distances
    length = int(real.sum(1).max())
    norms = {}
    for k, name in enumerate(_state_names(steps)):
        by_step = np.stack([_norms(after[k]) for after in steps.gradients], axis=1)
        norms[name] = _mean_by(distances, by_step, real, length)
    taken = jacobian_norms(steps, jacobian_rows)
    several = len(steps.step.cells) > 1
    kernels, saturated = {}, {}
    for number, cell in enumerate(steps.step.cells):
        of = f"cell {number + 1}, " if several else ""
        kernels.update({of + name: found for name, found in kernel_spectra(cell).items()})
        if (found := _saturated(steps, number)) is not None:
            definition, shares = found
            saturated[of + definition] = _mean_by(steps.places, shares, real, length)
    return LayerFlow(
        name=steps.name,
        cell=", ".join(type(cell).__name__ for cell in steps.step.cells),
        steps=length,
        rows=[int((real.sum(1) > d).sum()) for d in range(length)],
        gradient_norms=norms,
        jacobian_distances=taken.distances,
        state_jacobian_norms=taken.of_states,
        input_jacobian_norms=taken.of_inputs,
        kernels=kernels,
        saturated=saturated,
    )


def _state_names(steps: UnfoldedSteps) -> list[str]:
    """`h`, or `h` and `c` of an LSTM; else numbered from 1. Of several cells, each with its own."""
    names: list[str] = []
    for number, (cell, count) in enumerate(zip(steps.step.cells, steps.step.counts, strict=True)):
        if isinstance(unwrapped(cell), (cells.LSTMCell, keras.layers.LSTMCell)):
            own = ["h", "c"]
        else:
            own = ["h"] if count == 1 else [f"h{k + 1}" for k in range(count)]
        several = len(steps.step.cells) > 1
        names.extend(f"cell {number + 1}: {name}" if several else name for name in own)
    return names


def _norms(gradient: Any) -> np.ndarray:
    """`[B, H] -> [B]`; squares of float32 would be lost below 1e-23."""
    return np.linalg.norm(np.asarray(gradient, "float64"), axis=-1)


def _mean_by(index: np.ndarray, values: np.ndarray, real: np.ndarray, length: int) -> list[float]:
    """The mean of the `values [B, T]` of real steps by their `index`, 0 to `length − 1`."""
    sums = np.bincount(index[real], values[real], minlength=length)
    counts = np.bincount(index[real], minlength=length)
    return [float(mean) for mean in sums / counts]


def _saturated(steps: UnfoldedSteps, number: int) -> tuple[str, np.ndarray] | None:
    """How it is defined for the cell, and the share of its units at each step, `[B, T]`."""
    cell, first = unwrapped(steps.step.cells[number]), sum(steps.step.counts[:number])
    activation: Any = getattr(cell, "activation", None)
    name = getattr(activation, "__name__", None)
    if name not in _SATURATED or isinstance(cell, _NOT_ACTIVATED):
        return None
    definition, holds = _SATURATED[name]
    of_lstm = isinstance(cell, (cells.LSTMCell, keras.layers.LSTMCell))
    values = [after[first + of_lstm] for after in steps.states[1:]]
    if of_lstm:
        values = [activation(value) for value in values]
    shares = np.stack([holds(np.asarray(value)).mean(-1) for value in values], axis=1)
    return definition.format(f"{name}(c)" if of_lstm else "h"), shares
