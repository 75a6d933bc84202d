"""A language model whose texts end by a decision at each step, or by a length known beforehand."""

import itertools

import keras
import numpy as np
import pytest

import keras_rnn_kit as kit
from keras_rnn_kit.errors import KitError
from keras_rnn_kit.generation import generate
from keras_rnn_kit.models import LanguageModel, score
from keras_rnn_kit.training import SampleText
from tests.models.reference import TOLERANCE, saves_models, with_weights

EOS, LONGEST = 3, 12
ENDINGS = pytest.mark.parametrize("termination", ["bernoulli", "length"])
TOKENS = np.random.default_rng(0).integers(4, 7, (3, 9)).astype("int32")
# Single precision: the sum of a dozen exponentials of size 1 at the most.
ONE = {"rtol": 0, "atol": 1e-6}


def build(termination="bernoulli", **arguments):
    arguments = {"units": 5, "embedding": 4, "max_length": LONGEST, **arguments}
    model = LanguageModel(7, termination=termination, **arguments)
    model.build(model.free_shape)
    return with_weights(model)


def log_probabilities(model, *given, **arguments):
    scores = model(*given, **arguments)
    return np.asarray(keras.ops.log_softmax(scores, axis=-1), "float64")


def test_the_end_is_a_decision_of_its_own():
    model = build()
    scores = np.asarray(model(TOKENS))
    np.testing.assert_allclose(np.exp(scores).sum(-1), 1, **ONE)
    hidden = model.recurrent_layers[0](model.embedding_layer(TOKENS))[0]
    stop = np.asarray(model.output_layer.stop_layer(hidden))[..., 0]
    np.testing.assert_allclose(np.exp(scores[..., EOS]), 1 / (1 + np.exp(-stop)), rtol=1e-5)
    # Whatever the logit of <eos> was to be, the other tokens share what is left.
    kernel, bias = model.output_layer.output_layer.get_weights()
    bias[EOS] += 5
    model.output_layer.output_layer.set_weights([kernel, bias])
    np.testing.assert_allclose(model(TOKENS), scores, rtol=0, atol=TOLERANCE)


def test_the_likelihood_of_a_text_is_that_of_its_length_and_of_its_tokens():
    """Summed over all texts of all lengths it is 1."""
    model = LanguageModel(5, units=3, embedding=None, termination="length", max_length=3)
    model.build(model.free_shape)
    with_weights(model)
    first, words = 1, (0, 1, 2, 4)  # all but <eos>
    total = float(np.exp(model.log_lengths(1)[0, 0]))  # no text at all
    for length in (1, 2, 3):  # the first token is given
        texts = itertools.product((first,), *[words] * (length - 1))
        ids = np.array(list(texts), "int32")
        states = model.initial_states(len(ids), text_lengths=length)
        targets = np.hstack([ids[:, 1:], np.full((len(ids), 1), EOS)])
        found = log_probabilities(model, ids, states=states)
        total += np.exp(np.take_along_axis(found, targets[..., None], -1).sum((1, 2))).sum()
    np.testing.assert_allclose(total, 1, **ONE)


@ENDINGS
@pytest.mark.parametrize("layers", [1, 2])
@pytest.mark.parametrize("context", [None, "input", "state"])
def test_steps_equal_the_call(termination, layers, context):
    labels = None if context is None else np.array([0, 1, 1])
    more = {} if context is None else {"labels": ("prose", "verse"), "context": context}
    model = build(termination, layers=layers, **more)
    whole = model(TOKENS if labels is None else (TOKENS, labels))
    lengths = {"text_lengths": TOKENS.shape[1]} if termination == "length" else {}
    start = states = model.initial_states(3, labels, **lengths)
    assert [state.shape[1] for state in states] == model.state_sizes
    assert [state.dtype for state in states] == model.state_dtypes
    for t in range(TOKENS.shape[1]):
        one, states = model.step(TOKENS[:, t], states)
        np.testing.assert_allclose(one, whole[:, t], rtol=TOLERANCE, atol=TOLERANCE)
    # And so do two calls, and a prompt that is read at once.
    first, between = model(TOKENS[:, :4], states=start, return_states=True)
    second, after = model(TOKENS[:, 4:], states=between, return_states=True)
    pieces = np.concatenate([first, second], axis=1)
    np.testing.assert_allclose(pieces, whole, rtol=TOLERANCE, atol=TOLERANCE)
    read = model.warm_up(TOKENS, np.array([4, 4, 4]), start)
    for got, right in zip([*after, *read], [*states, *between], strict=True):
        np.testing.assert_allclose(got, right, rtol=TOLERANCE, atol=TOLERANCE)


