"""Every catalogued layer, called in every way: outputs and all gradients, against the equation."""

import functools

import keras
import numpy as np
import pytest

from tests.catalogue import CATALOGUE, FEATURES, THOROUGH, Entry, cases_of
from tests.layers.running import (
    WAYS,
    Differentiated,
    assert_same,
    by_reference,
    problem,
    twin,
)

# float64 sums of at most some hundred terms of size 1, one after the other through 6 steps, are
# good to 1e-13; what is wrong is wrong from 1e-3 on.
EXACT = 1e-10
# The same in float32, whose terms are good to 6e-8.
SINGLE = 1e-4

STAND_INS = [pytest.param(entry, id=entry.name) for entry in CATALOGUE if entry.stands_in_for]
# Rows and steps: around the engine's split at 8 rows, odd and even, and the least there is. Fewer
# where XLA compiles for each, and for cells that differ from the drop-ins in their equation alone.
SIZES = {way: [(9, 6), (8, 5), (7, 4), (2, 1), (1, 1)] for way in WAYS}
SIZES |= {"eager": [(9, 6), (1, 1)], "compiled": [(9, 6), (8, 5), (1, 1)]}
FEWER = {way: [(9, 6), (1, 1)] for way in WAYS} | {"eager": [(9, 6)], "compiled": [(9, 6)]}


# What a cell is called in each way is the engine's doing, and seen with the drop-ins; of the others
# the two ways that differ most are always run, under masks of all kinds, among them of whole rows.
# Without any mask the drop-ins run once compiled and once not.
USUAL = ("compiled, unknown sizes", "plain")
UNMASKED = ("compiled", "plain")
IN_EACH_WAY = [
    pytest.param(
        entry,
        way,
        masked,
        id=f"{entry.name}-{way}-{'every' if masked else 'no'} mask",
        marks=()
        if (way in USUAL and masked) or (entry.stands_in_for and (masked or way in UNMASKED))
        else THOROUGH,
    )
    for entry in CATALOGUE
    for way in WAYS
    for masked in (False, True)
]
OTHERS_IF_THOROUGH = [
    pytest.param(entry, id=entry.name, marks=() if entry.stands_in_for else THOROUGH)
    for entry in CATALOGUE
]


@functools.cache
def called(name: str, way: str, backwards: bool = False, dtype: str = "float64") -> Differentiated:
    # Kept for the module, so that each shape is compiled once.
    entry = next(entry for entry in CATALOGUE if entry.name == name)
    keras.utils.set_random_seed(5)
    layer = entry.layer(
        **entry.small,
        return_sequences=True,
        return_state=True,
        go_backwards=backwards,
        dtype=dtype,
    )
    layer.build((None, None, FEATURES))
    return Differentiated(layer, **WAYS[way])


@pytest.mark.parametrize(("entry", "way", "masked"), IN_EACH_WAY)
def test_results_are_those_of_the_equation(entry: Entry, way, masked):
    function = called(entry.name, way)
    reference = entry.reference_of(function.layer.cell, entry.small)
    for rows, length in (SIZES if entry.stands_in_for else FEWER)[way]:
        given = problem(function.layer.cell, rows, length, FEATURES, masked=masked)
        assert_same(function(given), by_reference(reference, given), EXACT)


@pytest.mark.parametrize("way", USUAL)
@pytest.mark.parametrize("entry", OTHERS_IF_THOROUGH)
def test_backwards_the_results_are_those_of_the_equation(entry: Entry, way):
    function = called(entry.name, way, backwards=True)
    reference = entry.reference_of(function.layer.cell, entry.small)
    for masked in (False, True):
        given = problem(function.layer.cell, 9, 6, FEATURES, masked=masked)
        assert_same(function(given), by_reference(reference, given, go_backwards=True), EXACT)


VARIANTS = [
    pytest.param(entry, variant, id=f"{entry.name} {variant}")
    for entry in CATALOGUE
    for variant in entry.variants
]


@pytest.mark.parametrize(("entry", "variant"), VARIANTS)
def test_variants_are_those_of_the_equation(entry: Entry, variant):
    arguments = {**entry.small, **variant}
    layer = entry.layer(**arguments, return_sequences=True, return_state=True, dtype="float64")
    given = problem(layer.cell, 8, 5, FEATURES, masked=True)
    got = Differentiated(layer, **WAYS["eager"])(given)
    assert_same(got, by_reference(entry.reference_of(layer.cell, arguments), given), EXACT)


@pytest.mark.parametrize("masked", cases_of([False, True], [True]))
@pytest.mark.parametrize("entry", STAND_INS)
def test_in_single_precision_the_results_are_those_of_the_layer_it_stands_in_for(entry, masked):
    function = called(entry.name, "compiled", dtype="float32")
    stock = Differentiated(twin(function.layer, entry.stands_in_for), **WAYS["compiled"])
    assert type(stock.layer) is entry.stands_in_for
    given = problem(function.layer.cell, 9, 6, FEATURES, masked=masked)
    assert_same(function(given), stock(given), SINGLE)


@pytest.mark.parametrize("entry", OTHERS_IF_THOROUGH)
def test_the_mask_may_be_of_numbers_and_have_an_axis_more(entry: Entry):
    layer = called(entry.name, "eager").layer
    given = problem(layer.cell, 7, 4, FEATURES, masked=True)
    assert given.mask is not None
    wanted = layer(given.inputs, mask=given.mask)
    for mask in (given.mask.astype("int32"), given.mask.astype("float64"), given.mask[..., None]):
        for got, right in zip(layer(given.inputs, mask=mask), wanted, strict=True):
            np.testing.assert_array_equal(got, right)
