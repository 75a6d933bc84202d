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
from keras_rnn_kit.runtime.kinds.language_model import START
from keras_rnn_kit.runtime.pieces import Pieces
from keras_rnn_kit.runtime.session import check_session, open_session, threads_for
from keras_rnn_kit.runtime.states import States
from keras_rnn_kit.runtime.tokens import Tokens, chunks, log_probabilities, token_ids

Arrays = list[npt.NDArray[Any]]
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
        for name in ("model", "step", *([START] if self.labels else [])):
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

    def initial_states(self, batch: int, label: Any = None) -> Arrays:
        """What B texts begin from: zeros, or the states of their labels.

        Args:
            batch: B.
            label: of a conditional model: one for all texts, or a list with one for each.

        Raises:
            KitError: a label that the model doesn't know, none where it has labels, one where it
                has none, or another number than 1 or B.
        """
        if not self.labels:
            if label is not None:
                raise KitError(
                    f"a label is for a conditional model; received {label!r} for {self.bundle.path}"
                    ", which has no labels. Leave it out."
                )
            return self._states.zeros(batch)
        if label is None:
            raise KitError(
                f"a conditional model begins from one of its labels, {', '.join(self.labels)}; "
                "received none. Pass label=..., or states=model.initial_states(batch, label)."
            )
        feed = {"labels": self._label_ids(label, batch)}
        states: Arrays = self._sessions[START].run(self._states.names, feed)
        return states

    def _label_ids(self, label: Any, batch: int) -> npt.NDArray[np.int32]:
        """The ids `[B]` of one label for all rows, or of one for each."""
        found = ids_of_labels(self.labels, label, batch)
        return np.repeat(found, batch) if len(found) == 1 else found

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
    ) -> Prompt:
        """Goes on with a text, or with several at once.

        Args:
            prompt: one text or a list of them, of any lengths; unknown tokens are read as <unk>.
                Several run at once inside `generate.onnx`, where the bundle has it, which is
                several times as fast and, of the same seed, makes other texts than one by one.
            length: how many tokens to sample, at least 1.
            temperature, top_k, top_p: see `keras_rnn_kit.generation.Sampler`.
            seed: an integer makes the text repeatable.
            stop: one token of the vocabulary, such as "\\n" or "<eos>", that ends a text.
            label: of a conditional model: one for all texts, or a list with one for each.

        Returns:
            The continuation without the prompt and without the stop: ``prompt + continuation``
            reads as one text. No special token is ever chosen, but the stop.

        Raises:
            KitError: an empty prompt, a setting out of range, a stop that isn't one token; and what
                `initial_states` raises.
        """
        prompts = self._prompt_ids([prompt] if isinstance(prompt, str) else list(prompt))
        settings = self._settings(temperature, top_k, top_p, seed, stop)
        start = self.initial_states(len(prompts), label)
        if not isinstance(prompt, str) and loop.takes(
            self.bundle.spec.graphs.get(loop.NAME), prompts
        ):
            return self._generate_inside(prompts, length, settings, start, label)
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
    ) -> Iterator[str]:
        """As `generate` of one text, but yields each token's text as soon as it is sampled.

        Where a character has several tokens, it comes with the last of them.
        """
        prompts = self._prompt_ids([prompt])
        last, states = self._warm_up(prompts, self.initial_states(1, label))
        settings = self._settings(temperature, top_k, top_p, seed, stop)
        steps = stream(self._bound(states, len(last)), last[:, None], length, **settings)
        ids = (int(step[0]) for step in steps)
        to_stop = itertools.takewhile(lambda after: after != settings["stop_id"], ids)
        return self._pieces.stream(int(last[0]), to_stop)

    def score(self, text: str | npt.ArrayLike, label: Any = None) -> npt.NDArray[np.float64]:
        """The log-probability of each token given all before it.

        Args:
            text: a text, or ids [N]; read in chunks with the states carried, so it may be long.
                For several texts take ``map(model.score, texts)``, in threads if you like.
            label: of a conditional model, what the text begins from.

        Returns:
            [N - 1] float64, natural logarithm; the first token has none before it.

        Raises:
            KitError: fewer than two tokens, an id outside the vocabulary, logits that are NaN; and
                what `initial_states` raises.
        """
        ids = self._score_ids(text)
        scores = np.empty(len(ids) - 1)
        states = self.initial_states(1, label)
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
        label: Any,
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
            None if label is None else self._label_ids(label, len(prompts)),
            length=positive_integer("length", length),
            temperature=settings["temperature"],
            top_k=0 if top_k is None else top_k,
            top_p=1.0 if top_p is None else top_p,
            seed=random_generator(settings["seed"]).integers(np.iinfo(np.int64).max),
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
            "seed": seed,
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
        if ids.ndim != 1 or len(ids) < 2:
            raise KitError(
                "a text to score must have two tokens or more, since the first is given; received "
                f"shape {list(ids.shape)}. Pass a longer text."
            )
        return token_ids(ids, 1, self.size)
