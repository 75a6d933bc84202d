"""A language model: `model` reads whole sequences, `step` one token a row; states in and out.

A conditional one has labels, and `start`, which turns `labels [B]`, their ids, into the states that
texts of them begin from; one without begins from zeros.
"""

from keras_rnn_kit.runtime.fields import wrong
from keras_rnn_kit.runtime.kinds.contract import (
    VOCABULARY,
    About,
    Kind,
    check_labels,
    check_logits,
    check_states,
    check_tokens,
)
from keras_rnn_kit.runtime.ports import Port

START = "start"
LABELS = Port("labels", ("B",), "int32")


def check(about: About) -> None:
    """The two graphs must agree on V and on the states, so that one can go on from the other."""
    states = []
    for name, axes in (("model", ("B", "T")), ("step", ("B",))):
        check_tokens(about, name, axes)
        check_logits(about, name, axes)
        states.append(check_states(about, name))
    sizes = [about.graphs[name].outputs[0].shape[-1] for name in ("model", "step")]
    if states[0] != states[1] or sizes[0] != sizes[1]:
        step = about.graphs["step"]
        raise wrong(
            about.source,
            "graphs.step",
            "one that has the model's states and V",
            [list(port.shape) for port in (*step.inputs[1:], step.outputs[0])],
        )
    if about.labels or START in about.graphs:
        _check_start(about, states[0])


def _check_start(about: About, states: tuple[Port, ...]) -> None:
    """`start` must turn the ids of labels into the states that the other graphs take."""
    start = about.graphs.get(START)
    if start is None or (start.inputs, start.outputs) != ((LABELS,), states):
        rule = f"labels [B] int32 in and {[port.name for port in states]} out, as step takes them"
        found = None if start is None else [port.name for port in (*start.inputs, *start.outputs)]
        raise wrong(about.source, f"graphs.{START}", rule, found)
    check_labels(about, max(1, len(about.labels)), "a label")


KIND = Kind(
    name="language_model",
    graphs=("model", "step"),
    check=check,
    runner="keras_rnn_kit.runtime.language_model:LanguageModel",
    predicted_by={VOCABULARY: "model"},
)
