"""A language model's whole sampling loop as one ONNX graph, in standard operators.

A program in any language that onnxruntime knows generates text with one call. The graph reads the
prompts, of unequal lengths, from the initial states to the last token but one; from there a `Loop`
takes a step of the model and chooses a token, until every row has stopped or is `length` tokens
long. There are three such loops, since less is to be done for less: the likeliest token, any token
by its probability, the likeliest few of these; an `If` outside of the loop takes one.

| input | shape | |
|---|---|---|
| `tokens` | `[B, P]` int32 | the prompts, anything after their end |
| `lengths` | `[B]` int32 | of the prompts, 1 or more |
| `length` | int64 | how many tokens to choose, 1 or more |
| `temperature` | float32 | 0 takes the likeliest token |
| `top_k` | int64 | of so many likeliest tokens; 0: of all |
| `top_p` | float32 | of the likeliest that have this probability together; 1: of all |
| `seed` | int64 | the same gives the same |
| `stop` | int32 | a token that ends a row; -1: none |
| `labels` | `[B]` int32 | of a conditional model alone: the ids of the labels |
| `text_lengths` | `[B]` int32 | of a model that counts down a length: each text's, its prompt \
included; -1: the likeliest. It ends where `stop` is the end token |

| output | shape | |
|---|---|---|
| `generated` | `[B, L]` int32 | L ≤ `length`, without the stop, id 0 after a row's end |
| `counts` | `[B]` int32 | how many tokens of each row are real |

Special tokens are never chosen, but the stop. Random numbers are the combined generator of
L'Ecuyer, "Efficient and Portable Combined Random Number Generators", 1988, in 64-bit integers: the
same on every machine, and other ones than NumPy's. Each row has its own. They are made beforehand,
for all steps at once: what takes a generator one step on, to the power t, takes it t steps on.
"""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import onnx
import tensorflow as tf

from keras_rnn_kit.exporting.conversion import graph_to_onnx, name_axes, to_onnx
from keras_rnn_kit.exporting.graphs import Port
from keras_rnn_kit.exporting.kinds import graphs_of
from keras_rnn_kit.exporting.kinds.language_model import inputs_of
from keras_rnn_kit.exporting.nodes import Nodes, tensor_value
from keras_rnn_kit.exporting.scan import copy_constants, copy_nodes
from keras_rnn_kit.exporting.tidying import merge_equal_constants
from keras_rnn_kit.models import LanguageModel
from keras_rnn_kit.runtime import loop

INPUTS, OUTPUTS = (
    tuple(Port(port.name, port.shape, port.dtype) for port in ports)
    for ports in (loop.INPUTS, loop.OUTPUTS)
)
# Tokens [B] from scores [B, V], with the step's number t.
Choose = Callable[[Nodes, str, str, Mapping[str, str]], str]
_MODULI = np.array([2147483563, 2147483399])
_MULTIPLIERS = np.array([40014, 40692])
_COLDEST = 1e-6  # a lower temperature is no other distribution in float32
_BELOW_ONE = 1 - 2.0**-22  # keeps a draw below the total after rounding, too
_DIGIT, _DIGITS = 16, 7  # of a number of steps, each with a table of powers


