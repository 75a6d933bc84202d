from typing import Any

import numpy as np
import pytest

from keras_rnn_kit.errors import KitError
from keras_rnn_kit.models import LanguageModel, TextClassifier
from keras_rnn_kit.models.copying import inference_copy
from tests.models.reference import with_weights

TOKENS = np.array([[1, 4, 2], [3, 1, 5]], np.int32)


def language_model(shape: Any = (None, None), **arguments: Any) -> Any:
    model = LanguageModel(7, units=4, embedding=3, dropout=0.2, **arguments)
    model.build(shape)
    return with_weights(model)


def test_what_needs_no_copy_is_not_copied() -> None:
    for model in (language_model(), TextClassifier(7, ("a", "b"), units=4)):
        assert inference_copy(model) is model


@pytest.mark.parametrize(
    "how", [{"dtype": "mixed_float16"}, {"dtype": "mixed_bfloat16"}, {"stateful": True}]
)
def test_a_copy_is_plain(how: dict[str, Any]) -> None:
    model = language_model((2, 3), **how)
    if "stateful" in how:
        model(TOKENS)
    states = [np.asarray(s) for s in model.recurrent_layers[0].states or []]
    copy = inference_copy(model)
    assert copy is not model
    assert {layer.dtype_policy.name for layer in copy._flatten_layers()} == {"float32"}
    assert not any(layer.stateful for layer in copy.recurrent_layers)
    for one, other in zip(copy.get_weights(), model.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)
    plain = language_model()
    for tokens in (TOKENS, TOKENS[:1], TOKENS[:, :2]):  # any batch, any length, nothing carried
        np.testing.assert_array_equal(copy(tokens), plain(tokens))
        np.testing.assert_array_equal(copy(tokens), plain(tokens))
    after = [np.asarray(s) for s in model.recurrent_layers[0].states or []]
    np.testing.assert_equal(after, states)


def test_a_copy_of_a_classifier() -> None:
    model = TextClassifier(7, ("a", "b"), units=4, dtype="mixed_float16")
    model.build((None, None))
    copy = inference_copy(with_weights(model))
    assert (copy.classes, copy.compute_dtype) == (("a", "b"), "float32")
    plain = TextClassifier(7, ("a", "b"), units=4)
    plain.build((None, None))
    np.testing.assert_array_equal(copy(TOKENS), with_weights(plain)(TOKENS))


@pytest.mark.parametrize("how", [{"dtype": "mixed_float16"}, {"stateful": True}])
def test_a_model_without_weights(how: dict[str, Any]) -> None:
    with pytest.raises(KitError, match="must be built"):
        inference_copy(LanguageModel(7, **how))
