import itertools
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from keras_rnn_kit.errors import KitError
from keras_rnn_kit.models import EncoderDecoder
from tests.models.reference import TOLERANCE, dense, nll, recurrence, saves_models, with_weights

SOURCES = np.array([[5, 6, 7, 8], [4, 5, 0, 0], [9, 0, 0, 0]], np.int32)
TARGETS = np.array([[2, 5, 6, 0], [2, 7, 8, 9], [2, 0, 0, 0]], np.int32)
OUT = np.array([[5, 6, 3, 0], [7, 8, 9, 3], [3, 0, 0, 0]], np.int32)
REAL = TARGETS != 0
LENGTHS = REAL.sum(axis=1) - 1

# Each choice is there at least once; few models, since each compiles a training of its own.
HOWS: dict[str, dict[str, Any]] = {
    "plain": {"cell": "SimpleRNN", "tied": True},
    "bahdanau": {
        "cell": "SimpleRNN",
        "attention": "bahdanau",
        "context": "both",
        "termination": "bernoulli",
    },
    "luong": {
        "attention": "luong",
        "context": "input",
        "termination": "length",
        "cell": "SimpleRNN",
        "bidirectional": False,
    },
    "deep": {"cell": "LSTM", "layers": 2, "attention": "luong", "termination": "length"},
}


def build(**how: Any) -> EncoderDecoder:
    model = EncoderDecoder(12, 11, units=5, embedding=4, **{"max_length": 6, **how})
    model.build()
    return with_weights(model)


@pytest.fixture(scope="module")
def models() -> dict[str, EncoderDecoder]:
    return {name: build(**how) for name, how in HOWS.items()}


def reference(model: EncoderDecoder, source: np.ndarray, target: np.ndarray) -> np.ndarray:
    """`[S], [T] -> log-probabilities [T, V]` of a model of one layer of SimpleRNN, in float64."""

    def embed(layer: Any, ids: Any) -> np.ndarray:
        return np.asarray(layer.embeddings, np.float64)[ids]

    x, zero = embed(model.encoder.embedding_layer, source), np.zeros(model.units)
    layer = model.encoder.recurrent_layers[0]
    if model.bidirectional:
        forward = recurrence(layer.forward_layer.cell, x, zero)
        backward = recurrence(layer.backward_layer.cell, x[::-1], zero)[::-1]
        values = np.concatenate([forward, backward], axis=-1)
        context = np.concatenate([forward[-1], backward[0]])
    else:
        values = recurrence(layer.cell, x, zero)
        context = values[-1]
    parts = [embed(model.target_embedding, target)]
    remaining = len(target) - 1 - np.arange(len(target))
    if model.countdown is not None:
        parts.append(embed(model.countdown.embedding_layer, remaining))
    if model.context != "state":
        parts.append(np.tile(context, (len(target), 1)))
    start = zero if model.context == "input" else np.tanh(dense(model.bridges[0], context))
    cell = model.decoder_layers[0].cell
    hidden = recurrence(cell, np.concatenate(parts, axis=-1), start)
    layer = model.source_attention
    if layer is not None:
        if model.attention == "luong":
            scores = hidden @ (values @ np.asarray(layer.key_layer.kernel, np.float64)).T
        else:
            keys = dense(layer.key_layer, values)
            query = hidden @ np.asarray(layer.query_layer.kernel, np.float64)
            scale = np.asarray(layer.attention.scale, np.float64)
            scores = (np.tanh(query[:, None] + keys[None]) * scale).sum(-1)
        weights = np.exp(scores) / np.exp(scores).sum(-1, keepdims=True)
        hidden = np.concatenate([hidden, weights @ values], axis=-1)
        hidden = np.tanh(hidden @ np.asarray(layer.output_layer.kernel, np.float64))
    eos, output = model.eos_id, model.ending.output_layer
    if model.tied:
        projected = hidden @ np.asarray(output.projection.kernel, np.float64)
        table = np.asarray(model.target_embedding.embeddings, np.float64)
        logits = projected @ table.T / np.sqrt(table.shape[1]) + np.asarray(output.bias)
    else:
        logits = dense(output, hidden)
    if model.termination == "token":
        return logits - np.log(np.exp(logits).sum(-1, keepdims=True))
    probabilities = np.exp(logits)
    probabilities[:, eos] = 0
    probabilities /= probabilities.sum(-1, keepdims=True)
    if model.termination == "bernoulli":
        stop = 1 / (1 + np.exp(-dense(model.ending.stop_layer, hidden)[:, 0]))
        probabilities *= 1 - stop[:, None]
        probabilities[:, eos] = stop
    else:
        lengths = np.exp(dense(model.ending.length_layer, context))
        probabilities[-1] = 0
        probabilities[-1, eos] = (lengths / lengths.sum())[len(target) - 1]
        probabilities[-1, 0] = 1 - probabilities[-1, eos]
    with np.errstate(divide="ignore"):
        return np.log(probabilities)


