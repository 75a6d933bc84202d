"""Shows while training what the language model would write by now."""

import sys
from typing import TYPE_CHECKING, Any, TextIO

import keras

from keras_rnn_kit.errors import KitError
from keras_rnn_kit.generation import generate

if TYPE_CHECKING:
    from keras_rnn_kit.text import TextEncoder


class SampleText(keras.callbacks.Callback):
    """Prints a text that the model writes, at the end of every `every`-th epoch.

    The model needs `step(tokens [B], states) -> (logits [B, V], states)`. The same seed is used
    each time, so what differs between two samples is the model. Special tokens are never drawn,
    but for the `<eos>` of a model that ends its texts otherwise than by a token, where the sample
    ends, too (`LanguageModel(termination=...)`); a length is the likeliest one.

    Args:
        encoder: turns text into the ids the model was trained on, and back.
        prompt: text to continue, at least one token.
        length: tokens to write, >= 1.
        temperature: of the sampling; 0 takes the likeliest token each time.
        every: epochs between two samples, >= 1.
        seed: of the sampling.
        stream: where the text goes; None is standard output.
        label: of a model with labels, whose manner to write in.

    Raises:
        KitError: an argument is out of its range, or the prompt has no tokens; at the start of
            training, where the model has no `step`, or doesn't know the label.

    Example:
        >>> from keras_rnn_kit.text import TextEncoder
        >>> encoder = TextEncoder.build(["hello"])
        >>> SampleText(encoder, "", length=10)
        Traceback (most recent call last):
        keras_rnn_kit.errors.KitError: prompt must hold at least one token; received prompt=''. ...
    """

    def __init__(
        self,
        encoder: "TextEncoder",
        prompt: str,
        length: int = 100,
        temperature: float = 0.8,
        every: int = 1,
        seed: int | None = 0,
        stream: TextIO | None = None,
        label: str | None = None,
    ) -> None:
        super().__init__()
        for name, value in (("length", length), ("every", every)):
            if isinstance(value, bool) or not isinstance(value, int) or value < 1:
                raise KitError(
                    f"{name} must be a positive integer; received {name}={value!r}. Pass 1 or more."
                )
        if not temperature >= 0:
            raise KitError(
                f"temperature must be 0 or more; received temperature={temperature!r}. "
                "Pass 0 for the likeliest token, 1 for the model's own probabilities."
            )
        self._prompt_ids = encoder.encode(prompt)
        if len(self._prompt_ids) == 0:
            raise KitError(
                f"prompt must hold at least one token; received prompt={prompt!r}. "
                "Pass the text that the sample is to continue."
            )
        vocabulary = encoder.vocabulary
        special = (vocabulary.pad_id, vocabulary.unk_id, vocabulary.bos_id, vocabulary.eos_id)
        self._forbidden = tuple(i for i in special if i is not None)
        self._encoder = encoder
        self._length = length
        self._temperature = temperature
        self._every = every
        self._seed = seed
        self._stream = stream
        self._label = label

    def on_train_begin(self, logs: dict[str, Any] | None = None) -> None:
        if not callable(getattr(self.model, "step", None)):
            raise KitError(
                "SampleText needs a model with step(tokens, states); received "
                f"{type(self.model).__name__}. Train a keras_rnn_kit.models.LanguageModel, or "
                "give the model that method."
            )
        if self._label is not None:
            self._states()

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        if (epoch + 1) % self._every == 0:
            # The first line break ends the line of the progress bar.
            self._print(f"\nSample after epoch {epoch + 1}: {self.sample()}\n")

    def sample(self) -> str:
        """Lets the model write once: the prompt and its continuation."""
        ids = generate(
            self.model.step,
            self._prompt_ids,
            self._length,
            states=self._states(),
            temperature=self._temperature,
            seed=self._seed,
            stop_id=self._end,
            forbidden=[i for i in self._forbidden if i != self._end],
        )
        return self._encoder.decode([*self._prompt_ids, *(i for i in ids[0] if i != self._end)])

    @property
    def _end(self) -> int | None:
        """What a model writes that ends its texts by a decision or a length; else `None`."""
        ends = getattr(self.model, "termination", "token") != "token"
        return self.model.eos_id if ends else None

    def _states(self) -> Any:
        """What the model begins with; `None` leaves it to the model."""
        return None if self._label is None else self.model.initial_states(1, self._label)

    def _print(self, text: str) -> None:
        stream = self._stream or sys.stdout
        # A training must not end because a terminal can't show a character.
        encoding = getattr(stream, "encoding", None) or "utf-8"
        print(text.encode(encoding, "replace").decode(encoding), file=stream, flush=True)
