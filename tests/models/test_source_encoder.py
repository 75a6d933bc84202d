import numpy as np
import pytest

from keras_rnn_kit.models.source_encoder import SourceEncoder
from tests.models.reference import TOLERANCE, recurrence, with_weights

TOKENS = np.array([[0, 5, 6, 0], [4, 5, 7, 3], [0, 0, 0, 0]], np.int32)


@pytest.mark.parametrize("bidirectional", [True, False])
def test_the_summary_is_of_the_real_steps_wherever_they_stand(bidirectional: bool) -> None:
    encoder = SourceEncoder(
        9, 5, cell="SimpleRNN", embedding=4, layers=2, bidirectional=bidirectional
    )
    encoder.build()
    with_weights(encoder)
    outputs, summary = encoder(TOKENS)
    shapes = encoder.compute_output_shape(TOKENS.shape)
    assert (tuple(outputs.shape), tuple(summary.shape)) == shapes
    table, zero = np.asarray(encoder.embedding_layer.embeddings, np.float64), np.zeros(5)
    for row, tokens in enumerate(TOKENS):
        real = tokens != 0
        values = table[tokens[real]]
        expected = np.zeros(encoder.width)
        for layer in encoder.recurrent_layers if real.any() else ():
            if bidirectional:
                forward = recurrence(layer.forward_layer.cell, values, zero)
                backward = recurrence(layer.backward_layer.cell, values[::-1], zero)[::-1]
                values = np.concatenate([forward, backward], axis=-1)
                expected = np.concatenate([forward[-1], backward[0]])
            else:
                values = recurrence(layer.cell, values, zero)
                expected = values[-1]
        np.testing.assert_allclose(summary[row], expected, rtol=0, atol=TOLERANCE)
        if real.any():
            np.testing.assert_allclose(outputs[row][real], values, rtol=0, atol=TOLERANCE)


def test_embeddings_are_of_the_size_of_their_kernels_inputs() -> None:
    encoder = SourceEncoder(500, 5, embedding=40)
    encoder.build()
    # 20,000 normal numbers: their deviation is known to half a percent.
    assert np.std(encoder.embedding_layer.embeddings) == pytest.approx(1, abs=0.03)


def test_the_config_holds_every_argument() -> None:
    encoder = SourceEncoder(
        9, 5, cell="LSTM", embedding=4, layers=2, bidirectional=False, dropout=0.1
    )
    config = encoder.get_config()
    again = SourceEncoder.from_config(config)
    assert again.get_config() == config
    assert (config["cell"], config["layers"], config["dropout"]) == ("LSTM", 2, 0.1)
