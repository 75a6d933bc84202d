"""A model as it is used after training: without carried states, in float32."""

from typing import Any

import keras


def inference_copy(model: Any) -> Any:
    """The same weights in a model that is stateless and computes in float32.

    Returns the model itself where it already is so. States that a `stateful` model carries are
    neither read nor changed.
    """
    config = model.get_config()
    if model.compute_dtype == "float32" and not config.get("stateful", False):
        return model
    config["dtype"] = "float32"
    if "stateful" in config:
        config["stateful"] = False
    plain: keras.Model = type(model).from_config(config)
    plain.build((None, None))
    plain.set_weights(model.get_weights())
    return plain
