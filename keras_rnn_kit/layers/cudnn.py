"""Keras's argument `use_cudnn`, for the layers that cuDNN has a kernel for."""

from typing import Any, ClassVar

import keras

from keras_rnn_kit.errors import KitError
from keras_rnn_kit.layers.named import NamedRNN


class CudnnRNN(NamedRNN):
    """Base of the layers that Keras can hand to cuDNN.

    With `use_cudnn=True` the layer runs as Keras's own does: on cuDNN, or not at all. `"auto"`
    and `False` run it on the engine. `recurrence="cudnn"` says the same. As in Keras the config
    leaves `use_cudnn` out: it says where a model runs, and a file from a machine with a GPU has to
    load on one without. A model is exported as any other.

    Raises:
        KitError: `use_cudnn` is none of the three; or, in the call, it is `True` without a GPU.
        ValueError: cuDNN does not run a layer of these arguments (Keras's own error).
    """

    unsaved: ClassVar[dict[str, Any]] = {"use_cudnn": "auto"}
    use_cudnn: Any

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs.pop("implementation", None)  # of Keras's cells: one of two ways to the same
        super().__init__(*args, **kwargs)
        if self.recurrence == "cudnn":
            self.use_cudnn = True
        if self.use_cudnn not in ("auto", True, False):
            raise KitError(
                f"use_cudnn must be 'auto', True or False; received {self.use_cudnn!r}. Pass "
                "'auto' to run on the engine."
            )
        if self.use_cudnn is True:
            self.supports_jit = False  # XLA has no cuDNN recurrence

    def inner_loop(
        self, sequences: Any, initial_state: Any, mask: Any, training: bool = False
    ) -> tuple[Any, Any, Any]:
        """`(last output [B, O], outputs [B, T, O], final states)`: the hook that Keras calls."""
        if self.use_cudnn is not True or self._exporting():
            return super().inner_loop(sequences, initial_state, mask, training)
        self._check_gpu()
        assert self.stands_in_for is not None
        return self.stands_in_for.inner_loop(self, sequences, initial_state, mask, training)

    def _exporting(self) -> bool:
        if keras.backend.backend() != "tensorflow":
            return False
        from keras_rnn_kit.layers import marker

        return marker.wanted()

    def _check_gpu(self) -> None:
        if keras.backend.backend() != "tensorflow":
            return  # Keras asks its other backends
        import tensorflow as tf

        if not tf.config.list_logical_devices("GPU"):
            raise KitError(
                f"use_cudnn=True needs a GPU; received it for {self.name!r} where TensorFlow sees "
                "none. Pass use_cudnn='auto' to run on the engine."
            )
