"""The table of the comparing benchmark: medians of several runs, and how many times what Defender takes."""

import statistics

from bench_rows import ROWS


def medians(runs):
    """{row: {"median", "least", "most", "runs"}} of [{row: figure}]."""
    found = {}
    for row in ROWS:
        figures = [run[row] for run in runs if row in run]
        if figures:
            found[row] = {"median": statistics.median(figures), "least": min(figures), "most": max(figures),
                          "runs": len(figures)}
    return found


def stolen_percent(before, after):
    """How much of the processors a host gave to others between two readings of their ticks, of which steal is the last."""
    spent = [late - early for early, late in zip(before, after)]
    return 100 * spent[-1] / max(sum(spent), 1)


def ratio(row, own, other):
    """How many times better the own figure is; None where that says nothing."""
    if own <= 0 or other <= 0:
        return None
    return other / own if ROWS[row].lower else own / other


def with_ratios(results):
    """{filter: medians}, each other filter's rows with "ratio" to Defender's."""
    own = results.get("defender", {})
    for name, rows in results.items():
        for row, figures in rows.items():
            if name != "defender" and row in own:
                figures["ratio"] = ratio(row, own[row]["median"], figures["median"])
    return results


def text(results, titles):
    """The table as people read it. Behind another filter's figure stands how many times better Defender's is."""
    width = max(len(row.title) for row in ROWS.values())
    lines = [f"{'':{width}} {'unit':12}" + "".join(f"{titles[name]:>24}" for name in results)]
    for row, what in ROWS.items():
        if any(row in rows for rows in results.values()):
            cells = "".join(f"{_cell(rows.get(row)):>24}" for rows in results.values())
            lines.append(f"{what.title:{width}} {what.unit:12}{cells}")
    return "\n".join(lines)


def _cell(figures):
    if figures is None:
        return "-"
    cell = number(figures["median"])
    times = figures.get("ratio")
    return f"{cell} ({times:.1f}x)" if times else cell


def number(value):
    """With three digits that mean something, as far as there are as many."""
    if abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}"
