"""Thin Keras models: `compile` and `fit` them like any other."""

from keras_rnn_kit.extras import train_extra

with train_extra("keras_rnn_kit.models"):
    from keras_rnn_kit.models.language_model import LanguageModel
    from keras_rnn_kit.models.scoring import Score, score
    from keras_rnn_kit.models.text_classifier import TextClassifier

__all__ = ["LanguageModel", "Score", "TextClassifier", "score"]
