"""The kinds of models that a bundle may hold, one a file."""

from keras_rnn_kit.runtime.kinds import (
    encoder_decoder,
    forecaster,
    language_model,
    sequence_tagger,
    text_classifier,
)
from keras_rnn_kit.runtime.kinds.contract import Kind

_MODULES = (encoder_decoder, forecaster, language_model, sequence_tagger, text_classifier)

KINDS: dict[str, Kind] = {module.KIND.name: module.KIND for module in _MODULES}
