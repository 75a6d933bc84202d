"""A language model that runs in onnxruntime: step, generate, score."""

import itertools
import threading
from collections.abc import Iterator
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

from keras_rnn_kit.arguments import positive_integer
from keras_rnn_kit.errors import KitError
from keras_rnn_kit.generation import Sampler, generate, stream
from keras_rnn_kit.generation.generate import random_generator
from keras_rnn_kit.label_names import ids_of_labels
from keras_rnn_kit.runtime import loop
from keras_rnn_kit.runtime.bound_steps import BoundSteps
from keras_rnn_kit.runtime.bundle import Bundle
from keras_rnn_kit.runtime.kinds.language_model import LOG_LENGTHS, START
from keras_rnn_kit.runtime.pieces import Pieces
from keras_rnn_kit.runtime.session import check_session, open_session, threads_for
from keras_rnn_kit.runtime.states import States
from keras_rnn_kit.runtime.tokens import Tokens, chunks, log_probabilities, token_ids

Arrays = list[npt.NDArray[Any]]
Feed = dict[str, npt.NDArray[np.int32]]
Prompt = TypeVar("Prompt", str, list[str])


class LanguageModel:
    """A bundle's language model; `keras_rnn_kit.runtime.load` makes it.

    Nothing changes from call to call, so threads may share one.

    Attributes:
        bundle: where it came from.
        encoder: its `TextEncoder`; ``encoder.unknown(prompt)`` tells which tokens of a prompt the
            model doesn't know.
        labels: of a conditional model, the names of its labels; of another one, none. Where there
            are labels, a text begins from one of them: `label` is a name, or an id.
        max_length: of a model that knows a text's length beforehand, and counts it down, the most
            tokens that a text may have; of another one, `None`.
        size: V.
    """

    def __init__(self, bundle: Bundle, provider: str = "cpu", threads: int | None = None) -> None:
        bundle.must_be("language_model", "LanguageModel")
        self.bundle = bundle
        self.encoder = bundle.encoder()
        self.labels = bundle.spec.labels
        self.size = bundle.spec.classes
        self._states = States(bundle.spec.states)
        self._pieces = Pieces(self.encoder)
        self._outputs = [port.name for port in bundle.spec.graphs["model"].outputs]
        self._provider, self._threads = provider, threads
        self._lock = threading.Lock()
        self._sessions: dict[str, Any] = {}
        start = bundle.spec.graphs.get(START)
        self.max_length = self._end = None
        if start is not None and start.outputs[-1].name == LOG_LENGTHS:
            self.max_length = int(start.outputs[-1].shape[-1]) - 1
            self._end = int(bundle.spec.settings["eos_id"])
        for name in ("model", "step", *([] if start is None else [START])):
            self._session(name)

    def _session(self, name: str) -> Any:
        """The session of one of the bundle's graphs, opened where it is first asked for."""
        with self._lock:
            if name not in self._sessions:
                graph = self.bundle.spec.graphs[name]
                source = str(self.bundle.path / graph.file)
                content = self.bundle.read(graph.file)
                threads = threads_for(len(content)) if self._threads is None else self._threads
                session = open_session(content, self._provider, threads, name=source)
                check_session(session, graph, source)
                self._sessions[name] = session
            return self._sessions[name]

    def initial_states(self, batch: int, label: Any = None, text_length: Any = None) -> Arrays:
        """What B texts begin from: zeros, or the states of their labels, and of their lengths.

        Args:
            batch: B.
            label: of a conditional model: one for all texts, or a list with one for each.
            text_length: of a model that counts down a text's length: its tokens, the prompt's
                included; one for all texts, or a list with one for each. None is the likeliest.

        Raises:
            KitError: a label that the model doesn't know, none where it has labels, one where it
                has none, or another number than 1 or B; the same of lengths.
        """
        return self._states_of(self._beginning(batch, label, text_length), batch)

    def log_lengths(self, batch: int, label: Any = None) -> npt.NDArray[np.floating[Any]]:
        """`log p(n)` of each number n of tokens that a text may have: `[B, max_length + 1]`.

        `KitError` for a model that doesn't know a text's length beforehand, and what
        `initial_states` raises.
        """
        begin = self._beginning(batch, label, None if self.max_length else 1)
        found: npt.NDArray[np.floating[Any]] = self._sessions[START].run([LOG_LENGTHS], begin)[0]
        return found

    def _beginning(self, batch: int, label: Any, text_length: Any) -> Feed:
        """What goes into `start`."""
        begin = {}
        if self.labels:
            if label is None:
                raise KitError(
                    f"a conditional model begins from one of its labels, {', '.join(self.labels)}; "
                    "received none. Pass label=..., or states=model.initial_states(batch, label)."
                )
            begin["labels"] = _for_each(ids_of_labels(self.labels, label, batch), batch)
        elif label is not None:
            raise KitError(
                f"a label is for a conditional model; received {label!r} for {self.bundle.path}"
                ", which has no labels. Leave it out."
            )
        if self.max_length is not None:
            begin["text_lengths"] = _for_each(self._lengths(text_length, batch), batch)
        elif text_length is not None:
            raise KitError(
                "a length is for a model that counts it down (termination='length'); received "
                f"{text_length!r} for {self.bundle.path}. Leave it out."
            )
        return begin

    def _lengths(self, text_length: Any, batch: int) -> npt.NDArray[np.int32]:
        """The lengths `[1]` or `[B]`; -1 is the likeliest."""
        if text_length is None:
            return np.full(1, -1, np.int32)
        given = np.atleast_1d(np.asarray(text_length))
        whole = np.issubdtype(given.dtype, np.integer) and given.shape in ((1,), (batch,))
        if not whole or not ((given >= 1) & (given <= self.max_length)).all():
            raise KitError(
                f"text_length must be a whole number from 1 to {self.max_length}, one for all of "
                f"the {batch} texts or one for each; received {text_length!r}. Pass such a number, "
                "or None for a length that is drawn."
            )
        return given.astype(np.int32)

    def _states_of(self, begin: Feed, batch: int) -> Arrays:
        if not begin:
            return self._states.zeros(batch)
        states: Arrays = self._sessions[START].run(self._states.names, begin)
        return states

    def _begin(
        self, prompts: list[Tokens], label: Any, text_length: Any, settings: dict[str, Any]
    ) -> Feed:
        """What texts begin from that are to be written; a length that isn't given is drawn."""
        begin = self._beginning(len(prompts), label, text_length)
        if self.max_length is None:
            return begin
        shortest = np.array([len(ids) for ids in prompts])
        given = begin["text_lengths"]
        if max(shortest) > self.max_length or ((given >= 0) & (given < shortest)).any():
            raise KitError(
                f"a prompt must not be longer than its text, which has at most {self.max_length} "
                f"tokens; received {max(shortest)} tokens for text_length={text_length!r}. Pass a "
                "shorter prompt."
            )
        if text_length is None:
            chances = self.log_lengths(len(prompts), label).astype(np.float64)
            chances[np.arange(chances.shape[1]) < shortest[:, None]] = -np.inf
            choose, rng = Sampler(temperature=settings["temperature"]), settings["seed"]
            begin["text_lengths"] = choose(chances, rng)
        return begin

    def step(
        self, tokens: npt.ArrayLike, states: Any = None
    ) -> tuple[npt.NDArray[np.floating[Any]], Arrays]:
        """Reads one token a row.

        Args:
            tokens: ids [B].
            states: what the step before returned; None is the initial states, which a conditional
                model takes from `initial_states`.

        Returns:
            logits [B, V] of the token that follows, and the states after this one. Both are new
            arrays, so older states may be kept and gone back to.

        Raises:
            KitError: an id outside the vocabulary, tokens or states of another shape; None where
                the model has labels.
        """
        return self._run("step", token_ids(tokens, 1, self.size), states)

    def read(
        self, tokens: npt.ArrayLike, states: Any = None
    ) -> tuple[npt.NDArray[np.floating[Any]], Arrays]:
        """Reads T tokens a row at once: ids [B, T] to logits [B, T, V] and the states after.

        As `step` T times, but faster. Raises the same.
        """
        return self._run("model", token_ids(tokens, 2, self.size), states)

    def generate(
        self,
        prompt: Prompt,
        length: int,
        *,
        temperature: float = 1.0,
        top_k: int | None = None,
        top_p: float | None = None,
        seed: int | np.random.Generator | None = None,
        stop: str | None = None,
        label: Any = None,
        text_length: Any = None,
    ) -> Prompt:
        """Goes on with a text, or with several at once.

        Args:
            prompt: one text or a list of them, of any lengths; unknown tokens are read as <unk>.
                Several run at once inside `generate.onnx`, where the bundle has it, which is
                several times as fast and, of the same seed, makes other texts than one by one.
            length: how many tokens to sample, at least 1.
            temperature, top_k, top_p: see `keras_rnn_kit.generation.Sampler`.
            seed: an integer makes the text repeatable.
            stop: one token of the vocabulary, such as "\\n" or "<eos>", that ends a text. None is
                "<eos>" for a model that knows a text's length beforehand.
            label: of a conditional model: one for all texts, or a list with one for each.
            text_length: of a model that counts down a text's length: how many tokens it has in
                all, as `initial_states` takes it; None draws it, at the same temperature.

        Returns:
            The continuation without the prompt and without the stop: ``prompt + continuation``
            reads as one text. No special token is ever chosen, but the stop.

        Raises:
            KitError: an empty prompt, a setting out of range, a stop that isn't one token; and what
                `initial_states` raises.
        """
        prompts = self._prompt_ids([prompt] if isinstance(prompt, str) else list(prompt))
        settings = self._settings(temperature, top_k, top_p, seed, stop)
        begin = self._begin(prompts, label, text_length, settings)
        start = self._states_of(begin, len(prompts))
        if not isinstance(prompt, str) and loop.takes(
            self.bundle.spec.graphs.get(loop.NAME), prompts
        ):
            return self._generate_inside(prompts, length, settings, start, begin)
        last, states = self._warm_up(prompts, start)
        rows = generate(self._bound(states, len(last)), last[:, None], length, **settings)
        texts = []
        for before, row in zip(last.tolist(), rows.tolist(), strict=True):
            if settings["stop_id"] in row:
                row = row[: row.index(settings["stop_id"])]
            texts.append(self._pieces.text(before, row))
        return texts[0] if isinstance(prompt, str) else texts

    def stream(
        self,
        prompt: str,
        length: int,
        *,
        temperature: float = 1.0,
        top_k: int | None = None,
        top_p: float | None = None,
        seed: int | np.random.Generator | None = None,
        stop: str | None = None,
        label: Any = None,
        text_length: Any = None,
    ) -> Iterator[str]:
        """As `generate` of one text, but yields each token's text as soon as it is sampled.

        Where a character has several tokens, it comes with the last of them.
        """
        prompts = self._prompt_ids([prompt])
        settings = self._settings(temperature, top_k, top_p, seed, stop)
        begin = self._begin(prompts, label, text_length, settings)
        last, states = self._warm_up(prompts, self._states_of(begin, 1))
        steps = stream(self._bound(states, len(last)), last[:, None], length, **settings)
        ids = (int(step[0]) for step in steps)
        to_stop = itertools.takewhile(lambda after: after != settings["stop_id"], ids)
        return self._pieces.stream(int(last[0]), to_stop)

    def score(self, text: str | npt.ArrayLike, label: Any = None) -> npt.NDArray[np.float64]:
        """The log-probability of each token given all before it.

        Args:
            text: a text, or ids [N]; read in chunks with the states carried, so it may be long. A
                model that counts down a text's length takes it for a whole one, and scores the
                `<eos>` behind it, too, and the length with it. For several texts take
                ``map(model.score, texts)``, in threads if you like.
            label: of a conditional model, what the text begins from.

        Returns:
            [N - 1] float64, natural logarithm; the first token has none before it.

        Raises:
            KitError: fewer than two tokens, an id outside the vocabulary, logits that are NaN; and
                what `initial_states` raises.
        """
        ids = self._score_ids(text)
        scores = np.empty(len(ids) - 1)
        lengths = None if self.max_length is None else len(ids) - 1
        states = self.initial_states(1, label, lengths)
        for start, inputs in chunks(ids[:-1], self.size):
            logits, states = self.read(inputs, states)
            targets = ids[start + 1 : start + 1 + inputs.shape[1]]
            scores[start : start + len(targets)] = log_probabilities(logits[0], targets)
        if np.isnan(scores).any():
            raise self._no_numbers(f"at token {int(np.isnan(scores).argmax()) + 1}")
        return scores

    def perplexity(self, text: str | npt.ArrayLike, label: Any = None) -> float:
        """exp(total negative log-likelihood / number of scored tokens) of a text; see `score`."""
        return float(np.exp(-self.score(text, label).mean()))

    def _bound(self, states: Arrays, batch: int) -> BoundSteps:
        return BoundSteps(self._sessions["step"], self.bundle.spec.graphs["step"], states, batch)

    def _run(self, graph: str, tokens: Tokens, states: Any) -> tuple[npt.NDArray[Any], Arrays]:
        if states is None:
            states = self.initial_states(len(tokens))
        feed = dict(zip(self._states.names, self._states.check(states, len(tokens)), strict=True))
        feed["tokens"] = tokens
        logits, *states = self._sessions[graph].run(self._outputs, feed)
        return logits, states

    def _prompt_ids(self, prompts: list[str]) -> list[Tokens]:
        """The ids of each prompt, at least one."""
        if not prompts:
            raise KitError(
                "prompt must be a text or a list of one or more; received []. Pass a text."
            )
        found = []
        for prompt in prompts:
            if not isinstance(prompt, str):
                raise KitError(
                    f"prompt must be a text or a list of texts; received a "
                    f"{type(prompt).__name__}. Pass a str."
                )
            found.append(self.encoder.encode(prompt))
            if not len(found[-1]):
                raise KitError(
                    f"prompt must hold at least one token; received prompt={prompt!r}. "
                    "Pass a text to go on with."
                )
        return found

    def _warm_up(self, prompts: list[Tokens], start: Arrays) -> tuple[Tokens, Arrays]:
        """Reads all but the last token of each prompt: last tokens [B] and states [B, ...]."""
        last, rows = [], []
        for k, ids in enumerate(prompts):
            states = [state[k : k + 1] for state in start]
            for _, inputs in chunks(ids[:-1], self.size):
                states = self.read(inputs, states)[1]
            last.append(ids[-1])
            rows.append(states)
        return np.array(last, np.int32), [np.concatenate(part) for part in zip(*rows, strict=True)]

    def _generate_inside(
        self,
        prompts: list[Tokens],
        length: int,
        settings: dict[str, Any],
        start: Arrays,
        begin: Feed,
    ) -> list[str]:
        """Several texts through `generate.onnx`; the arguments are checked as the steps do it."""
        names = ("temperature", "top_k", "top_p", "forbidden")
        Sampler(**{name: settings[name] for name in names})
        last = [int(ids[-1]) for ids in prompts]
        if np.isnan(self.step(last, start)[0]).any():  # inside, NaN would be taken for some token
            raise self._no_numbers("at the first token")
        stop, top_k, top_p = (settings[name] for name in ("stop_id", "top_k", "top_p"))
        rows = loop.run(
            self._session(loop.NAME),
            prompts,
            begin,
            length=positive_integer("length", length),
            temperature=settings["temperature"],
            top_k=0 if top_k is None else top_k,
            top_p=1.0 if top_p is None else top_p,
            seed=settings["seed"].integers(np.iinfo(np.int64).max),
            stop=-1 if stop is None else stop,
        )
        return [self._pieces.text(*ends) for ends in zip(last, rows, strict=True)]

    def _settings(
        self,
        temperature: float,
        top_k: int | None,
        top_p: float | None,
        seed: int | np.random.Generator | None,
        stop: str | None,
    ) -> dict[str, Any]:
        vocabulary = self.encoder.vocabulary
        stop_id = None
        if self._end is not None:
            end = vocabulary.tokens[self._end]
            if stop not in (None, end):
                raise KitError(
                    f"a model that counts down a text's length ends it itself, with {end!r}; "
                    f"received stop={stop!r}. Leave it out."
                )
            stop = end
        if stop is not None:
            # Looked up as it is spelt, so that a special such as <eos> can be named.
            if stop not in vocabulary.tokens:
                raise KitError(
                    f"stop must be one token of the model's vocabulary; received stop={stop!r}. "
                    "Pass a token that the training text had."
                )
            stop_id = vocabulary.tokens.index(stop)
        return {
            "temperature": temperature,
            "top_k": top_k,
            "top_p": top_p,
            "seed": random_generator(seed),
            "stop_id": stop_id,
            "forbidden": [i for i in range(len(vocabulary.specials)) if i != stop_id],
        }

    def _no_numbers(self, where: str) -> KitError:
        return KitError(
            f"a model must give finite logits; received NaN {where} from {self.bundle.path}. "
            "Train it anew."
        )

    def _score_ids(self, text: str | npt.ArrayLike) -> Tokens:
        ids = np.asarray(self.encoder.encode(text) if isinstance(text, str) else text)
        if self._end is not None and ids.ndim == 1 and ids[-1:].tolist() != [self._end]:
            ids = np.append(ids, self._end)
        if ids.ndim != 1 or len(ids) < 2:
            raise KitError(
                "a text to score must have two tokens or more, since the first is given; received "
                f"shape {list(ids.shape)}. Pass a longer text."
            )
        return token_ids(ids, 1, self.size)


def _for_each(found: npt.NDArray[np.int32], batch: int) -> npt.NDArray[np.int32]:
    """One number for all rows, or one for each, as `[B]`."""
    return np.repeat(found, batch) if len(found) == 1 else found
