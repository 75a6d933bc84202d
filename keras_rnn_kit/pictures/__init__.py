"""Pictures of trainings, texts, gradients and forecasts, as PNG files; one a file.

They need matplotlib, which the extra `[train]` brings, and no display.
"""

from keras_rnn_kit.pictures.curves import plot_curves
from keras_rnn_kit.pictures.text_statistics import plot_text_statistics

__all__ = ["plot_curves", "plot_text_statistics"]
