"""The layers named for their cells: one line each, made by `named.layer_of`."""

import keras

from keras_rnn_kit import cells
from keras_rnn_kit.layers.cudnn import CudnnRNN
from keras_rnn_kit.layers.named import layer_of

SimpleRNN = layer_of(
    cells.SimpleRNNCell,
    module=__name__,
    stands_in_for=keras.layers.SimpleRNN,
    note="""
    `activity_regularizer`, which Keras 3.15 takes and forgets, acts on the output. Raises
    `ValueError` where Keras does: `units` that are not positive, `stateful=True` without a fixed
    batch size, `unroll=True` without a fixed length.
    """,
)

_DROP_IN = """
`use_cudnn=True` runs the layer on cuDNN, as Keras does, and raises `KitError` without a GPU; "auto"
and `False` run it on the engine. The config leaves it out, as Keras's. `implementation` is taken
and changes nothing. `activity_regularizer` acts on the output. One dropout mask is shared by all
gates.
"""

AntisymmetricRNN = layer_of(cells.AntisymmetricRNNCell, module=__name__)
CoRNN = layer_of(cells.CoRNNCell, module=__name__)
DeepTransitionRNN = layer_of(cells.DeepTransitionCell, module=__name__, name="DeepTransitionRNN")
FastGRNN = layer_of(cells.FastGRNNCell, module=__name__)
FastRNN = layer_of(cells.FastRNNCell, module=__name__)
GRU = layer_of(
    cells.GRUCell,
    module=__name__,
    stands_in_for=keras.layers.GRU,
    base=CudnnRNN,
    note=_DROP_IN,
)
IRNN = layer_of(cells.IRNNCell, module=__name__)
IndRNN = layer_of(cells.IndRNNCell, module=__name__)
LSTM = layer_of(
    cells.LSTMCell,
    module=__name__,
    stands_in_for=keras.layers.LSTM,
    base=CudnnRNN,
    note=_DROP_IN,
)
LayerNormSimpleRNN = layer_of(cells.LayerNormSimpleRNNCell, module=__name__)
LinearRecurrent = layer_of(cells.LinearRecurrentCell, module=__name__)
MGU = layer_of(cells.MGUCell, module=__name__)
MinimalRNN = layer_of(cells.MinimalRNNCell, module=__name__)
MultiplicativeRNN = layer_of(cells.MultiplicativeRNNCell, module=__name__)
UGRNN = layer_of(cells.UGRNNCell, module=__name__)
