"""A language model: `model` reads whole sequences, `step` one token a row; states in and out.

What a text is known to be beforehand goes into `start`, which makes the states of it that the text
begins from: of a conditional model `labels [B]`, their ids; of one that counts down a text's length
`text_lengths [B]`, its tokens before the `<eos>`, or -1 for the likeliest number. The latter's
`start` also gives `log_lengths [B, L]`, the log-probability of each length, and its settings hold
`eos_id`, the token that such a text ends with. Without `start`, texts begin from zeros.
"""

from keras_rnn_kit.runtime.fields import field, wrong
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
BEGINNINGS = (Port("labels", ("B",), "int32"), Port("text_lengths", ("B",), "int32"))
LOG_LENGTHS = "log_lengths"


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
    """`start` must turn what is known beforehand into the states that the other graphs take."""
    start = about.graphs.get(START)
    given, made = ((), ()) if start is None else (start.inputs, start.outputs)
    labels, lengths = BEGINNINGS
    known = [port for port in BEGINNINGS if port in given or (port == labels and about.labels)]
    more = [LOG_LENGTHS] if lengths in given else []
    fits = made[: len(states)] == states and [port.name for port in made[len(states) :]] == more
    if not given or list(given) != known or not fits:
        rule = (
            f"{' and '.join(port.name for port in known or BEGINNINGS)} [B] int32 in and "
            f"{[*(port.name for port in states), *more]} out, as step takes the states"
        )
        found = None if start is None else [port.name for port in (*given, *made)]
        raise wrong(about.source, f"graphs.{START}", rule, found)
    if labels in given:
        check_labels(about, max(1, len(about.labels)), "a label")
    if lengths in given:
        end, size = (
            field(about.settings, "eos_id", int, about.source, "settings"),
            made[-1].shape[-1],
        )
        if not 0 < end < int(about.graphs["step"].outputs[0].shape[-1]):
            raise wrong(about.source, "settings.eos_id", "a token's id", end)
        if not isinstance(size, int) or size < 2:
            raise wrong(about.source, f"graphs.{START}.outputs", "two lengths or more", size)


KIND = Kind(
    name="language_model",
    graphs=("model", "step"),
    check=check,
    runner="keras_rnn_kit.runtime.language_model:LanguageModel",
    predicted_by={VOCABULARY: "model"},
)
