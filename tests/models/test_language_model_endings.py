"""A language model whose texts end by a decision at each step."""

import keras
import numpy as np
import pytest

import keras_rnn_kit as kit
from keras_rnn_kit.errors import KitError
from keras_rnn_kit.models import LanguageModel
from tests.models.reference import TOLERANCE, saves_models, with_weights

EOS = 3
TOKENS = np.random.default_rng(0).integers(0, 7, (3, 9)).astype("int32")


def build(**arguments):
    model = LanguageModel(7, units=5, embedding=4, termination="bernoulli", **arguments)
    model.build(model.free_shape)
    return with_weights(model)


def test_the_end_is_a_decision_of_its_own():
    model = build()
    scores = np.asarray(model(TOKENS))
    # Single precision: seven exponentials of size 1 at the most.
    np.testing.assert_allclose(np.exp(scores).sum(-1), 1, rtol=0, atol=1e-6)
    hidden = model.recurrent_layers[0](model.embedding_layer(TOKENS))[0]
    stop = np.asarray(model.output_layer.stop_layer(hidden))[..., 0]
    np.testing.assert_allclose(np.exp(scores[..., EOS]), 1 / (1 + np.exp(-stop)), rtol=1e-5)
    # Whatever the logit of <eos> was to be, the other tokens share what is left.
    kernel, bias = model.output_layer.output_layer.get_weights()
    bias[EOS] += 5
    model.output_layer.output_layer.set_weights([kernel, bias])
    np.testing.assert_allclose(model(TOKENS), scores, rtol=0, atol=TOLERANCE)


def test_steps_equal_the_call():
    model = build(labels=("prose", "verse"))
    labels = np.array([0, 1, 1])
    whole = model((TOKENS, labels))
    states = model.initial_states(3, labels)
    for t in range(TOKENS.shape[1]):
        one, states = model.step(TOKENS[:, t], states)
        np.testing.assert_allclose(one, whole[:, t], rtol=0, atol=TOLERANCE)


@saves_models
def test_a_file_keeps_it(tmp_path):
    model = build()
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    assert loaded.get_config() == model.get_config()
    np.testing.assert_array_equal(loaded(TOKENS), model(TOKENS))


def test_log_probabilities_keep_their_precision():
    model = build(dtype="mixed_bfloat16")
    assert model(TOKENS).dtype == model.score_dtype == "float32"
    assert LanguageModel(7, units=5, dtype="mixed_bfloat16").score_dtype == "bfloat16"


def test_trained_on_documents_it_ends_where_they_end(tmp_path):
    """And so does the sampling loop in ONNX."""
    encoder = kit.text.TextEncoder.build(["abc"])
    texts = encoder.encode_many(["abc"] * 8, eos=True)
    windows = kit.data.document_windows(texts, batch_size=4, seq_length=3, seed=0)
    keras.utils.set_random_seed(0)
    model = LanguageModel(len(encoder.vocabulary), units=8, termination="bernoulli")
    model.compile(
        keras.optimizers.Adam(0.05), keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    )
    model.fit(windows, epochs=40, shuffle=False, verbose=0)
    kit.exporting.export_onnx(model, tmp_path / "bundle", encoder)
    bundle = kit.runtime.load(tmp_path / "bundle")
    for seed in range(3):  # by chance it would end so one time in thousands
        found = bundle.generate("a", 9, temperature=1.0, stop="<eos>", seed=seed)
        assert found == "bc"
    assert "".join(bundle.stream("a", 9, temperature=0.5, stop="<eos>", seed=1)) == "bc"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"termination": "length"}, "termination must be one of token, bernoulli; .*'length'"),
        ({"termination": "bernoulli", "eos_id": 7}, "eos_id must be a token of the vocabulary of "),
        ({"termination": "bernoulli", "eos_id": 0}, "eos_id must be a positive integer"),
    ],
)
def test_an_ending_that_there_is_not(arguments, message):
    with pytest.raises(KitError, match=message):
        LanguageModel(7, units=5, **arguments)
