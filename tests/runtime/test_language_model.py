import numpy as np
import pytest

from keras_rnn_kit.errors import KitError
from keras_rnn_kit.runtime import LanguageModel, read_bundle
from keras_rnn_kit.runtime import tokens as module

from .conftest import WORD, TinyRNN, random_rnn, write_language_model

# float32 against float64 through a few dozen steps of 5 units.
CLOSE = {"rtol": 1e-4, "atol": 1e-4}


def log_probabilities(rnn, ids):
    logits = rnn.reference(ids[:-1])[0]
    norm = np.log(np.exp(logits).sum(axis=1, keepdims=True))
    return np.take_along_axis(logits - norm, np.asarray(ids)[1:, None], 1)[:, 0]


def test_step_is_the_equation(model, rnn):
    ids = [4, 5, 9, 4, 0, 6]
    expected, last = rnn.reference(ids)
    states = None
    for i, wanted in zip(ids, expected, strict=True):
        logits, states = model.step(np.array([i], np.int32), states)
        np.testing.assert_allclose(logits[0], wanted, **CLOSE)
    np.testing.assert_allclose(states[0][0], last, **CLOSE)
    assert states[1].tolist() == [[len(ids)]]


def test_read_is_step_after_step_and_goes_on_from_it(model, rnn):
    ids = np.array([[4, 5, 9, 4], [8, 8, 6, 7]])
    logits, states = model.read(ids[:, :3])
    last, states = model.step(ids[:, 3], states)
    for row in range(2):
        expected = rnn.reference(ids[row])[0]
        np.testing.assert_allclose(np.vstack([logits[row], last[row]]), expected, **CLOSE)
    assert states[1].tolist() == [[4], [4]]


def test_older_states_can_be_gone_back_to(model):
    states = model.step([5])[1]
    first = model.step([6], states)[0]
    model.step([7], states)
    np.testing.assert_array_equal(first, model.step([6], states)[0])


@pytest.mark.parametrize("dtype", [np.int8, np.uint8, np.int64, np.int32])
def test_ids_of_any_integer_type(model, dtype):
    np.testing.assert_array_equal(model.step(np.array([5], dtype))[0], model.step([5])[0])


@pytest.mark.parametrize("dtype", [np.int32, np.int64])
@pytest.mark.parametrize("wrong", [-1, "V", 2**31 - 1])
def test_ids_outside_the_vocabulary_name_the_id_and_v(model, wrong, dtype):
    wrong = model.size if wrong == "V" else wrong
    message = f"tokens .*received id {wrong} for a vocabulary of V={model.size}"
    with pytest.raises(KitError, match=message):
        model.step(np.array([4, wrong], dtype))
    with pytest.raises(KitError, match=message):
        model.read(np.array([[4, wrong]], dtype))
    with pytest.raises(KitError, match=message):
        model.score(np.array([4, wrong, 4], dtype))


def test_ids_that_would_wrap_round(model):
    with pytest.raises(KitError, match=f"id {2**32 + 4}"):
        model.step(np.array([2**32 + 4]))


@pytest.mark.parametrize("tokens", [4, [[4]], [], np.zeros((0,), np.int32)])
def test_tokens_of_another_shape(model, tokens):
    with pytest.raises(KitError, match=r"tokens must hold one id or more, as \[B\]"):
        model.step(tokens)


def test_tokens_that_are_no_ids(model):
    with pytest.raises(KitError, match="tokens must hold integer ids; received float64"):
        model.step([4.0])


def test_wrong_states(model):
    states = model.step([4, 5])[1]
    with pytest.raises(KitError, match=r"state_0 must have the shape \[1, 5\]; received \[2, 5\]"):
        model.step([4], states)
    with pytest.raises(KitError, match="list of 2 arrays"):
        model.read([[4]], states[:1])


def test_generate_spells_the_word(spelling_model):
    assert spelling_model.generate("b", 8, temperature=0) == "ardc.bar"
    # The wrong letter comes once in e^20.
    assert spelling_model.generate("cab", 7, seed=0) == "ardc.ba"


def test_stop_ends_a_text_and_is_left_out(spelling_model):
    prompts = ["d", "c", "a"]
    texts = spelling_model.generate(prompts, 40, temperature=0, stop=".")
    assert texts == ["c", "", "rdc"]
    for prompt, text in zip(prompts, texts, strict=True):
        assert spelling_model.generate(prompt, 40, temperature=0, stop=".") == text
        assert "".join(spelling_model.stream(prompt, 40, temperature=0, stop=".")) == text


@pytest.mark.parametrize("stop", ["ab", "", "Z"])
def test_a_stop_that_is_no_token(spelling_model, stop):
    with pytest.raises(KitError, match="stop must be one token of the model's vocabulary"):
        spelling_model.generate("c", 9, stop=stop)


def test_specials_are_never_chosen_but_a_special_may_stop(model):
    text = model.generate("a", 2000, temperature=5.0, seed=0)
    assert len(text) == 2000
    assert set(text) <= set(WORD)
    stopped = model.generate("a", 2000, temperature=5.0, seed=0, stop="<eos>")
    assert len(stopped) < 2000


