"""Export to ONNX and SavedModel, and the check of one against the other."""

from keras_rnn_kit.extras import train_extra

with train_extra("keras_rnn_kit.exporting"):
    from keras_rnn_kit.exporting.conversion import to_onnx
    from keras_rnn_kit.exporting.onnx import export_onnx
    from keras_rnn_kit.exporting.onnx_file import export_onnx_file
    from keras_rnn_kit.exporting.saved_model import export_saved_model
    from keras_rnn_kit.exporting.text_graphs.text_to_ids import text_to_ids

__all__ = ["export_onnx", "export_onnx_file", "export_saved_model", "text_to_ids", "to_onnx"]
