"""The one loop that generates, over ``step(tokens [B], states) -> (logits [B, V], states)``.

The Keras language model and the onnxruntime one both offer such a step, so both generate the same
text from the same seed, as far as their logits agree.
"""

from collections.abc import Callable, Iterable, Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from keras_rnn_kit.arguments import positive_integer
from keras_rnn_kit.errors import KitError
from keras_rnn_kit.generation.checks import check_ids, id_array
from keras_rnn_kit.generation.sampling import Sampler

Step = Callable[[npt.NDArray[np.int32], Any], tuple[Any, Any]]
"""tokens [B] int32 and states (None: the model's initial ones) to logits [B, V] and states."""


def generate(
    step: Step,
    prompt: npt.ArrayLike,
    length: int,
    *,
    states: Any = None,
    temperature: float = 1.0,
    top_k: int | None = None,
    top_p: float | None = None,
    seed: int | np.random.Generator | None = None,
    stop_id: int | None = None,
    forbidden: Iterable[int] = (),
) -> npt.NDArray[np.int32]:
    """Reads the prompt step by step, then samples ``length`` tokens after it.

    Args:
        step: the model's step; called P + N - 1 times.
        prompt: ids [P], or [B, P] for B texts at once; P is at least 1.
        length: the number of tokens to sample, at least 1.
        states: the states before the prompt; None is the model's initial ones.
        temperature, top_k, top_p, forbidden: see `Sampler`.
        seed: an integer makes the text repeatable; a Generator is used as it stands; None differs
            from call to call.
        stop_id: the token that ends a row. It is kept, and fills the row after it; the loop ends
            when every row has ended.

    Returns:
        ids [B, N] int32 without the prompt; N is ``length``, or less where ``stop_id`` ended all.

    Raises:
        KitError: an empty prompt, a length below 1, an id outside the vocabulary, and what
            `Sampler` raises.

    Example:
        A model whose every token is followed by the next one:

        >>> def step(tokens, states):
        ...     return np.eye(5)[(tokens + 1) % 5], states
        >>> generate(step, [1], 4, temperature=0)
        array([[2, 3, 4, 0]], dtype=int32)
    """
    steps = stream(
        step,
        prompt,
        length,
        states=states,
        temperature=temperature,
        top_k=top_k,
        top_p=top_p,
        seed=seed,
        stop_id=stop_id,
        forbidden=forbidden,
    )
    return np.stack(list(steps), axis=1)


def stream(
    step: Step,
    prompt: npt.ArrayLike,
    length: int,
    *,
    states: Any = None,
    temperature: float = 1.0,
    top_k: int | None = None,
    top_p: float | None = None,
    seed: int | np.random.Generator | None = None,
    stop_id: int | None = None,
    forbidden: Iterable[int] = (),
) -> Iterator[npt.NDArray[np.int32]]:
    """As `generate`, but yields the ids [B] of each step as soon as they are sampled.

    Arguments are checked at the call, not at the first ``next``; ids against V at the first step.

    Example:
        >>> def step(tokens, states):
        ...     return np.eye(3)[(tokens + 1) % 3], states
        >>> [ids.tolist() for ids in stream(step, [[0], [1]], 2, temperature=0)]
        [[1, 2], [2, 0]]
    """
    choose = Sampler(temperature=temperature, top_k=top_k, top_p=top_p, forbidden=forbidden)
    if stop_id is not None and stop_id in choose.forbidden:
        raise KitError(
            f"stop_id must be a token that can come; received stop_id={stop_id}, which is "
            "forbidden too. Leave it out of one of the two."
        )
    return _steps(
        step,
        _prompt(prompt),
        positive_integer("length", length),
        states,
        choose,
        random_generator(seed),
        stop_id,
    )


def _steps(
    step: Step,
    prompt: npt.NDArray[np.int32],  # [B, P]
    length: int,
    states: Any,
    choose: Sampler,
    rng: np.random.Generator,
    stop_id: int | None,
) -> Iterator[npt.NDArray[np.int32]]:
    logits: Any = None
    for position in range(prompt.shape[1]):
        # A copy, so that a model may keep or overwrite what it is handed.
        logits, states = step(prompt[:, position].copy(), states)
        if not position:
            _check_against(np.shape(logits), prompt, stop_id)
    running = np.ones(len(prompt), dtype=bool)
    for remaining in reversed(range(length)):
        ids = choose(logits, rng)
        if stop_id is not None:
            ids = np.where(running, ids, np.int32(stop_id))
            running &= ids != stop_id
        yield ids
        if not remaining or not running.any():
            return
        logits, states = step(ids, states)


def _prompt(prompt: npt.ArrayLike) -> npt.NDArray[np.int32]:
    """Ids [P] or [B, P] as [B, P]."""
    ids = id_array("prompt", prompt)
    if ids.ndim not in (1, 2) or not ids.size:
        raise KitError(
            f"prompt must hold at least one id, as [P] or [B, P]; received shape "
            f"{list(ids.shape)}. Pass a text of one token or more."
        )
    # Before the vocabulary is known, so that no id wraps round as it becomes int32.
    check_ids("prompt", ids, np.iinfo(np.int32).max)
    return np.atleast_2d(ids).astype(np.int32)


def _check_against(
    shape: tuple[int, ...], prompt: npt.NDArray[np.int32], stop_id: int | None
) -> None:
    """Checks the first step's logits, and the ids against the V they give."""
    if len(shape) != 2 or shape[0] != len(prompt):
        raise KitError(
            f"step must return logits [B, V] for tokens [B]; received logits of shape "
            f"{list(shape)} for B={len(prompt)}. Return one row of logits a token."
        )
    check_ids("prompt", prompt, shape[1])
    if stop_id is not None:
        check_ids("stop_id", id_array("stop_id", stop_id), shape[1])


def random_generator(seed: int | np.random.Generator | None) -> np.random.Generator:
    """NumPy's generator of a seed; `KitError` for what is none."""
    try:
        return np.random.default_rng(seed)
    except (TypeError, ValueError) as error:
        raise KitError(
            f"seed must be an integer of 0 or more, a NumPy Generator or None; received "
            f"seed={seed!r}. Pass e.g. seed=0."
        ) from error