def test_a_prompt_is_read_from_its_beginning(model, rnn):
    prompt = "abracadabrac"
    ids = model.encoder.encode(prompt)
    logits = rnn.reference(ids)[0][-1]
    logits[:4] = -np.inf
    likeliest = model.encoder.decode([int(logits.argmax())])
    assert model.generate(prompt, 1, temperature=0) == likeliest


def test_several_prompts_of_different_lengths_are_each_alone(model):
    prompts = ["a", "abracad", "dd.r"]
    together = model.generate(prompts, 20, temperature=0)
    assert together == [model.generate(prompt, 20, temperature=0) for prompt in prompts]
    assert len(set(together)) > 1


def test_a_seed_repeats(model):
    first = model.generate("ab", 50, seed=3)
    assert first == model.generate("ab", 50, seed=3)
    assert first != model.generate("ab", 50, seed=4)


def test_stream_joins_to_generate(model):
    settings = {"temperature": 0.7, "top_k": 5, "top_p": 0.9, "seed": 1}
    assert "".join(model.stream("ab", 50, **settings)) == model.generate("ab", 50, **settings)


def test_an_unknown_character_is_read_as_unk(model):
    assert model.encoder.unknown("aZ") == ["Z"]
    assert len(model.generate("aZ", 5, seed=0)) == 5


@pytest.mark.parametrize(
    ("prompt", "length", "settings", "message"),
    [
        ("", 5, {}, "prompt must hold at least one token; received prompt=''"),
        (["a", ""], 5, {}, "prompt must hold at least one token"),
        ([], 5, {}, r"received \[\]"),
        ([3], 5, {}, "received a int"),
        ("a", 0, {}, "length must be a positive integer; received length=0"),
        ("a", 5, {"temperature": -1}, "temperature must be"),
        ("a", 5, {"top_k": 0}, "top_k must be"),
        ("a", 5, {"top_p": 2}, "top_p must be"),
        ("a", 5, {"seed": "x"}, "seed must be"),
    ],
)
def test_wrong_arguments(model, prompt, length, settings, message):
    with pytest.raises(KitError, match=message):
        model.generate(prompt, length, **settings)


def test_stream_checks_at_the_call(model):
    with pytest.raises(KitError, match="length must be"):
        model.stream("a", 0)


TEXT = "abracadabra.cad.bar" * 3


def test_score_is_the_log_probability(model, rnn):
    ids = model.encoder.encode(TEXT)
    scores = model.score(TEXT)
    assert scores.shape == (len(ids) - 1,)
    assert scores.dtype == np.float64
    np.testing.assert_allclose(scores, log_probabilities(rnn, ids), **CLOSE)
    np.testing.assert_array_equal(scores, model.score(ids))


def test_score_in_chunks_is_score_at_once(model, monkeypatch):
    whole = model.score(TEXT)
    sizes = []
    read = LanguageModel.read
    monkeypatch.setattr(
        LanguageModel,
        "read",
        lambda self, tokens, states=None: (
            sizes.append(tokens.shape[1]) or read(self, tokens, states)
        ),
    )
    monkeypatch.setattr(module, "_CHUNK_LOGITS", 1)
    chunked = model.score(TEXT)
    assert sizes == [16, 16, 16, 8]
    # The same float32 operations in other blocks.
    np.testing.assert_allclose(chunked, whole, rtol=1e-5, atol=1e-6)


def test_a_long_prompt_is_warmed_up_in_chunks(model, monkeypatch):
    whole = model.generate(TEXT, 20, temperature=0)
    monkeypatch.setattr(module, "_CHUNK_LOGITS", 1)
    assert model.generate(TEXT, 20, temperature=0) == whole


def test_perplexity_is_the_exponential_of_the_mean(model, rnn):
    expected = np.exp(-log_probabilities(rnn, model.encoder.encode(TEXT)).mean())
    assert model.perplexity(TEXT) == pytest.approx(expected, rel=1e-5)


def test_perplexity_of_a_uniform_model_is_v(tmp_path, encoder):
    size = len(encoder.vocabulary)
    flat = TinyRNN(np.ones((size, 2)), np.zeros((2, 2)), np.zeros((2, size)))
    model = LanguageModel(read_bundle(write_language_model(tmp_path / "b", flat, encoder)))
    assert model.perplexity("abra") == pytest.approx(size, rel=1e-6)


@pytest.mark.parametrize("text", ["", "a", np.zeros((2, 2), int)])
def test_a_text_too_short_to_score(model, text):
    with pytest.raises(KitError, match="two tokens or more"):
        model.perplexity(text)


def test_nan_weights_are_told(tmp_path, encoder):
    rnn = random_rnn(encoder)
    rnn.head[:] = np.nan
    model = LanguageModel(read_bundle(write_language_model(tmp_path / "b", rnn, encoder)))
    with pytest.raises(KitError, match="received NaN at token 1"):
        model.score("abra")
    with pytest.raises(KitError, match="NaN"):
        model.generate("abra", 3)


def test_a_classifier_is_refused(classifier_folder):
    with pytest.raises(KitError, match=r"a text_classifier\. Use"):
        LanguageModel(read_bundle(classifier_folder))
