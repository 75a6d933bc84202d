"""Trees: read from brackets, made, and laid out by height."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from keras_rnn_kit.errors import KitError
from keras_rnn_kit.text.trees import (
    Tree,
    balanced,
    chain,
    check_leaves,
    heights,
    parse_tree,
    tree_levels,
)

WORDS = st.text("abc.,'é", min_size=1, max_size=3)
NESTED = st.recursive(WORDS, lambda inner: st.tuples(inner, inner), max_leaves=12)


def spelt(nested: Any) -> str:
    return nested if isinstance(nested, str) else f"({spelt(nested[0])} {spelt(nested[1])})"


def labelled(nested: Any) -> str:
    if isinstance(nested, str):
        return f"(2 {nested})"
    return f"(3 {labelled(nested[0])} {labelled(nested[1])})"


def nested_of(tree: Tree) -> Any:
    nodes: list[Any] = list(tree.tokens)
    for left, right in tree.merges:
        assert max(left, right) < len(nodes), "a node comes after its children"
        nodes.append((nodes[left], nodes[right]))
    return nodes[-1]


def deepness(nested: Any) -> int:
    return 0 if isinstance(nested, str) else 1 + max(map(deepness, nested))


@given(NESTED)
def test_brackets_are_read_as_they_are_written(nested: Any) -> None:
    tree = parse_tree(spelt(nested))
    assert nested_of(tree) == nested
    assert (tree.leaves, tree.label) == (len(tree.tokens), None)
    assert len(tree.merges) == tree.leaves - 1
    assert tree.depth == deepness(nested)
    of_treebank = parse_tree(labelled(nested), labelled=True)
    assert nested_of(of_treebank) == nested
    assert of_treebank.label == ("2" if isinstance(nested, str) else "3")


def test_more_children_than_two_and_fewer() -> None:
    assert nested_of(parse_tree("(a b c d)")) == ((("a", "b"), "c"), "d")
    assert parse_tree("((a))").tokens == ("a",)
    assert parse_tree("((a) ((b)))").merges == ((0, 1),)
    assert parse_tree("  (a\n b)\t") == parse_tree("(a b)")
    assert parse_tree("(3 a b)", labelled=True).tokens == ("a", "b")
    assert parse_tree("(a(b c)d)").tokens == ("a", "b", "c", "d")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "a tree must hold a token; received a text without any"),
        (" \n", "a tree must hold a token"),
        ("(a b", r"received '\(' at position 1 that is never closed"),
        ("(a (b c)", r"received '\(' at position 1 that"),
        ("((a b)) )", r"received '\)' at position 9 without"),
        (")", r"received '\)' at position 1 without"),
        ("(a ())", "received empty ones at position 4"),
        ("(a b) (c d)", r"received more at position 7: '\(c d\)'"),
        ("(a b) c", "received more at position 7: 'c'"),
        ("a b", "received more at position 1: 'a b'"),
        ("a (b c)", "received more at position 1"),
    ],
)
def test_what_is_no_tree_is_told_with_its_place(text: str, message: str) -> None:
    with pytest.raises(KitError, match=message):
        parse_tree(text)


def test_a_label_is_no_token() -> None:
    with pytest.raises(KitError, match="received empty ones at position 1"):
        parse_tree("(3)", labelled=True)


def test_no_depth_is_too_deep() -> None:
    deep = 20_000
    tree = parse_tree("(" * deep + "a" + " b)" * deep)
    assert (tree.leaves, tree.depth) == (deep + 1, deep)
    assert tree.merges == chain(deep + 1).merges
    assert tree_levels([tree]).shape == (1, deep, 1, 2)


@given(st.integers(1, 70))
def test_depth_of_balanced_trees_and_chains(leaves: int) -> None:
    for made in (balanced(leaves), chain(leaves)):
        assert len(made.merges) == leaves - 1
        children = [child for pair in made.merges for child in pair]
        # Each node but the root is a child, once.
        assert sorted(children) == list(range(2 * leaves - 2))
    assert balanced(leaves).depth == int(np.ceil(np.log2(leaves)))
    assert chain(leaves).depth == leaves - 1


def test_leaves_stay_in_their_order() -> None:
    for leaves in (1, 2, 5, 8, 11):
        for made in (balanced(leaves), chain(leaves)):
            tree = Tree(tuple(map(str, range(leaves))), made.merges, leaves)
            text = str(nested_of(tree))
            assert "".join(c for c in text if c.isdigit()) == "".join(map(str, range(leaves)))
    with pytest.raises(KitError, match="leaves must be a positive integer; received leaves=0"):
        balanced(0)
    with pytest.raises(KitError, match="leaves must be a positive integer"):
        chain(1.5)  # type: ignore[arg-type]


@given(st.lists(NESTED, min_size=1, max_size=4), st.integers(0, 3))
def test_levels_hold_each_node_after_its_children(some: list[Any], more: int) -> None:
    trees = [parse_tree(spelt(nested)) for nested in some]
    length = max(tree.leaves for tree in trees) + more
    levels = tree_levels(trees, length)
    assert levels.dtype == np.int32
    batch, depth, width, _ = levels.shape
    assert (batch, depth) == (len(trees), max(tree.depth for tree in trees))
    for row, tree, nested in zip(levels, trees, some, strict=True):
        nodes: dict[int, Any] = dict(enumerate(tree.tokens))
        last: Any = nodes[0]
        for d in range(depth):
            real = row[d][row[d, :, 0] >= 0]
            assert (row[d][len(real) :] == -1).all(), "what is no node stands at the end"
            made = {}
            for w, (left, right) in enumerate(real):
                made[length + d * width + w] = last = (nodes[left], nodes[right])
            nodes |= made
        assert last == nested
        assert heights(tree) == [deepness(node) for node in nodes_in_order(tree)]


def nodes_in_order(tree: Tree) -> list[Any]:
    nodes: list[Any] = list(tree.tokens)
    for left, right in tree.merges:
        nodes.append((nodes[left], nodes[right]))
    return nodes[tree.leaves :]


def test_levels_and_counts_that_do_not_fit() -> None:
    with pytest.raises(KitError, match="trees must hold one or more; received none"):
        tree_levels([])
    with pytest.raises(KitError, match="must have 2 leaves at most; received one with 3"):
        tree_levels([balanced(2), balanced(3)], 2)
    check_leaves([balanced(2), chain(3)], [[5, 6], [7, 8, 9]])
    with pytest.raises(KitError, match="received 3 leaves for 2 tokens in example 1"):
        check_leaves([balanced(2), chain(3)], [[5, 6], [7, 8]])