@pytest.mark.parametrize("name", ["plain", "bahdanau", "luong"])
def test_it_is_its_equations_whatever_the_padding(
    models: dict[str, EncoderDecoder], name: str
) -> None:
    model = models[name]
    scores = np.asarray(model((SOURCES, TARGETS)), np.float64)
    assert scores.shape == model.compute_output_shape((SOURCES.shape, TARGETS.shape)) == (3, 4, 11)
    wide = [np.pad(ids, ((0, 0), (0, 3))) for ids in (SOURCES, TARGETS)]
    wider = np.asarray(model(wide), np.float64)
    for row, (source, target) in enumerate(zip(SOURCES, TARGETS, strict=True)):
        expected = reference(model, source[source != 0], target[target != 0])
        for received in (scores, wider):
            received = received[row, : len(expected)]
            received = received - np.log(np.exp(received).sum(-1, keepdims=True))
            np.testing.assert_allclose(
                np.exp(received), np.exp(expected), rtol=0, atol=TOLERANCE, err_msg=f"row {row}"
            )


@pytest.mark.parametrize("name", HOWS)
def test_a_whole_target_equals_its_steps(models: dict[str, EncoderDecoder], name: str) -> None:
    model = models[name]
    scores = np.asarray(model((SOURCES, TARGETS)))
    states, memory = model.encode(SOURCES, lengths=LENGTHS)
    known = model.signature
    assert list(known) == [*model.state_names, *model.memory_names]
    for t in range(TARGETS.shape[1]):
        for value, (shape, dtype) in zip([*states, *memory], known.values(), strict=True):
            named: dict[Any, Any] = {"B": 3, "S": 4}
            assert tuple(value.shape) == tuple(named.get(size, size) for size in shape)
            assert value.dtype == dtype
        one, states = model.step(TARGETS[:, t], states, memory)
        # The same equations, summed in another order.
        np.testing.assert_allclose(
            np.asarray(one)[REAL[:, t]], scores[:, t][REAL[:, t]], rtol=0, atol=TOLERANCE
        )


@pytest.mark.parametrize("name", ["bahdanau", "luong"])
def test_the_loss_is_that_of_the_real_steps(models: dict[str, EncoderDecoder], name: str) -> None:
    model = models[name]
    model.compile("sgd", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    scores = np.asarray(model((SOURCES, TARGETS)), np.float64)
    expected = nll(scores[REAL], OUT[REAL]) / REAL.sum()
    received = model.test_on_batch((SOURCES, TARGETS), OUT)
    assert float(received) == pytest.approx(expected, abs=TOLERANCE)


def test_a_source_of_padding_alone_gives_finite_scores(
    models: dict[str, EncoderDecoder],
) -> None:
    for model in models.values():
        assert np.isfinite(model((np.zeros((3, 4), np.int32), TARGETS))).all()


def test_it_learns_to_turn_sequences_round() -> None:
    keras.utils.set_random_seed(0)
    rows = [list(row) for n in (1, 2) for row in itertools.product((4, 5, 6, 7), repeat=n)]
    source = np.array([row + [0] * (2 - len(row)) for row in rows], np.int32)
    target = np.array([[2, *row[::-1]] + [0] * (2 - len(row)) for row in rows], np.int32)
    out = np.array([[*row[::-1], 3] + [0] * (2 - len(row)) for row in rows], np.int32)
    model = EncoderDecoder(
        8,
        8,
        24,
        embedding=12,
        bidirectional=False,
        attention="luong",
        termination="length",
        max_length=3,
    )
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.Adam(0.03), loss)
    model.fit((source, target), out, batch_size=20, epochs=60, verbose=0)
    np.testing.assert_array_equal(model.translate(source), np.where(out == 3, 0, out)[:, :2])


