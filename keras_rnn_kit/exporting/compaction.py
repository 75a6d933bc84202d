"""Masks by compaction: a masked step hands its states on, so leaving it out changes nothing.

Each row's real steps are moved to the front, the recurrence runs without any mask, and what step t
should have read stands at position `cumsum(mask)[t]`: position 0 is the state before the first
step, position n the one after n real steps. Any mask becomes right padding, and no step tests
anything. Within, everything is time-major, `[T, B, ...]`; all is made of standard ONNX operators.
"""

from keras_rnn_kit.exporting.nodes import Nodes


class Compaction:
    """The index arithmetic of one mask `[T, B]` (boolean), written into `nodes`."""

    def __init__(self, nodes: Nodes, mask: str):
        self._nodes = nodes
        one, zero = nodes.constant(1), nodes.constant(0)
        length = nodes.dimension(mask, 0)
        self._batch = nodes.dimension(mask, 1)
        batch = nodes.add("Squeeze", [self._batch])
        self._rows = nodes.add("Range", [zero, batch, one])  # [B]: 0 ... B - 1
        real = nodes.add("Cast", [mask], to=7)  # int64
        self.position = nodes.add("CumSum", [real, zero])  # [T, B]
        steps = nodes.add("Range", [zero, nodes.add("Squeeze", [length]), one])
        steps = nodes.add("Unsqueeze", [steps, nodes.constant([1])])  # [T, 1]
        # Real step t goes to cumsum[t] - 1. A masked one goes behind all real ones: there have
        # been t - cumsum[t] masked before it.
        total = nodes.add("Gather", [self.position, nodes.constant([-1])])  # [1, B]
        front = nodes.add("Sub", [self.position, one])
        back = nodes.add("Sub", [nodes.add("Add", [total, steps]), self.position])
        target = nodes.add("Where", [mask, front, back])
        zeros = nodes.add("Mul", [real, zero])
        sources = nodes.add("Add", [zeros, steps])  # [T, B]: t
        order = nodes.add("ScatterElements", [zeros, target, sources], axis=0)
        self._order = self._flat(order)
        self._total = nodes.add("Squeeze", [total, nodes.constant([0])])  # [B]

    def _flat(self, steps: str) -> str:
        """Index of `(step, row)` in `[T * B, ...]`."""
        return self._nodes.add("Add", [self._nodes.add("Mul", [steps, self._batch]), self._rows])

    def _take(self, tensor: str, index: str) -> str:
        return self._nodes.add("Gather", [_rows(self._nodes, tensor), index])

    def compact(self, sequence: str) -> str:
        """`[T, B, G]` with each row's real steps first."""
        return self._take(sequence, self._order)

    def outputs(self, compacted: str) -> str:
        """`[B, T, O]`, each step in its place; zeros before a row's first real one, as in Keras.

        Only where a row begins with a masked step is there such a zero to be read, and the sequence
        copied to make room for it.
        """
        nodes = self._nodes
        turned = nodes.add("Transpose", [self._flat(self.position)], perm=[1, 0])  # [B, T]
        late = Nodes(f"{nodes.prefix}late/")
        room = late.constant([1, 0, 0, 0, 0, 0])  # one step of zeros
        padded = late.add("Pad", [compacted, room])
        late_out = late.add("Gather", [_rows(late, padded), turned])
        prompt = Nodes(f"{nodes.prefix}prompt/")
        index = prompt.add("Sub", [turned, self._batch])
        prompt_out = prompt.add("Gather", [_rows(prompt, compacted), index])
        made: str = nodes.add(
            "If",
            [self._starts_late()],
            then_branch=late.branch([late_out]),
            else_branch=prompt.branch([prompt_out]),
        )
        return made

    def _starts_late(self) -> str:
        """Whether the first step of any row is masked."""
        nodes = self._nodes
        first = nodes.add("Gather", [self.position, nodes.constant(0)])  # [B]: 1, or 0 if masked
        all_real = nodes.add("Cast", [nodes.add("ReduceMin", [first], keepdims=0)], to=9)
        made: str = nodes.add("Not", [all_real])
        return made

    def final(self, initial: str, history: str) -> str:
        """The state `[B, H]` after a row's last real step; `initial` where it has none."""
        nodes = self._nodes
        last = nodes.add(
            "Max", [nodes.add("Sub", [self._total, nodes.constant(1)]), nodes.constant(0)]
        )
        return self.or_initial(initial, self._take(history, self._flat(last)))

    def lengths(self) -> str:
        """How many real steps each row has, `[B]` int32, as ONNX's `sequence_lens`."""
        return self._nodes.add("Cast", [self._total], to=6)

    def or_initial(self, initial: str, final: str) -> str:
        """The state `[B, H]` that a row ended in; `initial` where it had no real step."""
        nodes = self._nodes
        empty = nodes.add("Equal", [self._total, nodes.constant(0)])
        empty = nodes.add("Unsqueeze", [empty, nodes.constant([1])])
        return nodes.add("Where", [empty, initial, final])


def _rows(nodes: Nodes, tensor: str) -> str:
    """`[T * B, W]`: a step and a row become one axis, which a plain Gather reads."""
    width = nodes.dimension(tensor, 2)
    shape = nodes.add("Concat", [nodes.constant([-1]), width], axis=0)
    made: str = nodes.add("Reshape", [tensor, shape])
    return made
