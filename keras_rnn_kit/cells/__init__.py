"""Recurrent cells: one recurrence equation a file, all on the contract of `contract.py`."""

from keras_rnn_kit.extras import train_extra

with train_extra("keras_rnn_kit.cells"):
    from keras_rnn_kit.cells.antisymmetric_rnn import AntisymmetricRNNCell
    from keras_rnn_kit.cells.co_rnn import CoRNNCell
    from keras_rnn_kit.cells.contract import ProjectedCell
    from keras_rnn_kit.cells.deep_transition import DeepTransitionCell
    from keras_rnn_kit.cells.dropout import DropoutCell
    from keras_rnn_kit.cells.fast_grnn import FastGRNNCell
    from keras_rnn_kit.cells.fast_rnn import FastRNNCell
    from keras_rnn_kit.cells.gru import GRUCell
    from keras_rnn_kit.cells.ind_rnn import IndRNNCell
    from keras_rnn_kit.cells.irnn import IRNNCell
    from keras_rnn_kit.cells.layer_norm_simple_rnn import LayerNormSimpleRNNCell
    from keras_rnn_kit.cells.linear_recurrent import LinearRecurrentCell
    from keras_rnn_kit.cells.lstm import LSTMCell
    from keras_rnn_kit.cells.mgu import MGUCell
    from keras_rnn_kit.cells.minimal_rnn import MinimalRNNCell
    from keras_rnn_kit.cells.multiplicative_rnn import MultiplicativeRNNCell
    from keras_rnn_kit.cells.output_feedback import OutputFeedbackCell
    from keras_rnn_kit.cells.residual import ResidualCell
    from keras_rnn_kit.cells.simple_rnn import SimpleRNNCell
    from keras_rnn_kit.cells.ugrnn import UGRNNCell
    from keras_rnn_kit.cells.weighted import WeightedCell
    from keras_rnn_kit.cells.wrapper import CellWrapper
    from keras_rnn_kit.cells.zoneout import ZoneoutCell

__all__ = [
    "AntisymmetricRNNCell",
    "CellWrapper",
    "CoRNNCell",
    "DeepTransitionCell",
    "DropoutCell",
    "FastGRNNCell",
    "FastRNNCell",
    "GRUCell",
    "IRNNCell",
    "IndRNNCell",
    "LSTMCell",
    "LayerNormSimpleRNNCell",
    "LinearRecurrentCell",
    "MGUCell",
    "MinimalRNNCell",
    "MultiplicativeRNNCell",
    "OutputFeedbackCell",
    "ProjectedCell",
    "ResidualCell",
    "SimpleRNNCell",
    "UGRNNCell",
    "WeightedCell",
    "ZoneoutCell",
]
