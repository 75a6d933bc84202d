from keras_rnn_kit.pictures.figure import new_figure as _figure  # noqa: F401