def generation_graph(
    model: LanguageModel,
    specials: int,
    *,
    target: str = "cpu",
    opset: int = 18,
    quantized: bool = False,
) -> onnx.ModelProto:
    """The graph of a built model whose first `specials` ids are special tokens.

    Example:

    >>> import numpy as np
    >>> import onnxruntime
    >>> from keras_rnn_kit.exporting.generation_graph import generation_graph
    >>> from keras_rnn_kit.models import LanguageModel
    >>> model = LanguageModel(9, units=4, embedding=3)
    >>> model.build((None, None))
    >>> graph = generation_graph(model, specials=4).SerializeToString()
    >>> given = {
    ...     "tokens": np.array([[4, 5, 6], [7, 0, 0]], np.int32),
    ...     "lengths": np.array([3, 1], np.int32),
    ...     "length": np.array(5, np.int64),
    ...     "temperature": np.array(0.7, np.float32),
    ...     "top_k": np.array(0, np.int64),
    ...     "top_p": np.array(0.9, np.float32),
    ...     "seed": np.array(1, np.int64),
    ...     "stop": np.array(-1, np.int32),
    ... }
    >>> generated, counts = onnxruntime.InferenceSession(graph).run(None, given)
    >>> generated.shape, counts.tolist()
    ((2, 5), [5, 5])
    """
    made = to_onnx(
        lambda *given: _start(model, specials, *given),
        [port.tensor_spec() for port in INPUTS + inputs_of(model)],
        target=target,
        opset=opset,
        quantized=quantized,
    )
    step_graph = graph_to_onnx(graphs_of(model)["step"], target, opset).graph
    _add_loops(made.graph, step_graph, model)
    merge_equal_constants(made.graph)
    onnx.checker.check_model(made, full_check=True)
    return made


def _start(
    model: LanguageModel,
    specials: int,
    tokens: Any,
    lengths: Any,
    length: Any,
    temperature: Any,
    top_k: Any,
    top_p: Any,
    seed: Any,
    stop: Any,
    *given: Any,
) -> dict[str, Any]:
    """All that is done once, before the first token is chosen."""
    size = model.vocabulary_size
    begin = dict(zip(model.beginnings, given, strict=True))
    start = model.initial_states(tf.shape(tokens)[0], **begin) if begin else None
    states = model.warm_up(tokens, lengths - 1, start)
    last = tf.gather(tokens, lengths - 1, axis=1, batch_dims=1)
    ids = tf.range(size)
    never = tf.logical_and(ids < specials, ids != stop)
    infinite = tf.constant(-np.inf, tf.float32)
    ranks = tf.cast(ids, tf.int64)
    return {
        "start/last": last,
        **{f"start/{name}": s for name, s in zip(model.state_names, states, strict=True)},
        "start/uniform": _uniform(
            seed, tf.shape(tokens)[0], tf.where(temperature <= 0, tf.ones_like(length), length)
        ),
        "start/penalty": tf.where(never, infinite, tf.zeros([])),
        "start/sharpness": 1 / tf.maximum(temperature, _COLDEST),
        "start/beyond": tf.where((top_k > 0) & (ranks >= top_k), infinite, tf.zeros([])),
        "start/mass": tf.where(top_p < 1, top_p, tf.constant(2.0)),
        "start/greedy": temperature <= 0,
        "start/filtered": tf.logical_or((top_k > 0) & (top_k < size), top_p < 1),
        "start/stop": tf.identity(stop),
    }


def _uniform(seed: Any, rows: Any, length: Any) -> Any:
    """A number from 0 to 1 for each step and row, `[L, B, 1]`."""
    moduli = tf.constant(_MODULI, tf.int64)
    powers = tf.ones((length, 2), tf.int64)
    t = tf.range(length) + 1
    for place in range(_DIGITS):
        table = tf.constant(_powers(_DIGIT**place), tf.int64)
        powers = powers * tf.gather(table, t % _DIGIT) % moduli
        t = t // _DIGIT
    states = _seeded(seed, rows)[None] * powers[:, None] % moduli  # [L, B, 2]
    shares = tf.cast(states, tf.float64) / tf.constant(_MODULI, tf.float64)
    drawn = tf.reduce_sum(shares, axis=-1, keepdims=True)
    drawn -= tf.floor(drawn)
    return tf.cast(drawn, tf.float32) * _BELOW_ONE


def _powers(step: int) -> list[list[int]]:
    """The multipliers to the power of 0, `step`, twice `step`, ..., `[digits, 2]`."""
    pairs = [(int(a), int(m)) for a, m in zip(_MULTIPLIERS, _MODULI, strict=True)]
    return [[pow(a, digit * step, m) for a, m in pairs] for digit in range(_DIGIT)]


