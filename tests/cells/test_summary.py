"""A cell's summary: the equation, the weights, the count; and the concatenated form of the step."""

import keras
import numpy as np
import pytest

from keras_rnn_kit import cells
from keras_rnn_kit.cells import GRUCell, LSTMCell, ProjectedCell, SimpleRNNCell, ZoneoutCell
from keras_rnn_kit.errors import KitError
from tests.catalogue import CATALOGUE, FEATURES, Entry
from tests.cells.own import CoupledCell, GainCell


def printed(cell, features=3):
    cell.build((None, features))
    texts = []
    cell.summary(print_fn=texts.append)
    (text,) = texts
    return text.splitlines()


def test_the_textbooks_cell_is_spelt_with_its_numbers(capsys):
    cell = SimpleRNNCell(4)
    cell.build((None, 3))
    cell.summary()
    assert capsys.readouterr().out.splitlines() == [
        "SimpleRNNCell: h_t = φ(x_t W + h_{t-1} U + b), the output being the state.",
        "  kernel            [3, 4]  12",
        "  recurrent_kernel  [4, 4]  16",
        "  bias              [4]      4",
        "H(H + E) + H = 4·(4 + 3) + 4 = 32 parameters",
    ]


LAST = [
    (lambda: SimpleRNNCell(4, use_bias=False), "H(H + E) = 4·(4 + 3) = 28 parameters"),
    (lambda: LSTMCell(4), "4(H(H + E) + H) = 4·(4·(4 + 3) + 4) = 128 parameters"),
    (lambda: GRUCell(4), "3(H(H + E) + 2H) = 3·(4·(4 + 3) + 2·4) = 108 parameters"),
    (lambda: GRUCell(50), "3(H(H + E) + 2H) = 3·(50·(50 + 3) + 2·50) = 8,250 parameters"),
    # Another weight, or another shape: no formula of H and E.
    (lambda: GainCell(4), "12 + 16 + 1 = 29 parameters"),
    (lambda: CoupledCell(4), "12 + 32 = 44 parameters"),
    (lambda: cells.DeepTransitionCell(4, transition_depth=1), "H(H + E) + H = 4·(4 + 3) + 4 = 32"),
    (lambda: cells.DeepTransitionCell(4), "12 + 32 + 4 + 16 + 4 = 68 parameters"),
]


@pytest.mark.parametrize(("make", "line"), LAST)
def test_the_count_is_a_formula_where_the_weights_are_kerass(make, line):
    assert printed(make())[-1].removesuffix(" parameters") == line.removesuffix(" parameters")


@pytest.mark.parametrize("entry", [pytest.param(entry, id=entry.name) for entry in CATALOGUE])
def test_every_cell_says_its_equation_and_counts_its_weights(entry: Entry):
    cell = entry.cell(**entry.small)
    lines = printed(cell, FEATURES)
    assert lines[0].startswith(f"{entry.cell.__name__}: ")
    assert "_t = " in lines[0]
    assert "`" not in "".join(lines)
    assert max(map(len, lines)) <= 100
    assert lines[-1].endswith(f" = {cell.count_params():,} parameters")
    named = [line.split()[0] for line in lines[-1 - len(cell.weights) : -1]]
    assert named == [weight.name for weight in cell.weights]


def test_a_wrapper_names_what_is_in_it():
    lines = printed(ZoneoutCell(cells.ResidualCell(SimpleRNNCell(3)), 0.1))
    heads = [line.partition(":")[0] for line in lines if not line.startswith("  ")]
    assert heads[:3] == ["ZoneoutCell", "around ResidualCell", "around SimpleRNNCell"]
    assert lines[-1] == "H(H + E) + H = 3·(3 + 3) + 3 = 21 parameters"


def test_a_cell_of_ones_own():
    class Spoken(GainCell):
        equation = "h = tanh(g (x W + h U))"

    class Silent(GainCell):
        def update(self, projected, recurrent, states):
            return states[0], states

    class Empty(ProjectedCell):
        """Hands its input on."""

        state_size = output_size = 1

    assert printed(GainCell(4))[0].startswith("GainCell: h = tanh(g (x W + h U)): the step reads")
    assert printed(Spoken(4))[0] == "Spoken: h = tanh(g (x W + h U))"
    assert printed(Silent(4))[0] == "Silent"
    assert printed(Empty()) == ["Empty: Hands its input on.", "0 parameters"]


def test_a_cell_that_is_not_built_is_refused():
    with pytest.raises(KitError, match=r"received a SimpleRNNCell that is not\. Call it or its"):
        SimpleRNNCell(4).summary()


def test_the_concatenated_form_is_the_sum_of_two_products():
    # Zhang et al., "Dive into Deep Learning", 9.4: [X, H] [W_xh; W_hh] = X W_xh + H W_hh.
    rng = np.random.default_rng(0)
    x, h = rng.normal(size=(3, 1)), rng.normal(size=(3, 4))
    cell = SimpleRNNCell(4, activation=None, dtype="float64")
    cell.build((None, 1))
    cell.bias.assign(rng.normal(size=4))
    both = np.concatenate([cell.kernel, cell.recurrent_kernel])  # [E + H, H]
    concatenated = np.concatenate([x, h], axis=1) @ both + np.asarray(cell.bias)
    apart = cell.update(cell.project(x), keras.ops.matmul(h, cell.recurrent_matrix()), [h])[0]
    # Sums of five products of size 1 in float64.
    np.testing.assert_allclose(apart, concatenated, rtol=0, atol=1e-14)
    np.testing.assert_allclose(cell(x, [h])[0], concatenated, rtol=0, atol=1e-14)
