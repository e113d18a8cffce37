#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""screen-svg.py COLUMNS: a screen with its colours (tmux capture-pane -e) on stdin, as SVG on stdout.
For scripts/gen-screens.

Blocks are drawn as rectangles, so that they meet whatever the reader's font is."""
import re
import sys
from xml.sax.saxutils import escape

W, H, PAD = 8.4, 18, 12
INK, PAPER = "#d0d0d0", "#181818"
BASIC = ["#181818", "#d75f5f", "#5faf5f", "#d78700", "#5f87d7", "#af5faf", "#00afd7", INK]
# height from the bottom, opacity
BLOCKS = {"█": (1, 1), "▓": (1, .7), "░": (1, .35),
          **{c: ((i + 1) / 8, 1) for i, c in enumerate("▁▂▃▄▅▆▇")}}


def colour(n):
    """Of 256."""
    if n < 16:
        return BASIC[n % 8]
    if n >= 232:
        return "#" + f"{8 + (n - 232) * 10:02x}" * 3
    n -= 16
    return "#" + "".join(f"{55 + 40 * v if v else 0:02x}" for v in (n // 36, n // 6 % 6, n % 6))


def apply(state, codes):
    codes = [int(c or 0) for c in codes.split(";")]
    while codes:
        code = codes.pop(0)
        if code == 0:
            state.clear()
        elif code in (1, 2, 7):
            state[code] = True
        elif code == 22:
            state.pop(1, None)
            state.pop(2, None)
        elif code in (27, 39):
            state.pop(7 if code == 27 else "ink", None)
        elif 30 <= code <= 37:
            state["ink"] = BASIC[code - 30]
        elif code == 38 and codes[:1] == [5]:
            state["ink"] = colour(codes[1])
            codes = codes[2:]


def runs(line, state):
    """(column, text, state) of what looks alike; the state goes on from line to line."""
    column = 0
    for text, codes in re.findall(r"([^\x1b]+)|\x1b\[([0-9;]*)m", line):
        if not text:
            apply(state, codes)
            continue
        # a block is a run of its own, so is what lies between two gaps
        for part in re.findall(r"█+|▓+|░+|[▁▂▃▄▅▆▇]| {2,}|(?:(?! {2})[^█▓░▁▂▃▄▅▆▇])+", text):
            yield column, part, dict(state)
            column += len(part)


def draw(y, column, text, state):
    ink, paper = state.get("ink", INK), None
    if 7 in state:
        ink, paper = PAPER, ink
    x, width = PAD + column * W, len(text) * W
    if paper:
        yield f'<rect x="{x:.1f}" y="{y}" width="{width:.1f}" height="{H}" fill="{paper}"/>'
    if text[0] in BLOCKS:
        high, opacity = BLOCKS[text[0]]
        yield (f'<rect x="{x:.1f}" y="{y + H * (1 - high):.1f}" width="{width:.1f}" '
               f'height="{H * high:.1f}" fill="{ink}" fill-opacity="{opacity}"/>')
    elif text.strip():
        look = (' font-weight="bold"' if 1 in state else "") + (' opacity=".6"' if 2 in state else "")
        yield (f'<text x="{x:.1f}" y="{y + 13.5}" fill="{ink}"{look} textLength="{width:.1f}" '
               f'xml:space="preserve">{escape(text)}</text>')


def main():
    lines = sys.stdin.read().rstrip("\n").split("\n")
    columns, state = int(sys.argv[1]), {}
    width, height = columns * W + 2 * PAD, len(lines) * H + 2 * PAD
    print(f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0f} {height}" '
          f'width="{width:.0f}" height="{height}" font-family="DejaVu Sans Mono, Menlo, Consolas, '
          'monospace" font-size="14">')
    print(f'<rect width="100%" height="100%" rx="6" fill="{PAPER}"/>')
    for i, line in enumerate(lines):
        for run in runs(line, state):
            for shape in draw(PAD + i * H, *run):
                print(shape)
    print("</svg>")


main()