def _seeded(seed: Any, rows: Any) -> Any:
    """A state of the two generators for each row, `[B, 2]`, from 1 to the modulus less 1."""
    first, second = (tf.constant(int(m), tf.int64) for m in _MODULI)
    row = tf.cast(tf.range(rows), tf.int64)[:, None]
    given = tf.stack([seed % first, (seed // first) % second])[None]
    moduli = tf.constant(_MODULI, tf.int64)
    # Squared some times: the generators are linear, and rows a step apart would stay so.
    scrambled = (given + row * 69621 + 1013904223) % moduli
    for round_ in range(4):
        scrambled = (scrambled * scrambled + given + row + 12345 * (round_ + 1)) % moduli
    return scrambled % (moduli - 1) + 1


def _add_loops(graph: onnx.GraphProto, step: onnx.GraphProto, model: LanguageModel) -> None:
    """The three loops behind the start, and the outputs."""
    states = model.state_names
    main = Nodes("generate/")
    # The weights stand once, outside of the loops, which read them from there.
    outside = Nodes("step/")
    rename: dict[str, str] = {}
    copy_constants(step, outside, rename)
    main.initializers.extend(outside.initializers)
    constants = {
        "none": main.constant(0, np.int32),
        "end": main.constant([model.vocabulary_size - 1]),
        "size": main.constant([model.vocabulary_size]),
        "axis": main.constant([1]),
        "column": main.constant(1),
        "true": main.constant(True),
        "alive": main.constant(1, np.int32),
    }

    def branch(choose: Choose, name: str) -> onnx.GraphProto:
        nodes = Nodes(f"{name}/")
        body = _loop_body(name, step, model, rename, constants, choose)
        rows = nodes.add("Shape", ["start/last"])
        alive = nodes.add("Expand", [constants["alive"], rows])
        carried = ["start/last", alive, *(f"start/{s}" for s in states)]
        made = nodes.add(
            "Loop", ["length", constants["true"], *carried], outputs=len(carried) + 1, body=body
        )
        out = tensor_value(made[-1], "int32", ["L", "B"])
        return onnx.helper.make_graph(nodes.nodes, name, [], [out], initializer=nodes.initializers)

    of_sampled = Nodes("sampled/")
    chosen = of_sampled.add(
        "If",
        ["start/filtered"],
        then_branch=branch(_filtered, "filtered"),
        else_branch=branch(_plain, "plain"),
    )
    sampled = onnx.helper.make_graph(
        of_sampled.nodes, "sampled", [], [tensor_value(chosen, "int32", ["L", "B"])]
    )
    rows = main.add(
        "If", ["start/greedy"], then_branch=branch(_greedy, "greedy"), else_branch=sampled
    )
    # What follows a row's stop was chosen for nothing: the loop goes on for the other rows.
    ended = main.add("Cast", [main.add("Equal", [rows, "start/stop"])], to=onnx.TensorProto.INT32)
    ended = main.add("CumSum", [ended, main.constant(0)])
    real = main.add("Equal", [ended, main.constant(0, np.int32)])
    kept = main.add("Where", [real, rows, main.constant(0, np.int32)])
    counted = main.add("Cast", [real], to=onnx.TensorProto.INT32)
    main.nodes.append(onnx.helper.make_node("Transpose", [kept], ["generated"], perm=[1, 0]))
    counts = onnx.helper.make_node(
        "ReduceSum", [counted, main.constant([0])], ["counts"], keepdims=0
    )
    main.nodes.append(counts)
    graph.node.extend(main.nodes)
    graph.initializer.extend(main.initializers)
    del graph.output[:]
    graph.output.extend(tensor_value(port.name, port.dtype, list(port.shape)) for port in OUTPUTS)
    name_axes(graph.input, INPUTS + inputs_of(model))


def _loop_body(
    name: str,
    step: onnx.GraphProto,
    model: LanguageModel,
    weights: Mapping[str, str],
    constants: Mapping[str, str],
    choose: Choose,
) -> onnx.GraphProto:
    """One token: `(t, going, tokens, alive, states) -> (going, tokens, alive, states, tokens)`."""
    nodes = Nodes(f"{name}/step/")
    t = tensor_value(f"{nodes.prefix}t", "int64", [])
    carried = [tensor_value(f"{nodes.prefix}tokens", "int32", ["B"])]
    carried.append(tensor_value(f"{nodes.prefix}alive", "int32", ["B"]))  # 1, and 0 after a stop
    carried += [
        tensor_value(f"{nodes.prefix}{name}", dtype, ["B", size])
        for name, size, dtype in zip(
            model.state_names, model.state_sizes, model.state_dtypes, strict=True
        )
    ]
    tokens, alive, *states = (value.name for value in carried)

    rename = {**weights, "tokens": tokens, **dict(zip(model.state_names, states, strict=True))}
    copy_nodes(step, nodes, rename)
    logits = rename["logits"]
    if model.score_dtype != "float32":  # the sums of small probabilities need it
        logits = nodes.add("Cast", [logits], to=onnx.TensorProto.FLOAT)
    chosen = choose(nodes, nodes.add("Add", [logits, "start/penalty"]), t.name, constants)
    stops = nodes.add("Equal", [chosen, "start/stop"])
    alive = nodes.add("Where", [stops, constants["none"], alive])
    going = nodes.add("Cast", [nodes.add("ReduceMax", [alive], keepdims=0)], to=9)
    after = [rename[f"next_{state}"] for state in model.state_names]
    results = [going, chosen, alive, *after, chosen]
    types = [tensor_value("going", "bool", []), *carried, carried[0]]
    outputs = []
    for result, kind in zip(nodes.outputs(results), types, strict=True):
        value = onnx.ValueInfoProto()
        value.CopyFrom(kind)
        value.name = result
        outputs.append(value)
    given = [t, tensor_value(f"{nodes.prefix}go", "bool", []), *carried]
    return onnx.helper.make_graph(
        nodes.nodes, f"{name}/step", given, outputs, initializer=nodes.initializers
    )


def _greedy(nodes: Nodes, scores: str, t: str, constants: Mapping[str, str]) -> str:
    likeliest = nodes.add("ArgMax", [scores], axis=1, keepdims=0)
    made: str = nodes.add("Cast", [likeliest], to=onnx.TensorProto.INT32)
    return made


def _plain(nodes: Nodes, scores: str, t: str, constants: Mapping[str, str]) -> str:
    weights = nodes.add("Softmax", [nodes.add("Mul", [scores, "start/sharpness"])], axis=1)
    return _draw(nodes, weights, t, constants)


def _filtered(nodes: Nodes, scores: str, t: str, constants: Mapping[str, str]) -> str:
    scores = nodes.add("Mul", [scores, "start/sharpness"])
    falling, ids = nodes.add("TopK", [scores, constants["size"]], outputs=2, axis=1)
    weights = nodes.add("Softmax", [nodes.add("Add", [falling, "start/beyond"])], axis=1)
    before = nodes.add("CumSum", [weights, constants["column"]], exclusive=1)
    kept = nodes.add("Cast", [nodes.add("Less", [before, "start/mass"])], to=1)
    rank = _draw(nodes, nodes.add("Mul", [weights, kept]), t, constants)
    rank = nodes.add("Unsqueeze", [rank, constants["axis"]])
    chosen = nodes.add(
        "Squeeze", [nodes.add("GatherElements", [ids, rank], axis=1), constants["axis"]]
    )
    made: str = nodes.add("Cast", [chosen], to=onnx.TensorProto.INT32)
    return made


def _draw(nodes: Nodes, weights: str, t: str, constants: Mapping[str, str]) -> str:
    """An index by its weight: the first whose sum with all before it is above the number drawn."""
    cumulative = nodes.add("CumSum", [weights, constants["column"]])
    total = nodes.add("Gather", [cumulative, constants["end"]], axis=1)
    drawn = nodes.add("Mul", [total, nodes.add("Gather", ["start/uniform", t])])
    passed = nodes.add("LessOrEqual", [cumulative, drawn])
    passed = nodes.add("Cast", [passed], to=onnx.TensorProto.INT32)
    made: str = nodes.add("ReduceSum", [passed, constants["axis"]], keepdims=0)
    return made
