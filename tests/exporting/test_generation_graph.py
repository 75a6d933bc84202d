"""The sampling loop in one graph: what it chooses, when it stops, and how random it is."""

from typing import Any

import keras
import numpy as np
import onnx
import onnxruntime
import pytest
import tensorflow as tf

from keras_rnn_kit.errors import KitError
from keras_rnn_kit.exporting import parity
from keras_rnn_kit.exporting.generation_graph import (
    _seeded,
    _uniform,
    generation_graph,
)
from keras_rnn_kit.exporting.tidying import all_nodes, merge_equal_constants
from keras_rnn_kit.generation import generate
from keras_rnn_kit.generation.sampling import Sampler
from keras_rnn_kit.models import LanguageModel
from keras_rnn_kit.runtime.loop import settings

SIZE, SPECIALS = 11, 4
PROMPTS = np.array([[5, 6, 7, 8], [9, 0, 0, 0], [10, 4, 3, 0]], np.int32)
LENGTHS = np.array([4, 1, 3], np.int32)


def model_of(layers: int = 2, memory: float = 1.0, embedding: int | None = 5) -> LanguageModel:
    """Weights so large that the next token depends on the last ones; none on them at memory 0."""
    model = LanguageModel(SIZE, units=6, layers=layers, embedding=embedding)
    model.build((None, None))
    rng = np.random.default_rng(3)
    model.set_weights([rng.normal(0, memory, w.shape) for w in model.get_weights()])
    model.output_layer.bias.assign(np.linspace(-1, 1, SIZE)[::-1])
    return model


def session_of(model: LanguageModel, target: str = "cpu") -> Any:
    graph = generation_graph(model, SPECIALS, target=target).SerializeToString()
    return onnxruntime.InferenceSession(graph, providers=["CPUExecutionProvider"])


def run(session: Any, tokens: Any, lengths: Any, **given: Any) -> tuple[np.ndarray, np.ndarray]:
    feed = {"tokens": np.asarray(tokens, np.int32), "lengths": np.asarray(lengths, np.int32)}
    generated, counts = session.run(["generated", "counts"], feed | settings(**given))
    assert generated.dtype == counts.dtype == np.int32
    return generated, counts


@pytest.fixture(scope="module")
def memoryless() -> tuple[Any, np.ndarray]:
    """A session whose every token has the same chances, and their logits."""
    model = model_of(layers=1, memory=0)
    return session_of(model), np.asarray(model.output_layer.bias)[None]


@pytest.mark.parametrize("target", ["cpu", "cuda"])
@pytest.mark.parametrize(("layers", "embedding"), [(1, 5), (2, None)])
def test_the_likeliest_tokens_are_those_of_the_python_loop(
    layers: int, embedding: int | None, target: str
) -> None:
    model = model_of(layers, embedding=embedding)
    generated, counts = run(
        session_of(model, target), PROMPTS, LENGTHS, length=9, temperature=0, stop=-1
    )
    assert counts.tolist() == [9, 9, 9]
    for prompt, size, row in zip(PROMPTS, LENGTHS, generated, strict=True):
        wanted = generate(model.step, prompt[:size], 9, temperature=0, forbidden=range(SPECIALS))
        np.testing.assert_array_equal(row, wanted[0])


CUT: list[dict[str, Any]] = [
    {},
    {"temperature": 0.5},
    {"top_k": 3},
    {"top_p": 0.6},
    {"temperature": 1.5, "top_k": 4, "top_p": 0.7},
    {"top_k": 1},
    {"top_k": SIZE + 1},
]


@pytest.mark.parametrize("cut", CUT, ids=str)
def test_tokens_come_as_often_as_the_sampler_says(memoryless: Any, cut: dict[str, Any]) -> None:
    session, logits = memoryless
    sampler = Sampler(**{"temperature": 1.0, **cut}, forbidden=range(SPECIALS))
    chances = sampler.probabilities(logits)[0]
    rows, length = 1000, 20
    generated, _ = run(session, np.full((rows, 1), 5), np.ones(rows), length=length, **cut)
    found = np.bincount(generated.ravel(), minlength=SIZE)
    assert np.all(found[chances == 0] == 0)
    possible = chances > 0
    expected = chances[possible] * rows * length
    # Chi-square of up to 6 degrees of freedom: 35 has a chance of 4e-6, and the seed is fixed.
    assert np.sum((found[possible] - expected) ** 2 / expected) < 35


def test_steps_rows_and_seeds_have_nothing_to_do_with_each_other(memoryless: Any) -> None:
    session, logits = memoryless
    chances = Sampler(forbidden=range(SPECIALS)).probabilities(logits)[0]
    rows, length = 200, 100
    one, two = (
        run(session, np.full((rows, 1), 5), np.ones(rows), length=length, seed=seed)[0]
        for seed in (7, 8)
    )
    expected = np.outer(chances, chances)[SPECIALS:, SPECIALS:]
    for first, second in (
        (one[:, :-1], one[:, 1:]),  # of a row, one step to the next
        (one[:-1], one[1:]),  # of a step, one row to the next
        (one[:-2], one[2:]),
        (one, two),
    ):
        pairs = np.zeros((SIZE, SIZE))
        np.add.at(pairs, (first.ravel(), second.ravel()), 1)
        wanted = expected * first.size
        # 48 degrees of freedom: 110 has a chance of 1e-6.
        assert np.sum((pairs[SPECIALS:, SPECIALS:] - wanted) ** 2 / wanted) < 110


