"""A trained model to a SavedModel that needs neither Keras nor this kit to run."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import keras

from keras_rnn_kit.arguments import positive_integer
from keras_rnn_kit.exporting.conversion import quiet
from keras_rnn_kit.exporting.kinds import check_built, encoders_of, graphs_of, kind_of
from keras_rnn_kit.exporting.text_graphs.text_to_ids import text_to_ids
from keras_rnn_kit.folders import whole_folder
from keras_rnn_kit.layers import recurrence
from keras_rnn_kit.models.copying import inference_copy
from keras_rnn_kit.text import TextEncoder


def export_saved_model(
    model: Any,
    out: str | os.PathLike[str],
    encoder: TextEncoder | Sequence[TextEncoder] | None = None,
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
    encoders = [] if encoder is None else encoders_of(model, encoder)
    check_built(model)
    plain = inference_copy(model)
    archive = keras.export.ExportArchive()
    archive.track(plain)
    # As in the runtime: a text without a token is read as one <unk>.
    ids = [text_to_ids(one, empty_as_unknown=True) for one in encoders]
    for one in ids:
        archive.track(one)  # the vocabulary is a resource of its own
    functions = kind_of(plain).served(plain, graphs_of(plain), ids)
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
