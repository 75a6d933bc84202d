"""A model as it is used after training: without carried states, in one type of numbers."""

from typing import Any

import keras

from keras_rnn_kit.errors import KitError


def inference_copy(model: Any, dtype: str = "float32") -> Any:
    """The same weights in a model that is stateless and computes in `dtype`.

    Returns the model itself where it already is so. States that a `stateful` model carries are
    neither read nor changed. Raises `KitError` for a model without weights that is not yet so.
    """
    config = model.get_config()
    if model.dtype_policy.name == dtype and not config.get("stateful", False):
        return model
    if not model.built:
        raise KitError(
            "a model must be built before it is copied; received one without weights. Train it, or "
            "call it once."
        )
    config["dtype"] = dtype
    if "stateful" in config:
        config["stateful"] = False
    plain: keras.Model = type(model).from_config(config)
    # Tokens `[B, T]`, where the model says nothing else.
    plain.build(getattr(plain, "free_shape", (None, None)))
    plain.set_weights(model.get_weights())
    return plain
