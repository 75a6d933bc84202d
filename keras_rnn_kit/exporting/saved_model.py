"""A trained model to a SavedModel that needs neither Keras nor this kit to run."""

import os
from pathlib import Path
from typing import Any

import keras
import tensorflow as tf

from keras_rnn_kit.arguments import positive_integer
from keras_rnn_kit.exporting.conversion import quiet
from keras_rnn_kit.exporting.graphs import Graph, check_ready, graphs_of
from keras_rnn_kit.exporting.text_graphs.text_to_ids import text_to_ids
from keras_rnn_kit.folders import whole_folder
from keras_rnn_kit.layers import recurrence
from keras_rnn_kit.models.copying import inference_copy
from keras_rnn_kit.text import TextEncoder


def export_saved_model(
    model: Any,
    out: str | os.PathLike[str],
    encoder: TextEncoder | None = None,
    *,
    version: int | None = None,
    overwrite: bool = False,
) -> list[str]:
    """Writes a SavedModel and returns the names of its signatures.

    Signatures: `serve` takes ids, `tokens [B, T]`; `serve_text`, written where an `encoder` is
    given, takes strings, `texts [B]`, with tokenizer and vocabulary inside the graph; `step`, of a
    language model, takes one token a row and the states. All return `logits`. `serve` of a
    language model starts from zero states. A text without a token is read as one `<unk>`.

    With a `version` the folder is `out/version`, as TensorFlow Serving wants it, which serves the
    highest number that it finds in `out`; other versions there stay. `docs/serving.md` shows the
    request.

    Raises `KitError` for another kind of model, one without weights or with another vocabulary
    than the encoder's, or a folder that can't be written; then nothing is left behind.

    Example:

    >>> import tempfile
    >>> import tensorflow as tf
    >>> from keras_rnn_kit.models import TextClassifier
    >>> from keras_rnn_kit.text import TextEncoder
    >>> encoder = TextEncoder.build(["good film", "bad film"], tokenizer="words")
    >>> model = TextClassifier(len(encoder.vocabulary), classes=("negative", "positive"), units=4)
    >>> model.build((None, None))
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     signatures = export_saved_model(model, folder, encoder)
    ...     served = tf.saved_model.load(folder).signatures["serve_text"]
    ...     logits = served(tf.constant(["a good film"]))["logits"]
    >>> signatures, logits.shape
    (['serve', 'serve_text'], TensorShape([1, 2]))
    """
    if version is not None:
        out = Path(out) / str(positive_integer("version", version))
    check_ready(model, encoder)
    plain = inference_copy(model)
    graphs = graphs_of(plain)
    whole = _stateless(graphs["model"], plain)
    functions: dict[str, tuple[Any, list[tf.TensorSpec]]] = {
        "serve": (whole, [graphs["model"].inputs[0].tensor_spec()])
    }
    archive = keras.export.ExportArchive()
    archive.track(plain)
    if encoder is not None:
        # As in the runtime: a classifier reads a text without a token as one <unk>.
        ids = text_to_ids(encoder, empty_as_unknown=True)
        archive.track(ids)  # the vocabulary is a resource of its own
        text = tf.TensorSpec([None], tf.string, "texts")
        functions["serve_text"] = (lambda texts: whole(ids(texts)), [text])
    if "step" in graphs:
        step = graphs["step"]
        functions["step"] = (step.function, [port.tensor_spec() for port in step.inputs])
    for name, (function, signature) in functions.items():
        archive.add_endpoint(name, function, input_signature=signature)
    # TensorFlow may warn of what it keeps out of the graph's collections, which nobody reads.
    with (
        whole_folder(out, overwrite) as folder,
        recurrence.without_gradient(),
        quiet("tensorflow"),
    ):
        archive.write_out(str(folder), verbose=False)
    return list(functions)


def _stateless(graph: Graph, model: Any) -> Any:
    """The whole-sequence function of the tokens alone."""
    if len(graph.inputs) == 1:
        return graph.function

    def from_zero_states(tokens: Any) -> dict[str, Any]:
        states = model.initial_states(tf.shape(tokens)[0])
        return {"logits": graph.function(tokens, *states)["logits"]}

    return from_zero_states
