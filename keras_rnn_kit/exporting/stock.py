"""Keras's own recurrent layers on the kit's way to ONNX, their weights carried over.

Within `on_engine()` a `keras.layers.SimpleRNN`, `GRU`, `LSTM`, or `RNN` of their cells or of
projected ones, lays itself out as the kit's layer would. The model itself is not touched.
"""

import concurrent.futures
import contextlib
from collections.abc import Callable, Iterator
from typing import Any

import keras
from keras import ops

from keras_rnn_kit import cells
from keras_rnn_kit.cells.contract import ProjectedCell
from keras_rnn_kit.layers import RNN

_TWINS: dict[type, type[ProjectedCell]] = {
    keras.layers.SimpleRNNCell: cells.SimpleRNNCell,
    keras.layers.GRUCell: cells.GRUCell,
    keras.layers.LSTMCell: cells.LSTMCell,
}
_WEIGHTS = ("kernel", "recurrent_kernel", "bias")


@contextlib.contextmanager
def on_engine() -> Iterator[None]:
    """Within it, Keras's recurrent layers run as this kit's, where their cells are known."""
    rnn = keras.layers.RNN
    replaced: dict[tuple[type, str], Callable[..., Any]] = {
        (rnn, "_maybe_config_dropout_masks"): _masks(rnn._maybe_config_dropout_masks),
        (keras.layers.TimeDistributed, "call"): _time_distributed,
    }
    # The classes that say themselves how they run; the others inherit it.
    for layer in (rnn, keras.layers.GRU, keras.layers.LSTM):
        replaced[layer, "inner_loop"] = _inner_loop(vars(layer)["inner_loop"])
    before = {(owner, name): vars(owner)[name] for owner, name in replaced}
    try:
        for (owner, name), function in replaced.items():
            setattr(owner, name, function)
        yield
    finally:
        for (owner, name), function in before.items():
            setattr(owner, name, function)


def _inner_loop(own: Callable[..., Any]) -> Callable[..., Any]:
    def inner_loop(
        self: Any, sequences: Any, initial_state: Any, mask: Any, training: bool = False
    ) -> Any:
        if isinstance(self, RNN) or not _has_twin(self.cell):
            return own(self, sequences, initial_state, mask, training)
        # A cell has a variable for its seed, and no trace lets a layer make one. Another thread
        # traces nothing.
        with concurrent.futures.ThreadPoolExecutor(1) as apart:
            layer = apart.submit(_twin_of_layer, self).result()
        mask = mask[0] if isinstance(mask, (list, tuple)) else mask
        return layer.inner_loop(sequences, initial_state, mask, training)

    return inner_loop


def _masks(own: Callable[..., None]) -> Callable[..., None]:
    """Keras draws masks out of training too, and what draws keeps a state in the graph."""

    def configure(self: Any, cell: Any, *given: Any) -> None:
        if not _has_twin(cell):
            own(self, cell, *given)

    return configure


def _time_distributed(self: Any, inputs: Any, training: Any = None, mask: Any = None) -> Any:
    """`keras.layers.TimeDistributed.call` as one call of its layer, the steps as so many rows.

    Keras 3.15 takes B steps, not T, where T is unknown.
    """
    rows = ops.shape(inputs)[:2]

    def joined(sequence: Any) -> Any:  # [B, T, ...] -> [B·T, ...]
        return ops.reshape(sequence, (-1, *ops.shape(sequence)[2:]))

    arguments = {"training": training} if self.layer._call_has_training_arg else {}
    if mask is not None and self.layer._call_has_mask_arg:
        arguments["mask"] = joined(mask)
    outputs = self.layer.call(joined(inputs), **arguments)
    return ops.reshape(outputs, (*rows, *ops.shape(outputs)[1:]))


def _has_twin(cell: Any) -> bool:
    if type(cell) is keras.layers.StackedRNNCells:
        return all(map(_has_twin, cell.cells))
    return isinstance(cell, ProjectedCell) or type(cell) in _TWINS


def _twin_of_layer(layer: Any) -> RNN:
    """The kit's layer with the weights of Keras's."""
    return RNN(
        _twin(layer.cell),
        return_sequences=layer.return_sequences,
        go_backwards=layer.go_backwards,
        zero_output_for_mask=layer.zero_output_for_mask,
        dtype=layer.dtype_policy,
    )


def _twin(cell: Any) -> Any:
    """The projected cell with the weights of `cell`."""
    if isinstance(cell, ProjectedCell):
        return cell
    if type(cell) is keras.layers.StackedRNNCells:
        return keras.layers.StackedRNNCells([_twin(one) for one in cell.cells])
    twin = _TWINS[type(cell)].from_config(cell.get_config())
    for name in _WEIGHTS:
        setattr(twin, name, getattr(cell, name))
    twin.built = True
    return twin
