"""Which cases of the catalogue `make test` runs, and which `make test-all` alone."""

import pytest

from tests.catalogue import THOROUGH, Entry

# What the engine, the files and the exports can meet: one state or two, an operator of ONNX's own,
# products within the step, a linear step, a readout, states that meet the matrix side by side. The
# other cells differ from one of these in their equation.
REPRESENTATIVE = {
    "CoRNN",
    "DeepTransitionRNN",
    "GRU",
    "LSTM",
    "LinearRecurrent",
    "MultiplicativeRNN",
    "OutputFeedbackRNN",
    "SimpleRNN",
}
# What is to hold of an equation by itself: always, for every cell.
OF_THE_EQUATION = {
    "test_a_layer_equals_its_cell_in_kerass_loop",
    "test_every_argument_survives_a_config",
    "test_results_are_those_of_the_equation",
    "test_the_cell_steps_as_the_equation_has_it",
    "test_the_list_has_every_argument_at_a_value_of_its_own",
}


@pytest.hookimpl(tryfirst=True)  # before cases are chosen by their marks
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        entry = item.callspec.params.get("entry") if hasattr(item, "callspec") else None
        if not isinstance(entry, Entry) or entry.name in REPRESENTATIVE:
            continue
        if item.originalname not in OF_THE_EQUATION:  # type: ignore[attr-defined]
            item.add_marker(THOROUGH)
