"""What a label brings: a `LanguageModel` with labels, and the ids of labels."""

from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from keras_rnn_kit.errors import KitError
from keras_rnn_kit.generation import generate
from keras_rnn_kit.models import LanguageModel, score, score_by_label
from keras_rnn_kit.models.label_states import LabelStates
from tests.models import reference
from tests.models.reference import TOLERANCE, saves_models, with_weights

VOCABULARY, LABELS = 7, ("prose", "verse", "code")
TOKENS = np.random.default_rng(0).integers(0, VOCABULARY, (3, 9)).astype("int32")
OF = np.array([2, 0, 1], "int32")
CONTEXTS = ["input", "state", "both"]


def build(context: str = "both", **arguments: Any) -> Any:
    given = {"units": 5, "embedding": 4, "layers": 2, "labels": LABELS, **arguments}
    model = LanguageModel(VOCABULARY, context=context, **given)
    model.build(model.free_shape)
    return with_weights(model)


@pytest.fixture(scope="module")
def model() -> Any:
    return build()


def in_numpy(model: Any, ids: np.ndarray, label: int) -> np.ndarray:
    """`[T] -> logits [T, V]`: `h = tanh(x W + e R + h U + b)`, `h_0 = tanh(e W_k + b_k)`."""
    of_label = model.label_states
    x, e = np.eye(VOCABULARY)[ids], np.eye(len(LABELS))[label]
    if model.embedding is not None:
        x = np.asarray(model.embedding_layer.embeddings, np.float64)[ids]
        e = np.asarray(of_label.embedding_layer.embeddings, np.float64)[label]
    for k, layer in enumerate(model.recurrent_layers):
        h = np.zeros(model.units)
        if model.context != "input":
            kernel = np.asarray(of_label.context_states.kernels[k], np.float64)
            h = np.tanh(e @ kernel + np.asarray(of_label.context_states.biases[k], np.float64))
        if model.context != "state":
            x = np.concatenate([x, np.tile(e, (len(x), 1))], axis=-1)
        x = reference.recurrence(layer.cell, x, h)
    return reference.dense(model.output_layer, x)


@pytest.mark.parametrize(
    ("context", "how"),
    [("input", {}), ("state", {}), ("both", {"label_embedding": 3}), ("both", {"embedding": None})],
)
def test_it_is_its_equations(context: str, how: dict[str, Any]) -> None:
    model = build(context, **how)
    expected = [in_numpy(model, row, label) for row, label in zip(TOKENS, OF, strict=True)]
    logits, final = model((TOKENS, OF), return_states=True)
    np.testing.assert_allclose(logits, expected, rtol=0, atol=TOLERANCE)
    assert [state.shape[1] for state in final] == model.state_sizes
    # The same one step at a time, and in two parts, from where the labels begin.
    states = model.initial_states(3, [LABELS[k] for k in OF])
    assert [state.shape for state in states] == [(3, size) for size in model.state_sizes]
    steps, carried = [], states
    for t in range(TOKENS.shape[1]):
        one, carried = model.step(TOKENS[:, t], carried)
        steps.append(np.asarray(one))
    np.testing.assert_allclose(np.stack(steps, axis=1), expected, rtol=0, atol=TOLERANCE)
    first, carried = model(TOKENS[:, :4], states=states, return_states=True)
    second, carried = model(TOKENS[:, 4:], states=carried, return_states=True)
    parts = np.concatenate([first, second], axis=1)
    np.testing.assert_allclose(parts, expected, rtol=0, atol=TOLERANCE)
    for one, whole in zip(carried, final, strict=True):
        np.testing.assert_allclose(one, whole, rtol=0, atol=TOLERANCE)
    lengths = np.array([9, 4, 1])
    for row, warm in enumerate(zip(*model.warm_up(TOKENS, lengths, states), strict=True)):
        label, size = OF[row : row + 1], lengths[row]
        _, alone = model((TOKENS[row : row + 1, :size], label), return_states=True)
        for one, other in zip(warm, alone, strict=True):
            np.testing.assert_allclose(one, other[0], rtol=0, atol=TOLERANCE)


def test_the_label_stays_as_it_is() -> None:
    model = build("input")
    states = model.initial_states(2, "code")
    _, after = model.step([1, 2], states)
    np.testing.assert_array_equal(after[-1], states[-1])
    assert not np.any(states[0])
    assert model.state_sizes == [5, 5, 4]
    assert build("state").state_sizes == [5, 5]


def test_names_ids_and_tensors_are_the_same_labels(model: Any) -> None:
    wanted = model.initial_states(3, OF)
    for labels in (["code", "prose", "verse"], OF.tolist(), tf.constant(OF)):
        for one, other in zip(model.initial_states(3, labels), wanted, strict=True):
            np.testing.assert_array_equal(one, other)
    of_one = model.initial_states(3, "verse")
    for one, other in zip(of_one, model.initial_states(3, [1, 1, 1]), strict=True):
        np.testing.assert_array_equal(one, other)


def test_a_text_is_scored_under_its_label(model: Any) -> None:
    ids = TOKENS.ravel()
    for k, name in enumerate(LABELS):
        nats = reference.nll(in_numpy(model, ids[:-1], k), ids[1:])
        for label in (name, k):
            # Sums of float32 log-likelihoods against float64.
            assert score(model, ids, label=label, chunk_length=7).nats == pytest.approx(
                nats, rel=1e-5
            )
    found = score_by_label(model, {"verse": ids, "prose": TOKENS[0]})
    assert found["verse"].nats == score(model, ids, label="verse").nats
    assert found["prose"].tokens == 8
    moved = score_by_label(model, {"verse": ids}, under={"verse": "code"})
    assert moved["verse"].nats == score(model, ids, label="code").nats
    plain = build(labels=None)
    texts = {"verse": ids, "none of them": ids}
    assert {one.nats for one in score_by_label(plain, texts).values()} == {score(plain, ids).nats}


