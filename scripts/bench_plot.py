"""Draws what scripts/bench measured: a bar for each program and format, in seconds on a logarithmic scale, as SVG."""

from __future__ import annotations

import math
from html import escape
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence

WIDTH, LEFT, RIGHT, TOP, BAR, GAP = 860, 250, 70, 64, 18, 14
STYLE = """
text { font: 13px system-ui, sans-serif; fill: #1f2328 } .head { font-weight: 600; font-size: 16px }
.note, .tick { fill: #59636e; font-size: 12px } .ours { fill: #0b6e4f } .theirs { fill: #9aa4af }
.grid { stroke: #d1d9e0; stroke-width: 1 } .page { fill: #ffffff }
@media (prefers-color-scheme: dark) {
  text { fill: #f0f6fc } .note, .tick { fill: #9198a1 } .ours { fill: #3fb68b } .theirs { fill: #59636e }
  .grid { stroke: #30363d } .page { fill: #0d1117 }
}
"""


class Bar(NamedTuple):
    """How many seconds one program took; `ours` tells ciphertool's from the others."""

    name: str
    seconds: float
    ours: bool = False


def draw(groups: Sequence[tuple[str, Sequence[Bar]]], title: str, note: str) -> str:
    """Return the picture of groups of bars, a group for each format."""
    every = [bar.seconds for _, bars in groups for bar in bars]
    first, last = math.floor(math.log10(min(every))), math.ceil(math.log10(max(every)))

    def x(seconds: float) -> float:
        return LEFT + (WIDTH - LEFT - RIGHT) * (math.log10(seconds) - first) / (last - first)

    height = TOP + sum(len(bars) * BAR + GAP for _, bars in groups) + 28
    parts = [
        f'<rect class="page" width="{WIDTH}" height="{height}"/>',
        f'<text class="head" x="16" y="26">{escape(title)}</text>',
        f'<text class="note" x="16" y="46">{escape(note)}</text>',
    ]
    for power in range(first, last + 1):
        at = x(10.0**power)
        parts.append(f'<line class="grid" x1="{at:.1f}" x2="{at:.1f}" y1="{TOP}" y2="{height - 28}"/>')
        label = f"{10.0**power:g} s"
        parts.append(f'<text class="tick" x="{at:.1f}" y="{height - 10}" text-anchor="middle">{label}</text>')
    y = TOP + GAP / 2
    for name, bars in groups:
        parts.append(f'<text class="head" x="16" y="{y + 14}">{escape(name)}</text>')
        for bar in bars:
            kind, end = "ours" if bar.ours else "theirs", x(bar.seconds)
            parts.append(f'<text x="{LEFT - 8}" y="{y + 13}" text-anchor="end">{escape(bar.name)}</text>')
            parts.append(
                f'<rect class="{kind}" x="{LEFT}" y="{y + 2}" width="{end - LEFT:.1f}" height="{BAR - 4}" rx="2"/>'
            )
            parts.append(f'<text class="note" x="{end + 6:.1f}" y="{y + 13}">{bar.seconds:.2f} s</text>')
            y += BAR
        y += GAP
    size = f'width="{WIDTH}" height="{height}" viewBox="0 0 {WIDTH} {height}"'
    inner = "\n".join(parts)
    return f'<svg xmlns="http://www.w3.org/2000/svg" {size} role="img"><style>{STYLE}</style>\n{inner}\n</svg>\n'