def test_translating_writes_what_is_likeliest_and_no_more(
    models: dict[str, EncoderDecoder],
) -> None:
    for model in models.values():
        written = model.translate(SOURCES, max_length=3)
        assert written.dtype == np.int32
        assert written.shape[1] <= 3
        assert not np.isin(written, [model.bos_id, model.eos_id]).any()
        # Behind an end there is nothing more.
        assert (np.diff((written != 0).astype(int), axis=1) <= 0).all()
        for row, source in enumerate(SOURCES):
            alone = model.translate(source[None, source != 0], max_length=3)[0]
            np.testing.assert_array_equal(written[row, : len(alone)], alone)
            assert not written[row, len(alone) :].any()


def test_the_predicted_length_is_the_length(models: dict[str, EncoderDecoder]) -> None:
    model = models["luong"]
    states, _ = model.encode(SOURCES)
    remaining = np.asarray(states[model.state_names.index("remaining")])
    written = model.translate(SOURCES)
    np.testing.assert_array_equal((written != 0).sum(axis=1), remaining)


def test_dropout_is_for_training_alone(models: dict[str, EncoderDecoder]) -> None:
    plain, model = models["bahdanau"], build(**HOWS["bahdanau"], dropout=0.5)
    given = (SOURCES, TARGETS)
    np.testing.assert_array_equal(model(given), plain(given))
    first, second = (np.asarray(model(given, training=True)) for _ in range(2))
    assert np.abs(first - second).max() > 100 * TOLERANCE


def test_words_are_dropped_in_training_alone(models: dict[str, EncoderDecoder]) -> None:
    plain, model = models["bahdanau"], build(**HOWS["bahdanau"], word_dropout=0.999)
    given = (SOURCES, TARGETS)
    np.testing.assert_array_equal(model(given), plain(given))
    # All words but the specials are read as <unk>; a draw above the rate comes one time in 1,000.
    unknown = tuple(np.where(ids > 3, 1, ids) for ids in given)
    model.word_dropout_layer.seed_generator.state.assign([0, 0])
    np.testing.assert_allclose(model(given, training=True), plain(unknown), atol=TOLERANCE)


def test_a_tied_output_has_the_embedding_for_its_matrix() -> None:
    tied, own = (build(tied=which, dtype="mixed_float16") for which in (True, False))
    # H · V weights of a Dense layer; H · E of the projection.
    assert own.count_params() - tied.count_params() == 5 * 11 - 5 * 4
    table = tied.target_embedding.embeddings
    assert sum(weight is table for weight in tied.trainable_weights) == 1
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(tied((SOURCES, TARGETS))[..., 4])
    # The row of a token that no target reads: what it is to be written for.
    assert np.abs(tf.convert_to_tensor(tape.gradient(loss, table.value))[4]).max() > 0


@saves_models
@pytest.mark.parametrize(
    "how",
    [
        {**HOWS["deep"], "dropout": 0.1, "tied": True, "word_dropout": 0.1},
        {**HOWS["bahdanau"], "dtype": "mixed_float16"},
    ],
)
def test_a_saved_model_comes_back(how: dict[str, Any], tmp_path: Path) -> None:
    model = build(**how)
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    assert type(loaded) is EncoderDecoder
    assert loaded.get_config() == model.get_config()
    assert loaded.dtype_policy.name == how.get("dtype", "float32")
    # The same operations on the same numbers.
    np.testing.assert_array_equal(loaded((SOURCES, TARGETS)), model((SOURCES, TARGETS)))
    np.testing.assert_array_equal(loaded.translate(SOURCES), model.translate(SOURCES))


def test_other_precisions(models: dict[str, EncoderDecoder]) -> None:
    expected = np.exp(np.asarray(models["bahdanau"]((SOURCES, TARGETS))))
    double = np.exp(np.asarray(build(**HOWS["bahdanau"], dtype="float64")((SOURCES, TARGETS))))
    assert double.dtype == np.float64
    np.testing.assert_allclose(double, expected, rtol=0, atol=TOLERANCE)
    half = np.exp(np.asarray(build(**HOWS["bahdanau"], dtype="mixed_float16")((SOURCES, TARGETS))))
    # Eleven bits, through some eight steps of two recurrences.
    np.testing.assert_allclose(half, expected, rtol=0, atol=0.03)


