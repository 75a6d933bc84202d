"""What trains with you: gradient clipping, perplexity, samples of text, and a guard against NaN."""

from keras_rnn_kit.extras import train_extra

with train_extra("keras_rnn_kit.training"):
    from keras_rnn_kit.training.best_weights import BestWeights
    from keras_rnn_kit.training.clipping import GradientClipping
    from keras_rnn_kit.training.divergence import StopOnNaN
    from keras_rnn_kit.training.interrupt import StopOnInterrupt
    from keras_rnn_kit.training.perplexity import BitsPerCharacter, Perplexity
    from keras_rnn_kit.training.perplexity_logs import PerplexityLogs
    from keras_rnn_kit.training.sampling import SampleText
    from keras_rnn_kit.training.states import ResetStates

__all__ = [
    "BestWeights",
    "BitsPerCharacter",
    "GradientClipping",
    "Perplexity",
    "PerplexityLogs",
    "ResetStates",
    "SampleText",
    "StopOnInterrupt",
    "StopOnNaN",
]
