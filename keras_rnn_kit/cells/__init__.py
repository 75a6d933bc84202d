"""Recurrent cells: one recurrence equation a file, all on the contract of `contract.py`."""

from keras_rnn_kit.extras import train_extra

with train_extra("keras_rnn_kit.cells"):
    from keras_rnn_kit.cells.contract import ProjectedCell
    from keras_rnn_kit.cells.simple_rnn import SimpleRNNCell

__all__ = ["ProjectedCell", "SimpleRNNCell"]