def test_the_numbers_are_l_ecuyer_s_one_after_the_other() -> None:
    length, rows = 300, 3  # more than one digit, more than one row
    given = tf.constant(5, tf.int64), tf.constant(rows), tf.constant(length, tf.int64)
    drawn = _uniform(*given).numpy()
    assert drawn.shape == (length, rows, 1)
    states = [[int(x) for x in row] for row in _seeded(tf.constant(5, tf.int64), rows).numpy()]
    for t in range(length):
        for row in range(rows):
            first, second = states[row]
            states[row] = [first * 40014 % 2147483563, second * 40692 % 2147483399]
            share = states[row][0] / 2147483563 + states[row][1] / 2147483399
            assert drawn[t, row, 0] == pytest.approx(share % 1, abs=1e-6)


@pytest.mark.parametrize("seed", [0, 1, 2**31 - 2, 2**31 + 5, 2**40, 2**62])
def test_a_seed_gives_the_same_again(seed: int) -> None:
    session = session_of(model_of(1))
    results = [run(session, PROMPTS, LENGTHS, length=30, seed=s)[0] for s in (seed, seed, seed + 1)]
    np.testing.assert_array_equal(results[0], results[1])
    assert np.any(results[0] != results[2])
    assert np.all(results[0] >= SPECIALS)


def test_a_row_stops_and_the_loop_with_the_last(memoryless: Any) -> None:
    session, _ = memoryless
    free, _ = run(session, np.full((6, 1), 5), np.ones(6), length=200, seed=2)
    stop = int(free[0, 3])
    generated, counts = run(session, np.full((6, 1), 5), np.ones(6), length=200, seed=2, stop=stop)
    ends = [int(np.argmax(row == stop)) for row in free]
    assert counts.tolist() == ends
    assert generated.shape == (6, max(ends) + 1)
    for row, wanted, end in zip(generated, free, ends, strict=True):
        np.testing.assert_array_equal(row[:end], wanted[:end])
        assert np.all(row[end:] == 0)


def test_a_special_token_comes_as_a_stop_alone(memoryless: Any) -> None:
    session, _ = memoryless
    generated, counts = run(session, np.full((50, 1), 5), np.ones(50), length=100, stop=0)
    assert np.all(counts < 100)
    assert all(np.all(row[:n] >= SPECIALS) for row, n in zip(generated, counts, strict=True))


def test_one_token_and_a_prompt_longer_than_any_other() -> None:
    session = session_of(model_of(1))
    assert run(session, [[5]], [1], length=1)[0].shape == (1, 1)
    assert run(session, np.full((1, 5000), 6), [5000], length=3, temperature=0)[0].shape == (1, 3)


def test_what_stands_after_a_prompts_end_is_not_read() -> None:
    session = session_of(model_of())
    other = np.where(np.arange(4) < LENGTHS[:, None], PROMPTS, 9)
    results = [run(session, tokens, LENGTHS, length=8, seed=1)[0] for tokens in (PROMPTS, other)]
    np.testing.assert_array_equal(*results)


def test_weights_stand_in_the_file_once() -> None:
    graph = generation_graph(model_of(), SPECIALS)
    weights = sum(weight.numpy().nbytes for weight in model_of().weights)
    tensors = [onnx.numpy_helper.to_array(t) for t in graph.graph.initializer]
    large = [tensor for tensor in tensors if tensor.size >= 30 and tensor.dtype == np.float32]
    assert sum(tensor.nbytes for tensor in large) <= weights
    assert {node.domain for node in all_nodes(graph.graph)} == {""}


def test_the_check_finds_a_graph_of_other_weights() -> None:
    model = model_of(1)
    graph = generation_graph(model, SPECIALS)
    differences = parity.check_generation(model, SPECIALS, graph)
    assert [d.value <= 1e-5 for d in differences] == [True, True]
    model.output_layer.bias.assign(np.linspace(-3, 3, SIZE))
    with pytest.raises(KitError, match=r"generate\.onnx: generated at batch 1"):
        parity.check_generation(model, SPECIALS, graph)


def test_constants_are_merged_by_type_shape_and_value() -> None:
    def constant(name: str, values: Any) -> onnx.TensorProto:
        return onnx.numpy_helper.from_array(np.asarray(values), name)

    given = [
        constant("a", [1.0]),
        constant("b", [1.0]),
        constant("c", 1.0),
        constant("d", np.array([1.0], "float32")),
        constant("e", [2.0]),
    ]
    nodes = [onnx.helper.make_node("Identity", [t.name], [f"of_{t.name}"]) for t in given]
    graph = onnx.helper.make_graph(nodes, "g", [], [], initializer=given)
    merge_equal_constants(graph)
    assert [tensor.name for tensor in graph.initializer] == ["a", "c", "d", "e"]
    assert [node.input[0] for node in graph.node] == ["a", "a", "c", "d", "e"]


def test_it_is_keras_s_own_seed_that_nothing_depends_on() -> None:
    results = []
    for seed in (1, 2):
        keras.utils.set_random_seed(seed)
        results.append(run(session_of(model_of()), PROMPTS, LENGTHS, length=12, seed=5)[0])
    np.testing.assert_array_equal(*results)
