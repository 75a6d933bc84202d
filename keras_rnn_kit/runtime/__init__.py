"""Running a bundle where neither Keras nor TensorFlow is: NumPy and onnxruntime alone."""

from keras_rnn_kit.runtime.bundle import Bundle, checksum, read_bundle, write_spec
from keras_rnn_kit.runtime.classifier import Classifier
from keras_rnn_kit.runtime.forecaster import Forecaster
from keras_rnn_kit.runtime.language_model import LanguageModel
from keras_rnn_kit.runtime.load import load
from keras_rnn_kit.runtime.ports import Graph, Port
from keras_rnn_kit.runtime.session import open_session
from keras_rnn_kit.runtime.spec import FORMAT, Spec, parse_spec
from keras_rnn_kit.runtime.tagger import Tagger
from keras_rnn_kit.runtime.translator import Translator

__all__ = [
    "FORMAT",
    "Bundle",
    "Classifier",
    "Forecaster",
    "Graph",
    "LanguageModel",
    "Port",
    "Spec",
    "Tagger",
    "Translator",
    "checksum",
    "load",
    "open_session",
    "parse_spec",
    "read_bundle",
    "write_spec",
]