def test_a_row_is_a_text_up_to_its_padding():
    model = build("length")
    ids = TOKENS.copy()
    ids[1, 5:] = 0
    scores = np.asarray(model(ids))
    log_lengths = np.asarray(model.log_lengths(1))[0]
    for row, length in enumerate((9, 5, 9)):
        end = scores[row, length - 1]
        assert end[EOS] == pytest.approx(log_lengths[length], rel=1e-6)
        assert (end[[1, 2, 4, 5, 6]] < -1e8).all()
        assert (scores[row, : length - 1, EOS] < -1e8).all()
        alone = model(ids[row : row + 1, :length])[0]
        np.testing.assert_allclose(scores[row, :length], alone, rtol=TOLERANCE, atol=TOLERANCE)


def test_lengths_are_of_the_label_and_the_likeliest_where_none_is_given():
    model = build("length", labels=("prose", "verse"))
    by_label = np.asarray(model.log_lengths(2, [0, 1]))
    np.testing.assert_allclose(np.exp(by_label).sum(1), 1, **ONE)
    assert np.abs(by_label[0] - by_label[1]).max() > 0.01
    for given in (None, -1):
        remaining, found = model.initial_states(2, [0, 1], given)[-2:]
        assert remaining[:, 0].numpy().tolist() == by_label.argmax(1).tolist()
        np.testing.assert_array_equal(found[:, 0], by_label.max(1))
    remaining, found = model.initial_states(2, "verse", [4, 12])[-2:]
    assert remaining[:, 0].numpy().tolist() == [4, 12]
    np.testing.assert_array_equal(found[:, 0], by_label[1, [4, 12]])


def test_a_whole_text_is_scored_with_its_length():
    model = build("length")
    text = [*TOKENS[0], EOS]
    found = log_probabilities(model, TOKENS[:1])[0, np.arange(9), text[1:]].sum()
    for chunk_length in (512, 4):
        assert score(model, text, chunk_length=chunk_length).nats == pytest.approx(-found, 1e-6)
    with pytest.raises(KitError, match=r"whole texts, which end with <eos> \(id 3\); .* id 4"):
        score(model, [5, 6, 4])


def test_a_graph_of_free_sizes_is_the_call():
    import tensorflow as tf

    model = build("length")
    signature = [tf.TensorSpec([None, None], tf.int32)]
    graph = tf.function(model, input_signature=signature, autograph=False)
    np.testing.assert_allclose(graph(TOKENS), model(TOKENS), rtol=TOLERANCE, atol=TOLERANCE)


@saves_models
@ENDINGS
def test_a_file_keeps_it(termination, tmp_path):
    model = build(termination)
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    assert loaded.get_config() == model.get_config()
    np.testing.assert_array_equal(loaded(TOKENS), model(TOKENS))


