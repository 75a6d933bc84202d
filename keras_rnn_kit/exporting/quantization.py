"""Weights and products in whole numbers of eight bits, for a CPU, by onnxruntime's own quantizer.

Tables and matrices are kept as integers with a scale for each column; what meets a matrix is
rounded when the graph runs (dynamic quantization), so that no data is needed beforehand. Weights
are unsigned: with signed ones, processors that lack the instructions for it (VNNI) saturate.
"""

import logging
import tempfile
from pathlib import Path

import onnx

from keras_rnn_kit.exporting.tidying import hoist_constants, merge_equal_constants, sort_nodes

# Tables and products alone. All else is as cheap in float32.
_OPERATORS = ["MatMul", "Gather", "LSTM"]


def to_int8(model: onnx.ModelProto) -> onnx.ModelProto:
    """The model with all its constant matrices in eight bits; inputs and outputs as they were.

    Standard operators take their place, but for an `LSTM`, which becomes onnxruntime's own
    `DynamicQuantizeLSTM`.

    Example:

    >>> import keras, tensorflow as tf
    >>> from keras_rnn_kit.exporting import to_onnx
    >>> from keras_rnn_kit.exporting.quantization import to_int8
    >>> layer = keras.layers.SimpleRNN(128)
    >>> layer.build((None, None, 128))
    >>> x = [tf.TensorSpec([None, None, 128], name="x")]
    >>> model = to_onnx(lambda x: {"y": layer(x)}, x, quantized=True)
    >>> to_int8(model).ByteSize() < 0.4 * model.ByteSize()
    True
    """
    from onnxruntime.quantization import QuantType, quantize_dynamic

    root = logging.getLogger()
    level = root.level
    root.setLevel(logging.ERROR)  # where it recommends to infer shapes first: they are inferred
    try:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "model.onnx"
            quantize_dynamic(
                model,
                path,
                op_types_to_quantize=_OPERATORS,
                per_channel=True,
                weight_type=QuantType.QUInt8,
                extra_options={"EnableSubgraph": True},
            )
            made = onnx.load(path)
    finally:
        root.setLevel(level)
    # It rounds a matrix anew for each body that reads it, and moves a loop before what only the
    # loop's body reads.
    hoist_constants(made.graph)
    merge_equal_constants(made.graph)
    sort_nodes(made.graph)
    made.producer_name = model.producer_name
    onnx.checker.check_model(made, full_check=True)
    return made
