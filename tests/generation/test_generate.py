import numpy as np
import pytest

from keras_rnn_kit.errors import KitError
from keras_rnn_kit.generation import generate, stream

LETTERS = "_abcdefgr."  # id 0 is never spelt
WORD = "abracadabra."
V = len(LETTERS)
END = LETTERS.index(".")


class Speller:
    """A step that spells WORD: its state is how many tokens it has read, whatever they were."""

    def __init__(self):
        self.seen = []

    def __call__(self, tokens, states):
        assert tokens.dtype == np.int32
        read = np.zeros(len(tokens), int) if states is None else states
        self.seen.append(tokens.tolist())
        following = [LETTERS.index(WORD[(n + 1) % len(WORD)]) for n in read]
        return np.eye(V)[following] * 30, read + 1


def ids(text):
    return [LETTERS.index(letter) for letter in text]


def spelt(row):
    return "".join(LETTERS[i] for i in row)


def test_spells_the_word_and_feeds_what_it_sampled():
    step = Speller()
    out = generate(step, ids("abra"), 8, temperature=0)
    assert out.shape == (1, 8)
    assert out.dtype == np.int32
    assert spelt(out[0]) == "cadabra."
    # P + N - 1 steps: the last token isn't read.
    assert step.seen == [[i] for i in ids("abracadabra")]


def test_sampling_at_temperature_one_spells_it_too():
    assert spelt(generate(Speller(), ids("a"), 11, seed=3)[0]) == "bracadabra."


def test_states_are_carried_from_the_caller():
    assert spelt(generate(Speller(), ids("d"), 4, states=np.array([6]), temperature=0)[0]) == "abra"


def test_stream_is_generate_and_is_lazy():
    step = Speller()
    pieces = stream(step, ids("ab"), 5, temperature=0)
    assert step.seen == []
    first = next(pieces)
    assert len(step.seen) == 2
    rest = [piece[0] for piece in pieces]
    assert spelt([first[0], *rest]) == "racad"


def test_rows_stop_on_their_own():
    out = generate(Speller(), [[1], [1]], 20, states=np.array([0, 6]), temperature=0, stop_id=END)
    assert [spelt(row) for row in out] == ["bracadabra.", "abra......."]


def test_stop_ends_before_length_and_not_in_the_prompt():
    assert spelt(generate(Speller(), ids("."), 40, temperature=0, stop_id=END)[0]) == WORD[1:]


def test_without_stop_the_length_is_reached():
    assert generate(Speller(), ids("a"), 40, temperature=0).shape == (1, 40)


def test_forbidden_never_comes():
    out = generate(Speller(), ids("a"), 30, seed=0, forbidden=[0, END])
    assert END not in out
    assert 0 not in out


def uniform(tokens, states):
    return np.zeros((len(tokens), V)), states


def test_seed_repeats_and_a_generator_goes_on():
    first = generate(uniform, [1], 30, seed=7)
    np.testing.assert_array_equal(first, generate(uniform, [1], 30, seed=7))
    assert (first != generate(uniform, [1], 30, seed=8)).any()
    rng = np.random.default_rng(7)
    np.testing.assert_array_equal(first, generate(uniform, [1], 30, seed=rng))
    assert (first != generate(uniform, [1], 30, seed=rng)).any()


def test_rows_of_a_batch_are_drawn_apart():
    out = generate(uniform, np.ones((2, 1), int), 30, seed=0)
    assert (out[0] != out[1]).any()


def test_top_k_and_top_p_reach_the_sampler():
    assert spelt(generate(uniform, [1], 5, seed=0, top_k=1)[0]) == "_____"
    assert spelt(generate(uniform, [1], 5, seed=0, top_p=0.01, forbidden=[0])[0]) == "aaaaa"


@pytest.mark.parametrize(
    ("prompt", "length", "settings", "message"),
    [
        ([], 3, {}, r"prompt must hold at least one id.*shape \[0\]"),
        (np.zeros((2, 0), int), 3, {}, r"shape \[2, 0\]"),
        (5, 3, {}, r"shape \[\]"),
        ([1], 0, {}, "length must be a positive integer; received length=0"),
        ([1], -2, {}, "length must be a positive integer"),
        ([1.5], 3, {}, "prompt must hold integer ids"),
        ([-1], 3, {}, "id -1"),
        ([2**40], 3, {}, "id 1099511627776"),
        ([1], 3, {"seed": -1}, "seed must be an integer"),
        ([1], 3, {"seed": "x"}, "seed must be an integer"),
        ([1], 3, {"temperature": -1}, "temperature must be"),
        ([1], 3, {"stop_id": 2, "forbidden": [2]}, "stop_id must be a token that can come"),
    ],
)
def test_arguments_are_checked_at_the_call(prompt, length, settings, message):
    with pytest.raises(KitError, match=message):
        stream(uniform, prompt, length, **settings)


@pytest.mark.parametrize(
    ("prompt", "settings", "message"),
    [
        ([1, V], {}, rf"prompt must hold ids from 0 to {V - 1}; received id {V} .*V={V}"),
        ([1], {"stop_id": V}, rf"stop_id .*received id {V}"),
        ([1], {"stop_id": -1}, r"stop_id .*received id -1"),
        ([1], {"forbidden": [V]}, rf"forbidden .*received id {V}"),
    ],
)
def test_ids_outside_the_vocabulary(prompt, settings, message):
    with pytest.raises(KitError, match=message):
        generate(uniform, prompt, 3, **settings)


def test_a_step_with_the_wrong_shape_is_told():
    with pytest.raises(KitError, match=r"step must return logits \[B, V\].*shape \[1, 1, 4\]"):
        generate(lambda tokens, states: (np.zeros((1, 1, 4)), states), [1], 3)
