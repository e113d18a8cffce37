# SPDX-License-Identifier: GPL-2.0-or-later
"""A row of small line charts as SVG: logarithmic to the right, from zero upwards."""
import html
import math

WIDTH, HEIGHT, LEFT, BOTTOM, TOP = 250, 190, 46, 36, 34
COLORS = ("#0b6e99", "#c2410c")
STYLE = ("text{font:11px sans-serif;fill:#555}.t{font-weight:bold}.g{stroke:#999;stroke-opacity:.35}"
         "path{fill:none;stroke-width:2}")


def nice(limit):
    """The round number from there on."""
    if limit <= 0:
        return 1
    power = 10 ** math.floor(math.log10(limit))
    return next(m * power for m in (1, 2, 2.5, 5, 10) if m * power >= limit * (1 - 1e-9))


def short(x):
    for unit, size in (("M", 1e6), ("k", 1e3)):
        if x >= size:
            return f"{x / size:g}{unit}"
    return f"{x:g}"


def panel(title, unit, series, x0):
    """series: [(name, [(x, y), ...]), ...]"""
    points = [p for _, line in series for p in line]
    top = nice(max([y for _, y in points] + [1e-9]))
    low, high = (math.log(f(x for x, _ in points)) for f in (min, max))
    width, height = WIDTH - LEFT - 14, HEIGHT - TOP - BOTTOM

    def at(x, y):
        right = (math.log(x) - low) / (high - low) if high > low else 0.5
        return (x0 + LEFT + width * right, TOP + height * (1 - max(y, 0) / top))

    out = [f'<text class="t" x="{x0 + LEFT}" y="14">{html.escape(title)}</text>',
           f'<text x="{x0 + LEFT}" y="28">{html.escape(unit)}</text>']
    for share in (0, 0.5, 1):
        x, y = at(points[0][0], top * share)
        out.append(f'<path class="g" d="M{x0 + LEFT} {y:.1f}h{width}" stroke-width="1"/>'
                   f'<text x="{x0 + LEFT - 4}" y="{y + 4:.1f}" text-anchor="end">{top * share:g}'
                   "</text>")
    for x in sorted({x for x, _ in points}):
        out.append(f'<text x="{at(x, 0)[0]:.1f}" y="{HEIGHT - BOTTOM + 16}" text-anchor="middle">'
                   f"{short(x)}</text>")
    for (name, line), color in zip(series, COLORS):
        d = "L".join(f"{px:.1f} {py:.1f}" for px, py in (at(*p) for p in line))
        out.append(f'<path d="M{d}" stroke="{color}"><title>{html.escape(name)}</title></path>')
        out += [f'<circle cx="{px:.1f}" cy="{py:.1f}" r="2.5" fill="{color}"/>'
                for px, py in (at(*p) for p in line)]
    return "".join(out)


def row(panels, describe):
    """panels: [(title, unit, series), ...]; the whole SVG."""
    width = WIDTH * len(panels)
    body = "\n".join(panel(*p, i * WIDTH) for i, p in enumerate(panels))
    return (f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {HEIGHT}" '
            f'width="{width}" height="{HEIGHT}" role="img"><title>{html.escape(describe)}</title>'
            f"<style>{STYLE}</style>\n"
            f'<rect width="{width}" height="{HEIGHT}" fill="#fff"/>\n{body}\n</svg>\n')