@ENDINGS
def test_log_probabilities_and_counts_keep_their_precision(termination):
    model = build(termination, dtype="mixed_bfloat16", max_length=999)
    assert model(TOKENS).dtype == model.score_dtype == "float32"
    assert LanguageModel(7, units=5, dtype="mixed_bfloat16").score_dtype == "bfloat16"
    if termination == "length":
        start = model.initial_states(3, text_lengths=999)
        wholly = model(TOKENS[:, :1], states=start, return_states=True)
        for _, states in (model.step(TOKENS[:, 0], start), wholly):
            assert states[-2].dtype == "float32"
            assert states[-2].numpy().ravel().tolist() == [998] * 3
        whole = np.asarray(model(TOKENS))
        states = model.initial_states(3, text_lengths=9)
        for t in range(9):
            one, states = model.step(TOKENS[:, t], states)
            np.testing.assert_allclose(one, whole[:, t], rtol=0.02, atol=0.02)  # bfloat16's 2 ** -8


@ENDINGS
def test_trained_on_documents_it_ends_where_they_end(termination, tmp_path):
    """And so do the bundle and the sampling loop inside of it."""
    encoder = kit.text.TextEncoder.build(["abcde"])
    texts = ["abc", "abcde"]
    documents = encoder.encode_many(texts * 6, eos=True)
    windows = kit.data.document_windows(documents, batch_size=12, seq_length=5, seed=0)
    keras.utils.set_random_seed(0)
    size = len(encoder.vocabulary)
    model = LanguageModel(size, units=16, termination=termination, max_length=8)
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.Adam(0.05), loss)
    model.fit(windows, epochs=200, shuffle=False, verbose=0)
    kit.exporting.export_onnx(model, tmp_path / "bundle", encoder)
    bundle = kit.runtime.load(tmp_path / "bundle")
    ends = {"bernoulli": {"stop": "<eos>"}, "length": {}}[termination]
    # By chance alone a text would be one of the two one time in thousands.
    found = [bundle.generate("a", 9, seed=seed, **ends) for seed in range(12)]
    assert set(found) == {"bc", "bcde"}
    assert set(bundle.generate(["a"] * 12, 9, seed=1, **ends)) == {"bc", "bcde"}
    assert "".join(bundle.stream("abcd", 9, temperature=0.5, seed=1, **ends)) == "e"
    callback = SampleText(encoder, "a", length=9)
    callback.set_model(model)
    assert callback.sample() in texts


@ENDINGS
def test_keras_generates_to_the_end(termination):
    model = build(termination)
    lengths = {"text_lengths": [2, 5, 9]} if termination == "length" else {}
    ids = generate(
        model.step,
        TOKENS[:, :2],
        10,
        states=model.initial_states(3, **lengths),
        stop_id=EOS,
        forbidden=(0, 1, 2),
        seed=0,
    )
    ends = (ids == EOS).argmax(1)
    assert (ids[:, -1] == EOS).all()
    if termination == "length":
        assert ends.tolist() == [0, 3, 7]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"termination": "never"}, "termination must be one of token, bernoulli, length; .*'never"),
        ({"termination": "bernoulli", "eos_id": 7}, "eos_id must be a token of the vocabulary of "),
        ({"termination": "length", "eos_id": 0}, "eos_id must be a positive integer"),
        ({"termination": "length", "max_length": 0}, "max_length must be a positive integer"),
        ({"termination": "length", "stateful": True}, "begins each text with its length, a statef"),
    ],
)
def test_an_ending_that_there_is_not(arguments, message):
    with pytest.raises(KitError, match=message):
        LanguageModel(7, units=5, **arguments)


def test_a_length_that_can_t_be():
    model = build("length")
    with pytest.raises(KitError, match="a text must have at most max_length=12 tokens; received 1"):
        model.initial_states(1, text_lengths=13)
    with pytest.raises(KitError, match="at most max_length=12 tokens; received 14"):
        model(np.full((2, 14), 5))
    with pytest.raises(KitError, match=r"text_lengths are for a model .*termination='length'"):
        build().initial_states(1, text_lengths=3)
    with pytest.raises(KitError, match=r"lengths have probabilities in a model .*'bernoulli'"):
        build().log_lengths(1)
