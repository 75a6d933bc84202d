"""Drawn digits: their strokes, how they differ, and that they can be told apart, if not at once."""

import itertools

import numpy as np
import pytest

from keras_rnn_kit.data import digits, pixel_sequences
from keras_rnn_kit.data.digits import _distances, _strokes
from keras_rnn_kit.errors import KitError


@pytest.fixture(scope="module")
def drawn():
    return digits(2000, np.random.default_rng(0))


def test_images_are_bright_ink_on_dark_paper(drawn):
    images, labels = drawn
    assert (images.shape, images.dtype) == ((2000, 28, 28), np.float32)
    assert (labels.shape, labels.dtype) == ((2000,), np.int32)
    assert images.min() == 0
    assert images.max() == 1
    # Strokes fill a small part, and the corners are paper.
    assert 0.05 < images.mean() < 0.25
    assert images[:, 0, 0].mean() < 0.1


def test_all_ten_are_drawn_about_as_often(drawn):
    counts = np.bincount(drawn[1], minlength=10)
    # 200 expected; the standard deviation is 13.
    assert counts.min() > 140
    assert counts.max() < 260


def test_the_field_of_distances_is_that_of_the_strokes():
    places = np.linspace(-0.5, 1.5, 128)
    for digit, y, x in ((1, 60, 70), (4, 5, 120), (7, 64, 64)):
        point = np.array([places[x], places[y]])
        nearest = np.inf
        for stroke in _strokes()[digit]:
            for begin, end in itertools.pairwise(stroke):
                # The segment as a thousand points: off by less than a thousandth of its length.
                on_it = begin + np.linspace(0, 1, 1001)[:, None] * (end - begin)
                nearest = min(nearest, np.linalg.norm(on_it - point, axis=1).min())
        assert _distances()[digit, y, x] == pytest.approx(nearest, abs=1e-3)


def test_no_digit_is_cut_off_by_the_frame():
    images, _ = digits(3000, np.random.default_rng(1), noise=0)
    frame = np.concatenate([images[:, 0], images[:, -1], images[:, :, 0], images[:, :, -1]], axis=1)
    # A tip may touch it.
    assert (frame.max(axis=1) > 0.5).mean() < 0.02


def test_hands_differ_and_noise_is_what_was_asked_for():
    rng = np.random.default_rng(2)
    images, labels = digits(1000, rng, noise=0)
    ones = images[labels == 1]
    assert len(np.unique(ones.reshape(len(ones), -1), axis=0)) == len(ones)
    noisy, _ = digits(1000, np.random.default_rng(2), noise=0.2)
    middle = (images > 0.45) & (images < 0.55)  # where noise of two deviations is not clipped
    assert (noisy - images)[middle].std() == pytest.approx(0.2, abs=0.02)


def test_they_can_be_told_apart_but_not_by_their_mean_image(drawn):
    images, labels = drawn
    others, asked = digits(500, np.random.default_rng(9))
    pixels, new = images.reshape(len(images), -1), others.reshape(len(others), -1)
    means = np.stack([pixels[labels == digit].mean(axis=0) for digit in range(10)])
    by_mean = ((new[:, None] - means) ** 2).sum(axis=2).argmin(axis=1)
    assert 0.4 < (by_mean == asked).mean() < 0.9
    by_nearest = labels[
        ((new**2).sum(1)[:, None] - 2 * new @ pixels.T + (pixels**2).sum(1)).argmin(1)
    ]
    assert (by_nearest == asked).mean() > 0.8


def test_images_of_more_than_one_round_and_of_another_size():
    images, labels = digits(1030, np.random.default_rng(4), size=9, noise=0)
    assert images.shape == (1030, 9, 9)
    assert (images.reshape(1030, -1).max(axis=1) > 0.2).all()  # the last ones are drawn, too
    again, the_same = digits(1030, np.random.default_rng(4), size=9, noise=0)
    np.testing.assert_array_equal(images, again)
    np.testing.assert_array_equal(labels, the_same)


def test_pixels_come_row_by_row_or_in_the_order_that_is_given():
    images = np.arange(12, dtype=np.float32).reshape(2, 2, 3)
    np.testing.assert_array_equal(pixel_sequences(images)[1, :, 0], [6, 7, 8, 9, 10, 11])
    order = np.array([5, 0, 4, 1, 3, 2])
    np.testing.assert_array_equal(pixel_sequences(images, order)[1, :, 0], [11, 6, 10, 7, 9, 8])
    assert pixel_sequences(images, order).shape == (2, 6, 1)


def test_bad_arguments_are_told():
    rng = np.random.default_rng(0)
    with pytest.raises(KitError, match=r"needs 8 pixels a side; received size=7\. Pass 8"):
        digits(1, rng, size=7)
    with pytest.raises(KitError, match="count must be a positive integer"):
        digits(0, rng)
    for noise in (-0.1, float("nan"), float("inf")):
        with pytest.raises(KitError, match="noise must be a finite number of 0 or more"):
            digits(1, rng, noise=noise)
    with pytest.raises(
        KitError, match=r"must be \[N, height, width\]; received the shape \(2, 4\)"
    ):
        pixel_sequences(np.zeros((2, 4)))
    for order in ([0, 1, 2], [0, 1, 2, 2], [1, 2, 3, 4]):
        with pytest.raises(KitError, match=r"each of the 4 pixels once; .* rng\.permutation\(4\)"):
            pixel_sequences(np.zeros((1, 2, 2)), np.array(order))
