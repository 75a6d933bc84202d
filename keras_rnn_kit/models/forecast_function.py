"""A forecaster's forward pass as one compiled function, for any number of rows and steps."""

from typing import Any

import keras
import numpy as np
from keras import ops


class Forward:
    """`(windows [B, τ, C], noise [B, k, K]) -> [B, k, K]`, or `[B, k, K, P]`.

    It is no attribute that Keras would track and save: it belongs to the process.
    """

    def __init__(self, model: Any):
        self._model = model
        self._function = self._run
        if keras.backend.backend() == "tensorflow":
            import tensorflow as tf

            signature = [
                tf.TensorSpec(model.free_shape, "float32"),
                tf.TensorSpec([None, None, len(model.targets)], "float32"),
            ]
            traced = tf.function(self._run, input_signature=signature, autograph=False)
            self._function = traced.get_concrete_function()

    def __call__(self, windows: np.ndarray, noise: np.ndarray) -> np.ndarray:
        made = self._function(ops.convert_to_tensor(windows), ops.convert_to_tensor(noise))
        return np.asarray(ops.convert_to_numpy(made))

    def _run(self, windows: Any, noise: Any) -> Any:
        if self._model.feedback_layer is None:
            return self._model(windows, training=False)[:, : ops.shape(noise)[1]]
        return self._model.iterate(windows, noise)
