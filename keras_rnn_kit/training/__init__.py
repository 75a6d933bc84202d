"""What trains with you: gradient clipping, perplexity, samples of text, and a guard against NaN."""

from keras_rnn_kit.extras import train_extra

with train_extra("keras_rnn_kit.training"):
    from keras_rnn_kit.training.best_weights import BestWeights
    from keras_rnn_kit.training.clipping import GradientClipping
    from keras_rnn_kit.training.divergence import StopOnNaN
    from keras_rnn_kit.training.gradient_flow import gradient_flow
    from keras_rnn_kit.training.gradient_flow_logs import GradientFlow
    from keras_rnn_kit.training.interrupt import StopOnInterrupt
    from keras_rnn_kit.training.normal_loss import NormalLoss
    from keras_rnn_kit.training.perplexity import BitsPerCharacter, Perplexity
    from keras_rnn_kit.training.perplexity_logs import PerplexityLogs
    from keras_rnn_kit.training.pinball import PinballLoss
    from keras_rnn_kit.training.sampling import SampleText
    from keras_rnn_kit.training.smoothed_crossentropy import SmoothedCrossentropy
    from keras_rnn_kit.training.states import ResetStates
    from keras_rnn_kit.training.teacher_forcing import TeacherForcing

__all__ = [
    "BestWeights",
    "BitsPerCharacter",
    "GradientClipping",
    "GradientFlow",
    "NormalLoss",
    "Perplexity",
    "PerplexityLogs",
    "PinballLoss",
    "ResetStates",
    "SampleText",
    "SmoothedCrossentropy",
    "StopOnInterrupt",
    "StopOnNaN",
    "TeacherForcing",
    "gradient_flow",
]