def test_generation_goes_on_from_the_label(model: Any) -> None:
    texts = set()
    for k, name in enumerate(LABELS):
        wanted = TOKENS[0, :3]
        for _ in range(8):
            likeliest = in_numpy(model, wanted, k)[-1].argmax()
            wanted = np.append(wanted, likeliest)
        states = model.initial_states(1, name)
        made = generate(model.step, TOKENS[0, :3], 8, temperature=0, states=states)
        np.testing.assert_array_equal(made[0], wanted[3:])
        texts.add(made.tobytes())
    assert len(texts) > 1


def test_it_learns_what_only_the_label_tells() -> None:
    keras.utils.set_random_seed(0)
    model = LanguageModel(VOCABULARY, units=8, embedding=4, labels=LABELS)
    model.compile(
        keras.optimizers.Adam(0.03), keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    )
    labels = np.arange(60) % 3
    tokens = np.zeros((60, 4), "int32")
    targets = np.repeat(labels[:, None], 4, axis=1)
    data = tf.data.Dataset.from_tensor_slices(((tokens, labels), targets)).batch(20)
    model.fit(data, epochs=15, shuffle=False, verbose=0)
    # A guess among three has ln 3 = 1.1.
    assert model.evaluate(data, verbose=0) < 0.3
    predicted = model.predict((tokens[:3], labels[:3]), verbose=0)
    np.testing.assert_array_equal(predicted.argmax(-1), targets[:3])


@saves_models
@pytest.mark.parametrize(
    "how", [{"label_embedding": 3}, {"context": "state", "dtype": "mixed_bfloat16"}]
)
def test_a_saved_model_comes_back(how: dict[str, Any], tmp_path: Path) -> None:
    model = build(**how)
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    assert loaded.get_config() == model.get_config()
    assert loaded.labels == LABELS
    np.testing.assert_array_equal(loaded((TOKENS, OF)), model((TOKENS, OF)))
    assert (
        loaded((TOKENS, OF)).dtype == loaded.initial_states(1, 0)[0].dtype == loaded.compute_dtype
    )
    nothing = loaded.label_states.get_config()
    assert LabelStates.from_config(nothing).get_config() == nothing


def test_without_labels_nothing_has_changed() -> None:
    model = LanguageModel(VOCABULARY)
    assert not model.get_config().keys() & {"labels", "context", "label_embedding"}
    assert model.labels is None
    # What an old file holds.
    assert LanguageModel.from_config(model.get_config()).get_config() == model.get_config()


def test_it_is_built_for_labels() -> None:
    model = LanguageModel(VOCABULARY, labels=LABELS)
    with pytest.raises(KitError, match=r"received the shape \(None, None\) for labels \('prose'"):
        model.build((None, None))
    plain = LanguageModel(VOCABULARY)
    with pytest.raises(KitError, match=r"for labels None\. Pass \(None, None\)"):
        plain.build(model.free_shape)


def test_symbolic_calls(model: Any) -> None:
    tokens, label = keras.Input((None,), dtype="int32"), keras.Input((), dtype="int32")
    wrapped = keras.Model([tokens, label], model((tokens, label)))
    assert wrapped.output_shape == (None, None, VOCABULARY)
    np.testing.assert_allclose(wrapped([TOKENS, OF]), model((TOKENS, OF)), rtol=0, atol=TOLERANCE)


# What it refuses.


@pytest.mark.parametrize("labels", [[], "prose", ["a", "a"], ["a", ""], [1, 2], {"a": 1}])
def test_labels_are_different_names(labels: Any) -> None:
    with pytest.raises(KitError, match=r"labels must be one name or more.*; received"):
        LanguageModel(VOCABULARY, labels=labels)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"context": "start"}, "context must be one of input, state, both; received 'start'"),
        ({"label_embedding": 0}, "label_embedding must be a positive integer"),
        ({"stateful": True}, "received labels and stateful=True"),
    ],
)
def test_wrong_arguments(wrong: dict[str, Any], message: str) -> None:
    with pytest.raises(KitError, match=message):
        LanguageModel(VOCABULARY, labels=LABELS, **wrong)


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        ("poem", r"the model knows, 'prose' \(0\), 'verse' \(1\), 'code' \(2\); received 'poem'"),
        (["prose", "poem"], "received 'poem'"),
        (3, "received 3"),
        ([0, -1], "received -1"),
        ([0, 1, 2], r"one for all of the 2 texts, or one for each; received the shape \[3\]"),
        ([[0, 1]], r"received the shape \[1, 2\]"),
        (None, "begins from one of them, prose, verse, code; received none"),
    ],
)
def test_a_label_that_is_not_known(model: Any, labels: Any, message: str) -> None:
    with pytest.raises(KitError, match=message):
        model.initial_states(2, labels)


def test_labels_where_they_belong(model: Any) -> None:
    plain = build(labels=None)
    with pytest.raises(KitError, match="begins from one of them, prose, verse, code; received"):
        model(TOKENS)
    with pytest.raises(KitError, match="begins from one of them, prose, verse, code; received"):
        model.step(TOKENS[:, 0])
    with pytest.raises(KitError, match="begins from one of them"):
        score(model, TOKENS[0])
    with pytest.raises(KitError, match="a label is for a model that was made with labels"):
        score(plain, TOKENS[0], label="prose")
    with pytest.raises(KitError, match="received 2 inputs and no states for a model whose labels"):
        plain((TOKENS, OF))
    with pytest.raises(KitError, match="received 2 inputs and given states"):
        model((TOKENS, OF), states=model.initial_states(3, 0))