def test_both_halves_are_exported(models: dict[str, EncoderDecoder]) -> None:
    import onnxruntime

    from keras_rnn_kit.exporting import to_onnx

    model = models["luong"]
    names, stays = model.state_names, model.memory_names

    def encode(source: Any) -> dict[str, Any]:
        states, memory = model.encode(source)
        return {n: tf.identity(v) for n, v in zip(names + stays, [*states, *memory], strict=True)}

    def step(tokens: Any, *given: Any) -> dict[str, Any]:
        scores, states = model.step(tokens, given[: len(names)], given[len(names) :])
        return {"scores": scores, **dict(zip([f"next_{n}" for n in names], states, strict=True))}

    specs = [
        tf.TensorSpec([size if isinstance(size, int) else None for size in shape], dtype, name)
        for name, (shape, dtype) in model.signature.items()
    ]
    graphs = [
        to_onnx(encode, [tf.TensorSpec([None, None], "int32", "source")]),
        to_onnx(step, [tf.TensorSpec([None], "int32", "tokens"), *specs]),
    ]
    encoder, decoder = (onnxruntime.InferenceSession(g.SerializeToString()) for g in graphs)
    outputs = [each.name for each in encoder.get_outputs()]
    given = dict(zip(outputs, encoder.run(None, {"source": SOURCES}), strict=True))
    states, memory = model.encode(SOURCES)
    for name, expected in zip(names + stays, [*states, *memory], strict=True):
        np.testing.assert_allclose(given[name], expected, rtol=0, atol=TOLERANCE, err_msg=name)
    tokens = TARGETS[:, 1]
    expected, after = model.step(tokens, states, memory)
    outputs = [each.name for each in decoder.get_outputs()]
    received = dict(zip(outputs, decoder.run(None, {"tokens": tokens, **given}), strict=True))
    np.testing.assert_allclose(received["scores"], expected, rtol=0, atol=TOLERANCE)
    for name, value in zip(names, after, strict=True):
        np.testing.assert_allclose(received[f"next_{name}"], value, rtol=0, atol=TOLERANCE)


def test_the_config_holds_every_argument() -> None:
    arguments: dict[str, Any] = {
        "source_vocabulary_size": 9,
        "target_vocabulary_size": 8,
        "units": 3,
        "cell": "LSTM",
        "embedding": 2,
        "layers": 2,
        "bidirectional": False,
        "context": "both",
        "attention": "bahdanau",
        "termination": "length",
        "max_length": 7,
        "dropout": 0.1,
        "word_dropout": 0.2,
        "tied": True,
        "unk_id": 3,
        "bos_id": 4,
        "eos_id": 5,
        "cell_arguments": {"recurrent_dropout": 0.25},
    }
    config = EncoderDecoder(**arguments).get_config()
    assert {name: config[name] for name in arguments} == arguments
    again = EncoderDecoder.from_config(config)
    assert again.get_config() == config
    for layer in (*again.encoder.recurrent_layers, *again.decoder_layers):
        assert layer.cell.recurrent_dropout == 0.25


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"source_vocabulary_size": 0}, "source_vocabulary_size must be a positive integer"),
        ({"units": 0}, "received units=0"),
        ({"dropout": 1}, r"dropout must be a number in \[0, 1\); received dropout=1"),
        ({"context": "none"}, "context must be one of state, input, both; received"),
        ({"attention": "dot"}, "attention must be one of None, bahdanau, luong; received"),
        ({"termination": "eos"}, "termination must be one of token, bernoulli, length; received"),
        ({"eos_id": 2}, "different tokens .* received bos_id=2 and eos_id=2"),
        ({"eos_id": 11}, "vocabulary of 11; received bos_id=2 and eos_id=11"),
        ({"cell": "Nothing"}, "cell must be one of"),
        ({"cell_arguments": {"gates": 2}}, "further arguments of GRU, .* received 'gates'"),
    ],
)
def test_wrong_arguments(wrong: dict[str, Any], message: str) -> None:
    with pytest.raises(KitError, match=message):
        EncoderDecoder(
            **{"source_vocabulary_size": 12, "target_vocabulary_size": 11, "units": 3, **wrong}
        )


def test_wrong_states_and_memory(models: dict[str, EncoderDecoder]) -> None:
    model = models["luong"]
    states, memory = model.encode(SOURCES)
    with pytest.raises(KitError, match=r"states must be the 3 .*'remaining'.*received 2"):
        model.step(TARGETS[:, 0], states[1:], memory)
    with pytest.raises(KitError, match=r"memory must be the 4 .*received 0"):
        model.step(TARGETS[:, 0], states, [])
