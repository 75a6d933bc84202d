"""Beam search over the steps of an encoder-decoder, as one loop that a graph can hold.

The same function decodes in Keras, in a SavedModel and, by tf2onnx, in `translate.onnx`.
"""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import tensorflow as tf

PAD_ID = 0
# The score of what can't be chosen. Finite, so that differences of two are numbers.
NEVER = -1e9

# `step(tokens [N], states, memory) -> (scores [N, V], states)`.
Step = Callable[[Any, Sequence[Any], Sequence[Any]], tuple[Any, list[Any]]]


class Beams(NamedTuple):
    """What the loop carries for B sources and K hypotheses each; L is the most tokens."""

    t: Any  # how many tokens the live ones have
    tokens: Any  # [B, K] int32, the last token of each live hypothesis
    ids: Any  # [B, K, L] int32, all of them, id 0 behind
    scores: Any  # [B, K], the sum of their log-probabilities
    ended_ids: Any  # [B, K, L] int32, the best hypotheses that have ended
    ended_scores: Any  # [B, K], normalized by length, the best first
    ended_counts: Any  # [B, K] int32, their tokens, without `<eos>`
    ended: Any  # [B] int32, how many have ended so far
    states: list[Any]  # [B·K, ...] each


def beam_search(
    step: Step,
    states: Sequence[Any],
    memory: Sequence[Any],
    *,
    rows: Any,
    bos_id: int,
    eos_id: int,
    beam: Any = 1,
    max_length: Any = 50,
    length_penalty: Any = 0.0,
) -> tuple[Any, Any, Any]:
    """The best sequence found for each of B sources, by a beam of K hypotheses.

    At each step the 2K likeliest continuations of the K live hypotheses are looked at. Those among
    the first K that are `<eos>` end; the first K that are not go on. Hypotheses compare by their
    log-probability over `((5 + n) / 6) ** length_penalty`, n being their tokens with `<eos>`. A
    source is done when none that goes on can become better than the best that has ended; or when K
    have ended, and as they stand none that goes on is better than the best of them. With `beam=1`
    that is greedy decoding: the likeliest token at each step.

    Args:
        step: of the model.
        states, memory: what `encode` gave, `[B, ...]` each.
        rows: B.
        bos_id, eos_id: the first token, and the one that ends; `<bos>` and id 0 are never written.
        beam: K, 1 or more; at most V - 2.
        max_length: L, the most tokens of a sequence, without `<eos>`.
        length_penalty: 0 compares log-probabilities as they are, which favors short sequences; 1
            is near their mean.

    Returns:
        ids `[B, L]` int32 without `<eos>`, id 0 behind it; how many are real `[B]` int32; and the
        scores `[B]`. A sequence that has not ended after L tokens is cut there, if none has.

    Source: Wu et al., "Google's Neural Machine Translation System", 2016, section 7, for the
    penalty; Sutskever et al., "Sequence to Sequence Learning with Neural Networks", 2014.
    """
    rows, beam, max_length = (tf.cast(n, tf.int32) for n in (rows, beam, max_length))
    length_penalty = tf.cast(length_penalty, tf.float32)
    repeated = [tf.repeat(tensor, beam, axis=0) for tensor in memory]

    def penalty(tokens: Any) -> Any:
        return ((5.0 + tf.cast(tokens, tf.float32)) / 6.0) ** length_penalty

    def open_rows(beams: Beams) -> Any:
        """`[B]`, where something better may still come, and is looked for."""
        going_on, best = beams.scores[:, 0], beams.ended_scores[:, 0]
        possible = going_on / penalty(max_length + 1) > best
        return possible & ((beams.ended < beam) | (going_on / penalty(beams.t) > best))

    def going(*carried: Any) -> Any:
        beams = _unflatten(carried)
        return (beams.t < max_length) & tf.reduce_any(open_rows(beams))

    def one_more(*carried: Any) -> list[Any]:
        beams = _unflatten(carried)
        found, after = step(tf.reshape(beams.tokens, [-1]), beams.states, repeated)
        log_p = tf.nn.log_softmax(tf.cast(found, tf.float32))
        size = log_p.shape[-1]
        log_p += tf.constant([NEVER if i in (PAD_ID, bos_id) else 0.0 for i in range(size)])
        totals = beams.scores[:, :, None] + tf.reshape(log_p, tf.stack([rows, beam, size]))
        # In one row, the candidates of all hypotheses.
        totals = tf.reshape(totals, tf.stack([rows, beam * size]))
        best, places = tf.math.top_k(totals, 2 * beam)  # [B, 2K], falling
        origin, token = places // size, places % size
        ends = tf.equal(token, eos_id)

        now = ends & (tf.range(2 * beam) < beam) & open_rows(beams)[:, None]
        normalized = tf.where(now, best / penalty(beams.t + 1), NEVER)
        scores = tf.concat([beams.ended_scores, normalized], axis=1)
        ended_scores, kept = tf.math.top_k(scores, beam)
        before = tf.gather(beams.ids, origin, axis=1, batch_dims=1)  # [B, 2K, L]
        ended_ids = tf.concat([beams.ended_ids, before], axis=1)
        counts = tf.concat([beams.ended_counts, tf.zeros_like(origin) + beams.t], axis=1)

        live_scores, chosen = tf.math.top_k(tf.where(ends, NEVER, best), beam)
        token = tf.gather(token, chosen, axis=1, batch_dims=1)
        origin = tf.gather(origin, chosen, axis=1, batch_dims=1)
        ids = tf.gather(before, chosen, axis=1, batch_dims=1)
        at_t = tf.equal(tf.range(max_length), beams.t)
        sources = tf.reshape(tf.range(rows)[:, None] * beam + origin, [-1])
        return _flatten(
            Beams(
                t=beams.t + 1,
                tokens=token,
                ids=tf.where(at_t, token[:, :, None], ids),
                scores=live_scores,
                ended_ids=tf.gather(ended_ids, kept, axis=1, batch_dims=1),
                ended_scores=ended_scores,
                ended_counts=tf.gather(counts, kept, axis=1, batch_dims=1),
                ended=beams.ended + tf.reduce_sum(tf.cast(now, tf.int32), axis=1),
                states=[tf.gather(state, sources) for state in after],
            )
        )

    nothing = tf.zeros(tf.stack([rows, beam, max_length]), tf.int32)
    none = tf.zeros(tf.stack([rows, beam]), tf.float32) + NEVER
    first = tf.zeros_like(none, tf.int32)
    start = Beams(
        t=tf.constant(0),
        tokens=first + bos_id,
        ids=nothing,
        # All hypotheses are the same at first: only one of them counts.
        scores=tf.where(tf.equal(tf.range(beam), 0), 0.0, none),
        ended_ids=nothing,
        ended_scores=none,
        ended_counts=first,
        ended=tf.zeros([rows], tf.int32),
        states=[tf.repeat(state, beam, axis=0) for state in states],
    )
    carried = _flatten(start)
    last = _unflatten(tf.while_loop(going, one_more, carried, shape_invariants=_free(start)))
    cut = last.ended_scores[:, 0] <= NEVER  # none has ended
    ids = tf.where(cut[:, None], last.ids[:, 0], last.ended_ids[:, 0])
    counts = tf.where(cut, last.t, last.ended_counts[:, 0])
    scores = tf.where(cut, last.scores[:, 0] / penalty(last.t), last.ended_scores[:, 0])
    return ids, counts, scores


def _flatten(beams: Beams) -> list[Any]:
    return [*beams[:-1], *beams.states]


def _unflatten(carried: Sequence[Any]) -> Beams:
    count = len(Beams._fields) - 1
    return Beams._make([*carried[:count], list(carried[count:])])


def _free(beams: Beams) -> list[tf.TensorShape]:
    """What of each shape stays: of the states all but the rows, of all else the rank."""
    own = [tf.TensorShape([None] * tensor.shape.rank) for tensor in beams[:-1]]
    return own + [tf.TensorShape([None, *state.shape[1:]]) for state in beams.states]
