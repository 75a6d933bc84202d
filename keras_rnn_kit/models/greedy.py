"""The likeliest token at each step, for a look at an encoder-decoder while it learns."""

from typing import Any

import numpy as np
from keras import ops


def greedy(model: Any, source: Any, limit: int) -> np.ndarray:
    """What the model writes for sources `[B, S]`, int32 `[B, L]`: no `<eos>`, id 0 behind it.

    Neither id 0 nor `<bos>` is ever written. L is `limit` or less; a row that has not ended by
    then is cut there.
    """
    source = np.asarray(source)
    states, memory = model.encode(source)
    tokens = np.full(len(source), model.bos_id, np.int32)
    done = np.zeros(len(source), bool)
    written: list[np.ndarray] = []
    while len(written) < limit and not done.all():
        scores, states = model.step(tokens, states, memory)
        scores = np.array(ops.convert_to_numpy(scores))
        scores[:, [0, model.bos_id]] = -np.inf
        tokens = scores.argmax(axis=-1).astype(np.int32)
        done |= tokens == model.eos_id
        written.append(np.where(done, 0, tokens))
    if written and not written[-1].any():
        written.pop()  # the step at which the last rows ended
    return np.stack(written, axis=1) if written else np.zeros((len(source), 0), np.int32)
