"""A tree classifier in a bundle says what Keras says, at lengths that no one has seen before."""

from typing import Any

import numpy as np
import pytest

from keras_rnn_kit import runtime
from keras_rnn_kit.exporting import export_onnx
from keras_rnn_kit.models import TreeClassifier
from tests.exporting.models import saves_models, softmax, with_weights, words

TEXTS = ["A good film", "not good, not bad, not a film: so bad, so good", "bad", ""]
# Both compute in float32 and add up in another order; see `parity.TOLERANCE`.
TOLERANCE = 1e-5


@saves_models
@pytest.mark.parametrize("how", [{"cell": "GRU"}, {"structure": "chain"}])
def test_a_bundle_of_either_structure(how: dict[str, Any], tmp_path: Any) -> None:
    encoder = words()
    model = TreeClassifier(len(encoder.vocabulary), ("no", "so-so", "yes"), 5, **how)
    model.build((None, None))
    with_weights(model)
    differences = export_onnx(model, tmp_path / "bundle", encoder)
    assert {found.graph for found in differences} == {"model"}
    loaded = runtime.load(tmp_path / "bundle")
    assert isinstance(loaded, runtime.Classifier)
    assert tuple(loaded.labels) == ("no", "so-so", "yes")
    for text, shares in zip(TEXTS, loaded.predict_proba(TEXTS), strict=True):
        ids = encoder.encode(text)
        logits = model(np.array([ids if len(ids) else [encoder.vocabulary.unk_id]]))
        np.testing.assert_allclose(shares, softmax(logits)[0], rtol=0, atol=TOLERANCE)
