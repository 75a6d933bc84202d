"""`SimpleRNN` on cuDNN: TensorFlow has the kernel (`CudnnRNNV3`), and Keras never calls it.

Keras itself hands GRU and LSTM to cuDNN (`cudnn.py`).
"""

from typing import Any

import keras
import tensorflow as tf

from keras_rnn_kit.cells.contract import ProjectedCell
from keras_rnn_kit.cells.simple_rnn import SimpleRNNCell
from keras_rnn_kit.errors import KitError

_MODES = {keras.activations.tanh: "rnn_tanh", keras.activations.relu: "rnn_relu"}


def run(
    cell: ProjectedCell,
    inputs: tf.Tensor,
    states: list[tf.Tensor],
    state_mask: tf.Tensor | None,
    step_mask: tf.Tensor | None,
    training: bool,
) -> tuple[tf.Tensor, list[tf.Tensor]]:
    """`cell` over `inputs [B, T, E]` on cuDNN: `(outputs [B, T, H], [final state])`.

    `step_mask [B, T]` is padding on the right, with one real step or more in each row; another one
    is refused when the graph runs. Past a row's end the output repeats the last one, as in Keras.

    Raises:
        KitError: the cell is not a `SimpleRNNCell` with tanh or relu, the state is dropped, or
            TensorFlow sees no GPU.
    """
    mode = _MODES.get(cell.activation) if isinstance(cell, SimpleRNNCell) else None
    if mode is None or state_mask is not None:
        raise KitError(
            "recurrence='cudnn' runs SimpleRNN with tanh or relu and without recurrent dropout, "
            f"GRU and LSTM; received {type(cell).__name__}, activation "
            f"{getattr(getattr(cell, 'activation', None), '__name__', None)}, recurrent_dropout "
            f"{cell.recurrent_dropout}. Leave recurrence out."
        )
    if not tf.config.list_logical_devices("GPU"):
        raise KitError(
            "recurrence='cudnn' needs a GPU; TensorFlow sees none. Leave recurrence out."
        )
    lengths = tf.fill(tf.shape(inputs)[:1], tf.shape(inputs)[1])
    checks = []
    if step_mask is not None:
        lengths = tf.reduce_sum(tf.cast(step_mask, tf.int32), axis=1)
        padded = tf.reduce_all(step_mask == tf.sequence_mask(lengths, tf.shape(inputs)[1]))
        rule = (
            "recurrence='cudnn' needs masks that are padding on the right, with one real step or "
            "more in each row; received another. Leave recurrence out."
        )
        checks.append(tf.debugging.Assert(padded & tf.reduce_all(lengths > 0), [rule]))
    with tf.control_dependencies(checks):
        outputs, final, _, _, _ = tf.raw_ops.CudnnRNNV3(
            input=inputs,
            input_h=states[0][None],
            input_c=tf.zeros([0], inputs.dtype),
            params=parameters(cell, inputs.dtype),
            sequence_lengths=lengths,
            rnn_mode=mode,
            is_training=bool(training),
            time_major=False,
        )
    final = final[0]
    if step_mask is not None:
        outputs = tf.where(step_mask[:, :, None], outputs, final[:, None])
    return outputs, [final]


def parameters(cell: SimpleRNNCell, dtype: Any) -> tf.Tensor:
    """The weights as cuDNN has them, flat: W, U (both turned over), the bias, a second bias."""
    kernel, recurrent_kernel = (
        tf.cast(tf.convert_to_tensor(weight), dtype)
        for weight in (cell.kernel, cell.recurrent_kernel)
    )
    none = tf.zeros([cell.units], dtype)
    bias = none if cell.bias is None else tf.cast(tf.convert_to_tensor(cell.bias), dtype)
    flat = [tf.reshape(tf.transpose(weight), [-1]) for weight in (kernel, recurrent_kernel)]
    return tf.concat([*flat, bias, none], axis=0)
