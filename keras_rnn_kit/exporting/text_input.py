"""A classifier's graph with strings for inputs: tokenizer and vocabulary inside.

ONNX has no operator that cuts a text into tokens; onnxruntime has one of its own, `Tokenizer`,
which takes the very pattern of the kit's word tokenizer. It has none that writes lower case the
same way everywhere, and none that replaces: an encoder that cleans its texts needs
onnxruntime-extensions, or encodes beside the graph, as `runtime.Classifier` does.
"""

from typing import Any

import numpy as np
import onnx

from keras_rnn_kit.errors import KitError
from keras_rnn_kit.exporting.graphs import Graph, Port
from keras_rnn_kit.exporting.nodes import Nodes
from keras_rnn_kit.exporting.text_graphs.tokens import word_pattern
from keras_rnn_kit.runtime.tokens import padded
from keras_rnn_kit.text import Cleaning, TextEncoder
from keras_rnn_kit.text.tokenizers import CharacterTokenizer, WordTokenizer

NAME = "text"
# What every text graph is checked with, beside words of its own vocabulary.
_ODD = ("", "  ", "字", "电影 café", "😀 x-ray", "<pad>", "3.14\tisn't\n", "İstanbul ΣΑΣ")


def check_text_input(encoder: TextEncoder) -> None:
    """`KitError` for an encoder that no graph of onnxruntime's own operators can be.

    Example:

    >>> check_text_input(TextEncoder.build(["a"], tokenizer="words", cleaning=Cleaning("lower")))
    Traceback (most recent call last):
    ...
    keras_rnn_kit.errors.KitError: text input must do without cleaning, for which onnxruntime has \
no operators; received Cleaning('lower'). That needs onnxruntime-extensions: leave text input \
out, and encode beside the graph as runtime.Classifier does.
    """
    if encoder.cleaning != Cleaning():
        raise KitError(
            "text input must do without cleaning, for which onnxruntime has no operators; "
            f"received {encoder.cleaning!r}. That needs onnxruntime-extensions: leave text input "
            "out, and encode beside the graph as runtime.Classifier does."
        )
    if type(encoder.tokenizer) not in (CharacterTokenizer, WordTokenizer):
        raise KitError(
            "text input must have the tokenizer 'characters' or 'words'; received "
            f"{encoder.tokenizer!r}. Leave text input out, and encode beside the graph."
        )
    if encoder.vocabulary.pad_id is None or encoder.vocabulary.unk_id is None:
        raise KitError(
            "text input must have a vocabulary with <pad> and <unk>; received one without. Build "
            "it with the usual specials."
        )


def text_graph(graph: Graph, encoder: TextEncoder) -> Graph:
    """What the graph is to equal: Keras on the encoder's ids, with texts to check it on."""
    vocabulary = encoder.vocabulary
    words = vocabulary.tokens[len(vocabulary.specials) :] or ("",)

    def function(texts: Any) -> dict[str, Any]:
        rows = [encoder.encode(text) for text in texts]
        rows = [row if len(row) else np.array([vocabulary.unk_id]) for row in rows]
        return graph.function(padded(rows, vocabulary.pad_id or 0))

    def example(rng: np.random.Generator, batch: int, length: int) -> dict[str, Any]:
        texts = [" ".join(rng.choice([*words, *_ODD], length)) for _ in range(batch)]
        texts[-1] = str(rng.choice(_ODD)) if batch > 1 else texts[-1]
        return {"texts": np.array(texts, dtype=object)}

    return Graph(NAME, function, (Port("texts", ("B",), "string"),), graph.outputs, example)


def with_text_input(exported: onnx.ModelProto, encoder: TextEncoder) -> onnx.ModelProto:
    """The model with `texts [B]` in place of `tokens [B, T]`; the outputs stay.

    A text without a token is one `<unk>`, as in the runtime.
    """
    check_text_input(encoder)
    made = onnx.ModelProto()
    made.CopyFrom(exported)
    graph, nodes = made.graph, Nodes("text/")
    vocabulary, pad_id = encoder.vocabulary, int(encoder.vocabulary.pad_id or 0)
    pad, unk = (nodes.constant(i, np.int32) for i in (pad_id, vocabulary.unk_id))
    words = type(encoder.tokenizer) is WordTokenizer
    cut: dict[str, Any] = {"tokenexp": word_pattern()} if words else {"separators": [""]}
    tokens = nodes.add(
        "Tokenizer",
        ["texts"],
        domain="com.microsoft",
        mark=0,
        mincharnum=1,
        pad_value=vocabulary.tokens[pad_id],
        **cut,
    )
    ids = nodes.add(
        "LabelEncoder",
        [tokens],
        domain="ai.onnx.ml",
        keys_strings=list(vocabulary.tokens),
        values_int64s=list(range(len(vocabulary))),
        default_int64=vocabulary.unk_id,
    )
    ids = nodes.add("Cast", [ids], to=onnx.TensorProto.INT32)
    # A column more, since texts may have no token at all; a row that begins with padding is empty.
    column = nodes.add("Concat", [nodes.dimension(ids, 0), nodes.constant([1])], axis=0)
    ids = nodes.add("Concat", [ids, nodes.add("Expand", [pad, column])], axis=1)
    zero, one, end = (nodes.constant([k]) for k in (0, 1, np.iinfo(np.int64).max))
    first = nodes.add("Slice", [ids, zero, one, one])
    first = nodes.add("Where", [nodes.add("Equal", [first, pad]), unk, first])
    rest = nodes.add("Slice", [ids, one, end, one])
    nodes.nodes.append(onnx.helper.make_node("Concat", [first, rest], ["tokens"], axis=1))

    before = list(graph.node)
    del graph.node[:]
    graph.node.extend([*nodes.nodes, *before])
    graph.initializer.extend(nodes.initializers)
    del graph.input[:]
    graph.input.append(onnx.helper.make_tensor_value_info("texts", onnx.TensorProto.STRING, ["B"]))
    known = {entry.domain for entry in made.opset_import}
    for domain, version in (("com.microsoft", 1), ("ai.onnx.ml", 3)):
        if domain not in known:
            made.opset_import.append(onnx.helper.make_opsetid(domain, version))
    onnx.checker.check_model(made)
    return made
