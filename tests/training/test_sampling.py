import io
import math
from typing import Any

import keras
import numpy as np
import pytest

from keras_rnn_kit.errors import KitError
from keras_rnn_kit.generation import generate
from keras_rnn_kit.models import LanguageModel
from keras_rnn_kit.text import TextEncoder
from keras_rnn_kit.training import SampleText

LETTERS = ["<pad>", "<unk>", "<bos>", "<eos>", *"helo 世"]


class Encoder:
    """As much of a text encoder as the callback uses."""

    class vocabulary:
        pad_id, unk_id, bos_id, eos_id = 0, 1, 2, None

    def encode(self, text: str) -> np.ndarray:
        return np.array([LETTERS.index(c) for c in text], np.int32)

    def decode(self, ids: Any) -> str:
        return "".join(LETTERS[i] for i in ids)


ENCODER: Any = Encoder()


class Speller(keras.Model):
    """Writes "hello " over and over: its state counts the letters. Special tokens tempt it."""

    word = "hello "

    def __init__(self) -> None:
        super().__init__()
        self.dense = keras.layers.Dense(1)
        self.calls = 0

    def call(self, inputs: Any) -> Any:
        return self.dense(inputs)

    def step(self, tokens: np.ndarray, states: Any = None) -> tuple[np.ndarray, Any]:
        self.calls += 1
        place = 0 if states is None else states[0]
        logits = np.zeros((len(tokens), len(LETTERS)), np.float32)
        logits[:, LETTERS.index(self.word[(place + 1) % len(self.word)])] = 50.0
        logits[:, :3] = 99.0
        return logits, [place + 1]


def fitted(*callbacks: Any, epochs: int = 4, model: Any = None) -> keras.Model:
    model = Speller() if model is None else model
    model.compile("sgd", "mse")
    x = np.ones((2, 1), "float32")
    model.fit(x, x, epochs=epochs, callbacks=list(callbacks), verbose=0)
    return model


def test_it_writes_the_prompt_and_its_continuation() -> None:
    stream = io.StringIO()
    model = fitted(SampleText(ENCODER, "he", length=8, stream=stream), epochs=1)
    assert stream.getvalue() == "\nSample after epoch 1: hello hell\n\n"
    assert model.calls == 2 + 8 - 1  # the prompt once, then one step a token but the last


@pytest.mark.parametrize(("every", "epochs"), [(1, "1 2 3 4"), (2, "2 4"), (5, "")])
def test_every(every: int, epochs: str) -> None:
    stream = io.StringIO()
    fitted(SampleText(ENCODER, "h", length=1, every=every, stream=stream))
    found = [line.split()[3].rstrip(":") for line in stream.getvalue().split("\n") if line]
    assert found == epochs.split()


def test_a_seed_repeats_and_another_differs() -> None:
    class Undecided(Speller):
        def step(self, tokens: np.ndarray, states: Any = None) -> tuple[np.ndarray, Any]:
            return np.zeros((len(tokens), len(LETTERS)), np.float32), []

    samples = []
    for seed in (0, 1):
        stream = io.StringIO()
        callback = SampleText(ENCODER, "h", length=40, seed=seed, stream=stream)
        fitted(callback, epochs=2, model=Undecided())
        first, second = stream.getvalue().strip().split("\n\n\n")
        assert first.split(": ")[1] == second.split(": ")[1]
        samples.append(first)
    assert samples[0] != samples[1]


def test_standard_output_of_the_moment_is_the_default(capsys: pytest.CaptureFixture[str]) -> None:
    fitted(SampleText(ENCODER, "h", length=4), epochs=1)
    assert "hello" in capsys.readouterr().out


def test_a_terminal_that_cannot_show_a_character_ends_no_training() -> None:
    ascii_only = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    fitted(SampleText(ENCODER, "世h", length=3, stream=ascii_only), epochs=2)
    ascii_only.seek(0)
    assert ascii_only.read().count("?h") == 2


@pytest.mark.parametrize(
    ("wrong", "match"),
    [
        ({"length": 0}, "length must be a positive integer; received length=0"),
        ({"length": 2.5}, "length must be a positive integer; received length=2.5"),
        ({"every": -1}, "every must be a positive integer; received every=-1"),
        ({"every": True}, "every must be a positive integer; received every=True"),
        ({"temperature": -0.1}, "temperature must be 0 or more; received temperature=-0.1"),
        ({"temperature": math.nan}, "temperature must be 0 or more; received temperature=nan"),
        ({"prompt": ""}, "prompt must hold at least one token; received prompt=''"),
    ],
)
def test_wrong_arguments_are_told(wrong: dict[str, Any], match: str) -> None:
    with pytest.raises(KitError, match=match):
        SampleText(ENCODER, **{"prompt": "h", **wrong})


def test_a_model_without_step_is_told_before_training() -> None:
    model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])
    with pytest.raises(KitError, match="SampleText needs a model with step"):
        fitted(SampleText(ENCODER, "h"), model=model)


@pytest.mark.parametrize("tokenizer", ["characters", "words"])
def test_with_a_real_encoder(tokenizer: str) -> None:
    encoder = TextEncoder.build(["hello, hello world"], tokenizer=tokenizer)

    class Uniform(Speller):
        def step(self, tokens: np.ndarray, states: Any = None) -> tuple[np.ndarray, Any]:
            return np.zeros((len(tokens), len(encoder.vocabulary)), np.float32), []

    stream = io.StringIO()
    fitted(SampleText(encoder, "hello", 30, stream=stream), epochs=1, model=Uniform())
    prefix, written = stream.getvalue().strip("\n").split(": ", 1)
    assert prefix == "Sample after epoch 1"
    assert written.startswith("hello")
    assert len(encoder.encode(written)) == 30 + len(encoder.encode("hello"))
    assert encoder.unknown(written) == []


def test_in_the_manner_of_a_label():
    encoder = TextEncoder.build(["abab cdcd"])
    model = LanguageModel(len(encoder.vocabulary), units=6, labels=["ab", "cd"])
    model.build(model.free_shape)
    for weight in model.weights:  # so that the labels differ
        weight.assign(np.random.default_rng(3).normal(0, 1, weight.shape))
    samples = {}
    for label in ("ab", "cd"):
        callback = SampleText(encoder, "a", length=30, label=label)
        callback.set_model(model)
        callback.on_train_begin()
        samples[label] = callback.sample()
        states = model.initial_states(1, label)
        specials = range(len(encoder.vocabulary.specials))
        ids = generate(
            model.step,
            encoder.encode("a"),
            30,
            states=states,
            temperature=0.8,
            seed=0,
            forbidden=specials,
        )
        assert samples[label] == "a" + encoder.decode(ids[0])
    assert samples["ab"] != samples["cd"]
    callback = SampleText(encoder, "a", label="nobody")
    callback.set_model(model)
    with pytest.raises(KitError, match="'nobody'"):
        callback.on_train_begin()
