"""An encoder-decoder: `encoder` reads a source, `decoder_step` writes a token, `translate` both.

- `encoder`: `tokens [B, S]` to the states and the memory that the decoder begins with;
- `decoder_step`: `tokens [B]`, the states and the memory to `logits [B, V]` and each state as
  `next_`;
- `translate`: `tokens [B, S]`, `beam`, `length` and `length_penalty` to the best target found: `ids
  [B, L]`, of which the first `counts [B]` are real, and its `scores [B]`.

The settings hold `bos_id`, the first token to write, and `max_length`, the most tokens of a target
where nothing else is said.
"""

from keras_rnn_kit.runtime.fields import field, wrong
from keras_rnn_kit.runtime.kinds.contract import About, Kind, check_logits, check_tokens
from keras_rnn_kit.runtime.ports import Port

SOURCE_VOCABULARY, TARGET_VOCABULARY = "source_vocabulary.json", "target_vocabulary.json"
TRANSLATE_INPUTS = (
    Port("tokens", ("B", "S"), "int32"),
    Port("beam", (), "int64"),
    Port("length", (), "int64"),
    Port("length_penalty", (), "float32"),
)
TRANSLATE_OUTPUTS = (
    Port("ids", ("B", "L"), "int32"),
    Port("counts", ("B",), "int32"),
    Port("scores", ("B",), "float32"),
)


def check(about: About) -> None:
    """What the encoder gives, a step must take, and give back what changes."""
    check_tokens(about, "encoder", ("B", "S"))
    check_tokens(about, "decoder_step", ("B",))
    check_logits(about, "decoder_step", ("B",))
    step, encoder = about.graphs["decoder_step"], about.graphs["encoder"]
    if step.inputs[1:] != encoder.outputs:
        names = [port.name for port in encoder.outputs]
        where = "graphs.decoder_step.inputs"
        raise wrong(about.source, where, f"the tokens and what the encoder gives, {names}", step)
    given = {f"next_{port.name}": port for port in step.inputs[1:]}
    for port in step.outputs[1:]:
        state = given.get(port.name)
        if state is None or (port.shape, port.dtype) != (state.shape, state.dtype):
            where = "graphs.decoder_step.outputs"
            raise wrong(about.source, where, "the logits and states as they came in", port)
    translate = about.graphs["translate"]
    if (translate.inputs, translate.outputs) != (TRANSLATE_INPUTS, TRANSLATE_OUTPUTS):
        ports = [port.name for port in (*TRANSLATE_INPUTS, *TRANSLATE_OUTPUTS)]
        raise wrong(about.source, "graphs.translate", f"one that has {ports}", translate)
    for name in ("bos_id", "max_length"):
        if field(about.settings, name, int, about.source, "settings") < 1:
            raise wrong(about.source, f"settings.{name}", "1 or more", about.settings[name])


KIND = Kind(
    name="encoder_decoder",
    graphs=("encoder", "decoder_step", "translate"),
    check=check,
    runner="keras_rnn_kit.runtime.translator:Translator",
    vocabularies=(SOURCE_VOCABULARY, TARGET_VOCABULARY),
    predicted_by={TARGET_VOCABULARY: "decoder_step"},
)
