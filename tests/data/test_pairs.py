from typing import Any

import numpy as np
import pytest

from keras_rnn_kit.data import pair_batches
from keras_rnn_kit.errors import KitError

BOS, EOS = 2, 3


def drawn(count: int, longest: int = 12) -> tuple[list[list[int]], list[list[int]]]:
    """Pairs whose target is told by their source: the same ids, 100 more each, and one behind."""
    rng = np.random.default_rng(0)
    sources = [rng.integers(4, 99, rng.integers(1, longest)).tolist() for _ in range(count)]
    return sources, [[id + 100 for id in source] + [4] for source in sources]


def rows(batches: Any) -> list[tuple[list[int], list[int], list[int]]]:
    """The rows of all batches without their padding."""
    return [
        tuple(ids[ids != 0].tolist() for ids in row)
        for (source, target_in), target_out in batches.as_numpy_iterator()
        for row in zip(source, target_in, target_out, strict=True)
    ]


@pytest.mark.parametrize("shuffle", [True, False])
def test_every_epoch_has_every_pair_once(shuffle: bool) -> None:
    sources, targets = drawn(101)
    batches = pair_batches(sources, targets, 8, BOS, EOS, seed=1, shuffle=shuffle)
    wanted = sorted((s, [BOS, *t], [*t, EOS]) for s, t in zip(sources, targets, strict=True))
    first, second = rows(batches), rows(batches)
    assert sorted(first) == sorted(second) == wanted
    assert (first == second) == (not shuffle)
    assert len(list(batches)) == int(batches.cardinality())


def test_padding_is_on_the_right_and_targets_are_one_step_apart() -> None:
    sources, targets = drawn(50)
    for (source, target_in), target_out in pair_batches(sources, targets, 8, BOS, EOS, seed=1):
        for ids in (source, target_in, target_out):
            assert ids.dtype == "int32"
            real = np.asarray(ids) != 0
            assert (np.diff(real.astype(int), axis=1) <= 0).all()
        inside = np.asarray(target_in)[:, 1:]
        out = np.asarray(target_out)[:, :-1]
        np.testing.assert_array_equal(inside, np.where(out == EOS, 0, out))


def test_little_is_padding() -> None:
    sources, targets = drawn(1000)
    cells = real = 0
    for (source, target_in), _ in pair_batches(sources, targets, 16, BOS, EOS, seed=1):
        for ids in (source, target_in):
            cells, real = cells + int(np.size(ids)), real + int(np.count_nonzero(ids))
    # Lengths are even from 1 to 11: four buckets of them leave one place in six or so.
    assert 1 - real / cells < 0.2


def test_the_seed_settles_the_order() -> None:
    sources, targets = drawn(40)
    first, second = (rows(pair_batches(sources, targets, 4, BOS, EOS, seed=5)) for _ in range(2))
    assert first == second
    assert first != rows(pair_batches(sources, targets, 4, BOS, EOS, seed=6))


@pytest.mark.parametrize(
    ("sources", "targets", "more", "message"),
    [
        ([[5]], [[5], [6]], {}, "received 1 sources and 2 targets"),
        ([], [], {}, "received 0 sources and 0 targets"),
        ([[5], []], [[5], [6]], {}, "received an empty source in pair 1"),
        ([[5], [6]], [[], [6]], {}, "received an empty target in pair 0"),
        ([[5], [6, 7, 8]], [[5], [6]], {"max_source_length": 2}, "at most 2 .* 3 in pair 1"),
        ([[5], [6]], [[5], [6, 7]], {"max_target_length": 1}, "at most 1 .* 2 in pair 1"),
        ([[5], [6, 0]], [[5], [6]], {}, "pad_id=0.* in the source of pair 1"),
        ([["a"]], [[5]], {}, "the source of pair 0 must be a vector of integers"),
        ([[5]], [[5]], {"eos_id": 2}, "must differ; received 2, 2 and 0"),
        ([[5]], [[5]], {"batch_size": 0}, "batch_size must be a positive integer"),
        ([[5]], [[5]], {"max_source_length": 0}, "max_source_length must be a positive integer"),
    ],
)
def test_wrong_arguments(sources: Any, targets: Any, more: dict[str, Any], message: str) -> None:
    given = {"batch_size": 2, "bos_id": BOS, "eos_id": EOS, **more}
    with pytest.raises(KitError, match=message):
        pair_batches(sources, targets, **given)
