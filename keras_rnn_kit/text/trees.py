"""Binary trees over the tokens of a text: read from brackets, or made; and laid out by depth."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from keras_rnn_kit.arguments import positive_integer
from keras_rnn_kit.errors import KitError

# A bracket, or what stands between brackets and white space.
_PIECE = re.compile(r"[()]|[^\s()]+")


@dataclass(frozen=True)
class Tree:
    """A binary tree.

    Attributes:
        tokens: the leaves, from left to right; `()` where only the shape is meant.
        merges: `(left, right)` of each inner node, in an order in which a node comes after its
            children, the root last. The leaves are numbered from 0; node k is `leaves + k`.
        leaves: how many there are; one leaf has no merges.
        label: what stood before the root's children, if anything did: `(3 (2 It) (4 works))`.
    """

    tokens: tuple[str, ...]
    merges: tuple[tuple[int, int], ...]
    leaves: int
    label: str | None = None

    @property
    def depth(self) -> int:
        """The most merges on a way from a leaf to the root."""
        return max(heights(self), default=0)


def balanced(leaves: int) -> Tree:
    """The tree that composes neighbors, then neighbors of these: its depth is ⌈log₂ leaves⌉.

    An odd one at the end moves up as it is, as `layers.RecursiveNetwork` has it without merges.

    Example:
        >>> balanced(5).merges, balanced(5).depth
        (((0, 1), (2, 3), (5, 6), (7, 4)), 3)
    """
    row = list(range(positive_integer("leaves", leaves)))
    merges: list[tuple[int, int]] = []
    while len(row) > 1:
        pairs = list(zip(row[::2], row[1::2], strict=False))
        above = [leaves + len(merges) + k for k in range(len(pairs))]
        merges += pairs
        row = above + row[2 * len(pairs) :]
    return Tree((), tuple(merges), leaves)


def chain(leaves: int) -> Tree:
    """The tree of a recurrence, which takes one leaf after the other from the left.

    Example:
        >>> chain(4).merges, chain(4).depth
        (((0, 1), (4, 2), (5, 3)), 3)
    """
    count = positive_integer("leaves", leaves)
    merges = [(0 if k == 1 else count + k - 2, k) for k in range(1, count)]
    return Tree((), tuple(merges), count)


def parse_tree(text: str, *, labelled: bool = False) -> Tree:
    """A tree from brackets: `((the cat) (sat down))`, or a treebank's `(3 (2 It) (4 works))`.

    What has more than two children is composed from the left, `(a b c)` as `((a b) c)`; what has
    one child is that child. No depth is too deep.

    Args:
        text: one tree.
        labelled: whether what stands behind each opening bracket is a label, as in treebanks. The
            root's is kept, those inside are read over.

    Raises:
        KitError: brackets that don't match or hold nothing, or text outside of them, with the
            position (the first character is 1).

    Example:
        >>> tree = parse_tree("((the cat) sat)")
        >>> tree.tokens, tree.merges
        (('the', 'cat', 'sat'), ((0, 1), (3, 2)))
        >>> parse_tree("(3 (2 It) (4 works))", labelled=True).label
        '3'
    """
    pieces = [(piece.group(), piece.start() + 1) for piece in _PIECE.finditer(text)]
    if not pieces:
        raise KitError(
            "a tree must hold a token; received a text without any. Pass brackets around tokens."
        )
    tokens: list[str] = []
    opened = False  # whether an opening bracket stands right before
    pairs: list[tuple[int, int]] = []  # children: a leaf by its number, a node as -1 - its number
    open_at: list[tuple[int, list[int], list[str]]] = []  # position, children, label
    root: tuple[int, list[str]] | None = None

    def close(node: int, label: list[str], at: int) -> None:
        nonlocal root
        if open_at:
            open_at[-1][1].append(node)
        elif root is None:
            root = node, label
        else:
            raise _outside(text, at)

    for piece, at in pieces:
        labels, opened = labelled and opened, piece == "("
        if piece == "(":
            if root is not None and not open_at:
                raise _outside(text, at)
            open_at.append((at, [], []))
        elif piece == ")":
            if not open_at:
                raise KitError(
                    f"brackets must match; received ')' at position {at} without a '(' before it. "
                    "Take it out, or open it."
                )
            start, children, label = open_at.pop()
            if not children:
                raise KitError(
                    f"brackets must hold a token; received empty ones at position {start}. Take "
                    "them out."
                )
            node = children[0]
            for child in children[1:]:
                pairs.append((node, child))
                node = -len(pairs)
            close(node, label, start)
        elif labels:
            open_at[-1][2].append(piece)
        else:
            if not open_at and len(pieces) > 1:
                raise _outside(text, at)
            tokens.append(piece)
            close(len(tokens) - 1, [], at)
    if open_at:
        raise KitError(
            f"brackets must match; received '(' at position {open_at[-1][0]} that is never closed. "
            "Close it, or take it out."
        )
    assert root is not None, "a token or brackets stood there"
    merges = [tuple(c if c >= 0 else len(tokens) - 1 - c for c in pair) for pair in pairs]
    return Tree(tuple(tokens), tuple(merges), len(tokens), root[1][0] if root[1] else None)  # type: ignore[arg-type]


def heights(tree: Tree) -> list[int]:
    """How many merges each inner node stands above its deepest leaf.

    Example:
        >>> heights(parse_tree("((a b) (c (d e)))"))
        [1, 1, 2, 3]
    """
    found = [0] * tree.leaves
    for left, right in tree.merges:
        found.append(1 + max(found[left], found[right]))
    return found[tree.leaves :]


def tree_levels(trees: Sequence[Tree], leaves: int | None = None) -> npt.NDArray[np.int32]:
    """The merges of B trees by height, `[B, D, W, 2]`: all of one height can be computed at once.

    D is the depth of the deepest tree and W the most nodes that a tree has at one height. The
    leaves are numbered from 0 to `leaves` - 1, node (d, w) is `leaves + d · W + w`, and -1 is no
    node: what `layers.RecursiveNetwork` takes.

    Args:
        trees: one or more.
        leaves: T, to which the leaves are padded; None is the most that a tree has.

    Raises:
        KitError: there are no trees, or one has more leaves than that.

    Example:
        >>> tree_levels([parse_tree("((a b) (c d))"), parse_tree("(a b)")])[:, :, :, 0].tolist()
        [[[0, 2], [4, -1]], [[0, -1], [-1, -1]]]
    """
    if not trees:
        raise KitError("trees must hold one or more; received none. Pass a tree for each text.")
    most = max(tree.leaves for tree in trees)
    length = most if leaves is None else positive_integer("leaves", leaves)
    if most > length:
        raise KitError(
            f"trees must have {length} leaves at most; received one with {most}. Pass a larger "
            "number of leaves, or leave the tree out."
        )
    levels = [heights(tree) for tree in trees]
    depth = max((max(one, default=0) for one in levels), default=0)
    counts = np.zeros((len(trees), depth + 1), np.int64)
    for row, one in enumerate(levels):
        counts[row] = np.bincount(one, minlength=depth + 1)
    width = int(counts.max(initial=0))
    laid = np.full((len(trees), depth, width, 2), -1, np.int32)
    for row, (tree, one) in enumerate(zip(trees, levels, strict=True)):
        numbers, used = list(range(tree.leaves)), [0] * depth
        for (left, right), height in zip(tree.merges, one, strict=True):
            place = used[height - 1]
            used[height - 1] += 1
            laid[row, height - 1, place] = numbers[left], numbers[right]
            numbers.append(length + (height - 1) * width + place)
    return laid


def check_leaves(trees: Iterable[Tree], sequences: Sequence[Any]) -> None:
    """`KitError` unless each tree has as many leaves as its sequence has tokens."""
    for number, (tree, one) in enumerate(zip(trees, sequences, strict=True)):
        if tree.leaves != len(one):
            raise KitError(
                "a tree must have a leaf for each token; received "
                f"{tree.leaves} leaves for {len(one)} tokens in example {number} (the first is 0). "
                "Encode the tree's own tokens."
            )


def _outside(text: str, at: int) -> KitError:
    return KitError(
        f"a text must be one tree; received more at position {at}: "
        f"{text[at - 1 : at + 19]!r}. Put all in one pair of brackets, or one tree a line."
    )
