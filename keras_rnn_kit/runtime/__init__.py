"""Running a bundle where neither Keras nor TensorFlow is: NumPy and onnxruntime alone."""

from keras_rnn_kit.runtime.bundle import Bundle, checksum, read_bundle, write_spec
from keras_rnn_kit.runtime.classifier import Classifier
from keras_rnn_kit.runtime.language_model import LanguageModel
from keras_rnn_kit.runtime.load import load
from keras_rnn_kit.runtime.session import open_session
from keras_rnn_kit.runtime.spec import FORMAT, Graph, Port, Spec, parse_spec

__all__ = [
    "FORMAT",
    "Bundle",
    "Classifier",
    "Graph",
    "LanguageModel",
    "Port",
    "Spec",
    "checksum",
    "load",
    "open_session",
    "parse_spec",
    "read_bundle",
    "write_spec",
]
