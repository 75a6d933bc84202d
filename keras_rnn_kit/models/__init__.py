"""Thin Keras models: `compile` and `fit` them like any other."""

from keras_rnn_kit.extras import train_extra

with train_extra("keras_rnn_kit.models"):
    from keras_rnn_kit.models.encoder_decoder import EncoderDecoder
    from keras_rnn_kit.models.forecaster import Forecaster
    from keras_rnn_kit.models.language_model import LanguageModel
    from keras_rnn_kit.models.scoring import Score, score, score_by_label
    from keras_rnn_kit.models.sequence_tagger import SequenceTagger
    from keras_rnn_kit.models.text_classifier import TextClassifier
    from keras_rnn_kit.models.tree_classifier import TreeClassifier

__all__ = [
    "EncoderDecoder",
    "Forecaster",
    "LanguageModel",
    "Score",
    "SequenceTagger",
    "TextClassifier",
    "TreeClassifier",
    "score",
    "score_by_label",
]
