"""`gradient_flow` while a model trains, kept and written for TensorBoard."""

import os
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from keras_rnn_kit.arguments import positive_integer
from keras_rnn_kit.training.flow_report import FlowReport
from keras_rnn_kit.training.gradient_flow import gradient_flow

# The plugins of TensorBoard that read a summary, and how many bins their histograms have.
_SCALARS, _HISTOGRAMS, _BINS = "scalars", "histograms", 30


class GradientFlow(keras.callbacks.Callback):
    """Runs `gradient_flow` on one batch at the start of training and after each `every` epochs.

    `reports` holds what it found by the number of epochs that were done, 0 for the start. With
    `log_dir` the same goes to TensorBoard, in the steps of the epochs. Of each layer these are, as
    scalars, the norm of the gradient at the last step and at the first one, the norm of the
    Jacobian over all steps, each kernel's spectral radius and largest singular value and the share
    of saturated units; as histograms the logarithms to base 10 of the gradient's norms at all
    steps, and the absolute values of the eigenvalues.

    Args:
        x, y, sample_weight: the batch, as `gradient_flow` takes it; a small one is enough.
        every: epochs from one look to the next.
        log_dir: a folder for TensorBoard, which need not be installed to write there; `None`
            writes nothing.
        jacobian_rows: as in `gradient_flow`; 0 makes it cheaper.

    Raises:
        KitError: `every` is not a positive integer; at the start of training, what `gradient_flow`
            raises.

    Example:

    >>> import keras, numpy as np
    >>> from keras_rnn_kit.layers import SimpleRNN
    >>> model = keras.Sequential([keras.Input((5, 1)), SimpleRNN(3), keras.layers.Dense(1)])
    >>> model.compile("sgd", "mse")
    >>> x, y = np.ones((4, 5, 1), "float32"), np.ones((4, 1), "float32")
    >>> flow = GradientFlow(x, y, every=2)
    >>> _ = model.fit(x, y, epochs=4, verbose=0, callbacks=[flow])
    >>> list(flow.reports)
    [0, 2, 4]
    """

    def __init__(
        self,
        x: Any,
        y: Any = None,
        sample_weight: Any = None,
        *,
        every: int = 1,
        log_dir: str | os.PathLike[str] | None = None,
        jacobian_rows: int = 1,
    ):
        super().__init__()
        self.batch = (x, y, sample_weight)
        self.every = positive_integer("every", every)
        self.log_dir = log_dir
        self.jacobian_rows = jacobian_rows
        self.reports: dict[int, FlowReport] = {}
        self._writer: Any = None

    def on_train_begin(self, logs: dict[str, Any] | None = None) -> None:
        self.reports.clear()
        if self.model.built:
            self._look(0)

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        if (epoch + 1) % self.every == 0:
            self._look(epoch + 1)

    def on_train_end(self, logs: dict[str, Any] | None = None) -> None:
        if self._writer is not None:
            self._writer.close()
            self._writer = None

    def _look(self, epochs: int) -> None:
        report = gradient_flow(self.model, *self.batch, jacobian_rows=self.jacobian_rows)
        self.reports[epochs] = report
        if self.log_dir is not None:
            if self._writer is None:
                self._writer = tf.summary.create_file_writer(os.fspath(self.log_dir))
            with self._writer.as_default(step=epochs):
                _write(report)
            self._writer.flush()


def _write(report: FlowReport) -> None:
    for layer in report.layers:
        at = f"gradient_flow/{layer.name}"
        for state, norms in layer.gradient_norms.items():
            _scalar(f"{at}/gradient of {state} at the last step", norms[0])
            _scalar(f"{at}/gradient of {state} at the first step", norms[-1])
            seen = [norm for norm in norms if 0 < norm < np.inf]
            _histogram(f"{at}/log10 of the gradients of {state}", np.log10(seen))
        if layer.state_jacobian_norms:
            _scalar(f"{at}/Jacobian over all steps", layer.state_jacobian_norms[-1])
        for name, kernel in layer.kernels.items():
            _scalar(f"{at}/{name}, spectral radius", kernel.spectral_radius)
            _scalar(f"{at}/{name}, largest singular value", kernel.largest_singular_value)
            _histogram(f"{at}/{name}, |eigenvalues|", np.abs(kernel.eigenvalues))
        for definition, shares in layer.saturated.items():
            _scalar(f"{at}/saturated, {definition}", float(np.mean(shares)))


# `tf.summary.scalar` and `histogram` are TensorBoard's; what they write is not.


def _scalar(tag: str, value: float) -> None:
    _summary(tag, _SCALARS, tf.constant(value, tf.float32))


def _histogram(tag: str, values: np.ndarray) -> None:
    values = values[np.isfinite(values)]
    if len(values):
        counts, edges = np.histogram(values, _BINS)
        _summary(tag, _HISTOGRAMS, np.stack([edges[:-1], edges[1:], counts], axis=1))


def _summary(tag: str, plugin: str, tensor: Any) -> None:
    metadata = tf.compat.v1.SummaryMetadata()
    metadata.plugin_data.plugin_name = plugin
    tf.summary.write(tag, tensor, metadata=metadata)
