"""Which cases of the catalogue `make test` runs, which `make test-all` alone; and in what order."""

from pathlib import Path

import pytest

from tests.catalogue import REPRESENTATIVE, THOROUGH, Entry

# What is to hold of an equation by itself: always, for every cell.
OF_THE_EQUATION = {
    "test_a_layer_equals_its_cell_in_kerass_loop",
    "test_every_argument_survives_a_config",
    "test_results_are_those_of_the_equation",
    "test_the_cell_steps_as_the_equation_has_it",
    "test_the_list_has_every_argument_at_a_value_of_its_own",
}
# Files that take a minute and more. Each runs in one process: begun last, it would run alone.
LONG = (
    "layers/test_stacked.py",
    "layers/test_wrappers.py",
    "layers/test_gradients.py",
    "layers/test_output_feedback.py",
    "layers/test_backends.py",
    "layers/test_own_cells.py",
    "layers/test_elsewhere.py",
    "layers/test_places.py",
    "keras_own_tests/test_stacked_rnn_cells.py",
    "exporting/test_onnx.py",
    "exporting/test_catalogue.py",
    "exporting/test_encoder_decoder.py",
    "exporting/test_precision.py",
    "exporting/test_conversion.py",
    "exporting/test_generation_graph.py",
    "exporting/test_onnx_file.py",
    "export/test_commands.py",
    "benchmarks/test_training.py",
    "benchmarks/test_inference.py",
)
ROOT = Path(__file__).parent


@pytest.hookimpl(tryfirst=True)  # before cases are chosen by their marks
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        entry = item.callspec.params.get("entry") if hasattr(item, "callspec") else None
        if not isinstance(entry, Entry) or entry.name in REPRESENTATIVE:
            continue
        if item.originalname not in OF_THE_EQUATION:  # type: ignore[attr-defined]
            item.add_marker(THOROUGH)
    begun = {ROOT / name: number for number, name in enumerate(LONG)}
    items.sort(key=lambda item: begun.get(item.path, len(begun)))  # of the others the order stays
