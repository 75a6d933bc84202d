"""Draws the figures of the pages in this folder, as SVG: `python docs/figures.py`.

Boxes, arrows and letters alone, so that no library is needed and the files are the same anywhere.
"""

import html
from pathlib import Path

HERE = Path(__file__).parent
STEP, STYLE = 150, 'font-family="DejaVu Sans, Verdana, sans-serif" font-size="14"'
INK, STATE, WEIGHT, BACK = "#222222", "#dbe9f6", "#fdebd0", "#b03a2e"


def node(x: int, y: int, text: str, fill: str = "white", width: int = 56) -> str:
    """A box around `(x, y)` with a text in it; `_` makes what follows an index."""
    left, top = x - width // 2, y - 18
    box = f'<rect x="{left}" y="{top}" width="{width}" height="36" rx="7" fill="{fill}" '
    return box + f'stroke="{INK}"/>' + label(x, y + 5, text)


def label(x: int, y: int, text: str, color: str = INK, anchor: str = "middle") -> str:
    """A text, its part after `_` lowered."""
    head, _, index = text.partition("_")
    below = f'<tspan dy="4" font-size="10">{html.escape(index)}</tspan>' if index else ""
    return (
        f'<text x="{x}" y="{y}" text-anchor="{anchor}" fill="{color}">{html.escape(head)}{below}'
        "</text>"
    )


def arrow(x1: int, y1: int, x2: int, y2: int, color: str = INK, dashes: bool = False) -> str:
    """From one point to another; in `BACK`'s color with a head of that color."""
    head = "back" if color == BACK else "forth"
    pattern = ' stroke-dasharray="5 4"' if dashes else ""
    return (
        f'<line x1="{x1}" y1="{y1}" x2="{x2}" y2="{y2}" stroke="{color}" stroke-width="1.4"'
        f'{pattern} marker-end="url(#{head})"/>'
    )


def page(width: int, height: int, parts: list[str], title: str) -> str:
    """The whole SVG, on white, with the heads of the arrows."""
    heads = "".join(
        f'<marker id="{name}" viewBox="0 0 10 10" refX="9" refY="5" markerWidth="7" '
        f'markerHeight="7" orient="auto"><path d="M0 0 L10 5 L0 10 z" fill="{color}"/></marker>'
        for name, color in (("forth", INK), ("back", BACK))
    )
    body = "\n".join(parts)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" '
        f'height="{height}" role="img" {STYLE}>\n<title>{html.escape(title)}</title>\n'
        f'<defs>{heads}</defs>\n<rect width="{width}" height="{height}" fill="white"/>\n{body}\n'
        "</svg>\n"
    )


def unfolding() -> str:
    """The recurrence as a loop on the left, and the same unfolded over time on the right."""
    parts = [
        node(90, 230, "x_t"),
        node(90, 140, "h_t", STATE),
        node(90, 50, "o_t"),
        arrow(90, 212, 90, 160),
        arrow(90, 122, 90, 70),
        f'<path d="M118 132 C175 95, 175 185, 120 150" fill="none" stroke="{INK}" '
        'stroke-width="1.4" marker-end="url(#forth)"/>',
        label(80, 190, "W_xh", anchor="end"),
        label(170, 145, "W_hh", anchor="start"),
        label(80, 100, "W_hq", anchor="end"),
        label(260, 145, "=", INK),
    ]
    xs = [340 + STEP * k for k in range(4)]
    parts.append(node(xs[0], 140, "h_0", "white"))
    for k, x in enumerate(xs[1:], 1):
        parts += [
            node(x, 230, f"x_{k}"),
            node(x, 140, f"h_{k}", STATE),
            node(x, 50, f"o_{k}"),
            arrow(x, 212, x, 160),
            arrow(x, 122, x, 70),
            arrow(x - STEP + 28, 140, x - 30, 140),
            label(x - STEP // 2, 130, "W_hh"),
            label(x + 8, 192, "W_xh", anchor="start"),
            label(x + 8, 102, "W_hq", anchor="start"),
        ]
    end = xs[-1] + 28
    parts += [arrow(end, 140, end + 50, 140), label(end + 62, 144, "…")]
    return page(900, 270, parts, "A recurrent network, and the same unfolded over three steps")


def computational_graph() -> str:
    """Three steps and their loss: dependencies forth in black, gradients back in red."""
    xs = [190 + 190 * k for k in range(3)]
    middle, ends = xs[1], (xs[0] - 90, xs[2] + 90)
    weights = {"W_xh": 330, "W_hh": 372, "W_hq": 414}
    parts = [node(middle, 30, "L", width=ends[1] - ends[0]), node(60, 190, "h_0")]
    for name, y in weights.items():
        parts += [node(middle, y, "", WEIGHT, ends[1] - ends[0]), label(ends[0] + 35, y + 5, name)]
    for k, x in enumerate(xs, 1):
        before = 88 if k == 1 else xs[k - 2] + 28
        parts += [
            node(x, 105, f"o_{k}", width=120),
            node(x, 190, f"h_{k}", STATE),
            node(x - 62, 262, f"x_{k}", width=44),
            arrow(x - 6, 87, x - 6, 50),
            arrow(x + 6, 48, x + 6, 85, BACK, True),
            arrow(x - 6, 172, x - 6, 125),
            arrow(x + 6, 123, x + 6, 170, BACK, True),
            arrow(before, 184, x - 30, 184),
            arrow(x - 50, 244, x - 20, 210),
            arrow(x - 6, 208, x - 6, weights["W_xh"] - 18, BACK, True),
            arrow(x + 14, 208, x + 14, weights["W_hh"] - 18, BACK, True),
            arrow(x + 46, 123, x + 46, weights["W_hq"] - 18, BACK, True),
        ]
        if k > 1:
            parts.append(arrow(x - 28, 197, xs[k - 2] + 30, 197, BACK, True))
    right = ends[1] + 30
    parts += [
        label(right, 110, "forward", anchor="start"),
        arrow(right + 70, 105, right + 120, 105),
        label(right, 140, "gradient", BACK, "start"),
        arrow(right + 70, 135, right + 120, 135, BACK, True),
        label(right, 362, "a weight gets one", BACK, "start"),
        label(right, 382, "from each step:", BACK, "start"),
        label(right, 402, "their sum", BACK, "start"),
    ]
    return page(830, 450, parts, "The graph of three steps, and the ways of the gradient in it")


FIGURES = {"unfolding.svg": unfolding, "computational_graph.svg": computational_graph}


def main() -> None:
    """Writes every figure beside this file."""
    for name, draw in FIGURES.items():
        (HERE / name).write_text(draw(), encoding="utf-8")


if __name__ == "__main__":
    main()
