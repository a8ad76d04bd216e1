"""One page that needs nothing else: parts and charts as an HTML document that works offline, on paper, and in the dark.

It has no script, and its policy forbids loading anything; the same parts and charts give the same bytes.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from typing import Final

from costcalc.showing.charts import Chart, Place
from costcalc.showing.display import STYLE, Cell, Heading, Part, Table, html, html_escaped
from costcalc.showing.drawing import check_drawable, svg

_POLICY: Final = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'"

_LOOKS: Final = """
:root{color-scheme:light dark;--ink:#1b1f24;--paper:#fff;--soft:#4d5661;--line:#c3cad3;--shade:#f3f5f8;--link:#0a4fa3}
@media (prefers-color-scheme:dark){
:root{--ink:#e8ebef;--paper:#14181d;--soft:#b3bcc7;--line:#4a535e;--shade:#1f252c;--link:#8fc1ff}}
*{box-sizing:border-box}
body{margin:0;background:var(--paper);color:var(--ink);font:16px/1.5 system-ui,"Segoe UI",Helvetica,Arial,sans-serif}
header,nav,main,footer{max-width:72rem;margin:0 auto;padding:0 1rem}
h1,h2,h3,p,li,summary{overflow-wrap:anywhere}
h1{font-size:1.6rem;line-height:1.25;margin:1.5rem 0 .3rem}
h2{font-size:1.3rem;margin:2.5rem 0 .5rem;padding-bottom:.2rem;border-bottom:2px solid var(--line)}
h3{font-size:1.05rem;margin:1.5rem 0 .3rem}
header p,figcaption,footer{color:var(--soft)}
a{color:var(--link)}
:focus-visible{outline:3px solid var(--link);outline-offset:2px}
.skip{position:absolute;left:-999rem;background:var(--paper);padding:.5rem 1rem;z-index:1}
.skip:focus{left:.5rem;top:.5rem}
nav ul{display:flex;flex-wrap:wrap;gap:.3rem 1.2rem;list-style:none;padding:.6rem 0;margin:.8rem 0 0;
border-block:1px solid var(--line)}
nav a{display:inline-block;padding:.25rem 0}
.costcalc:not([tabindex]){overflow:visible}
.first{background:var(--shade);border-left:6px solid var(--link);padding:.1rem 1rem;font-size:1.1rem}
.first>p:first-child{font-weight:600;margin-bottom:-.6rem}
table:has(th:nth-child(8)){width:max-content}
figure{margin:1rem 0 2rem}
figcaption p{margin:.2rem 0}
.picture{overflow-x:auto;background:#fff;border:1px solid var(--line);border-radius:4px}
.picture svg{display:block;max-width:max(100%,36rem);height:auto;margin:0 auto}
footer{font-size:.9rem;padding-bottom:2rem;margin-top:3rem}
@page{size:A4;margin:12mm}
@page wide{size:A4 landscape}
@media print{
:root{--ink:#000;--paper:#fff;--soft:#333;--line:#999;--shade:#fff;--link:#000}
body,.first{font-size:10pt}header,main,footer{max-width:none;padding:0}
nav,.skip{display:none}
h1{margin-top:0}h2,h3,caption{break-after:avoid}
section+section{break-before:page}section:has(th:nth-child(12)){page:wide}
tr,.titled{break-inside:avoid}
.picture svg{max-width:100%;max-height:230mm}
details::details-content{content-visibility:visible;block-size:auto}
.costcalc,.picture{overflow:visible}
.costcalc table{font-size:8pt}table:has(th:nth-child(8)){width:auto}
.costcalc thead .costcalc-number{white-space:normal}.costcalc thead th{overflow-wrap:break-word}
.costcalc tbody [dir]{min-width:6.3em}.costcalc tr>*{overflow-wrap:anywhere;max-width:none;padding:.15em .4em}
thead{display:table-header-group}}
"""


def page(title: str, about: str, content: Iterable[Part | Chart]) -> str:
    """An HTML document of a title, a line about it, and sections: each a `Heading`, and the parts and charts after it.

    The first section is the answer, and looks so. Raises `InputError` for charts without the extra `costcalc[charts]`.
    """
    sections = list(_sections(content))
    if any(isinstance(each, Chart) for _, found in sections for each in found):
        check_drawable()
    links = "\n".join(
        f'<li><a href="#part-{place}" dir="auto">{html_escaped(heading)}</a></li>'
        for place, (heading, _) in enumerate(sections, 1)
    )
    written = "\n".join(
        f'<section id="part-{place}" aria-labelledby="heading-{place}">\n'
        f'<h2 id="heading-{place}" dir="auto">{html_escaped(heading)}</h2>\n{_section(found, place)}\n</section>'
        for place, (heading, found) in enumerate(sections, 1)
    )
    return f"""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="{_POLICY}">
<meta name="generator" content="costcalc">
<link rel="icon" href="data:,">
<title>{html_escaped(title)}</title>
<style>{STYLE}{_LOOKS}</style>
</head>
<body>
<a class="skip" href="#answer">Skip to the answer</a>
<header>
<h1 dir="auto">{html_escaped(title)}</h1>
<p dir="auto">{html_escaped(about)}</p>
</header>
<nav aria-label="Contents">
<ul>
{links}
</ul>
</nav>
<main id="answer" tabindex="-1">
{written}
</main>
<footer>
<p>Made by costcalc. This page holds all it shows; it loads nothing and sends nothing.</p>
</footer>
</body>
</html>
"""


def figures(chart: Chart) -> Table:
    """What a chart shows as a table, one row a point, with the exact figures; columns that say nothing are left out."""
    heads = ("what", chart.x.label, "to", chart.y.label, "to", "note")
    rows = [
        (
            mark.series or None,
            *(_cell(place) for place in (point.x, point.x2, point.y, point.y2)),
            point.text or None,
        )
        for mark in chart.marks
        for point in mark.points
    ]
    kept = [place for place in range(len(heads)) if any(row[place] is not None for row in rows)]
    return Table(
        tuple(heads[place] for place in kept),
        tuple(tuple(row[place] for place in kept) for row in rows),
        f"The figures of: {chart.title}",
    )


def _cell(place: Place | None) -> Cell:
    return place.isoformat() if isinstance(place, date) else place


def _sections(content: Iterable[Part | Chart]) -> Iterator[tuple[str, list[Part | Chart]]]:
    """Each heading with what follows it. What has none before it has no place on a page."""
    found: list[Part | Chart] | None = None
    for each in content:
        if isinstance(each, Heading):
            found = []
            yield str(each), found
        else:
            assert found is not None, "content starts with a heading"
            found.append(each)


def _section(content: Sequence[Part | Chart], place: int) -> str:
    written = []
    for number, each in enumerate(content, 1):
        if isinstance(each, Chart):
            written.append(_figure(each, f"c{place}-{number}-"))
        elif isinstance(each, Table):
            written.append(_scrolled(each))
        else:
            look, lines = ("costcalc first", each.split("\n", 1)) if place == 1 else ("costcalc", [each])
            written.append(f'<div class="{look}">\n{html(lines)}\n</div>')
    return "\n".join(written)


def _scrolled(table: Table) -> str:
    """A table in a box that scrolls sideways by itself, by keyboard too."""
    label = html_escaped(" ".join(table.title.split()))
    return f'<div class="costcalc" role="group" tabindex="0" aria-label="Table: {label}">\n{html([table])}\n</div>'


def _figure(chart: Chart, prefix: str) -> str:
    """A chart with its title and caption as text, and its figures to unfold."""
    label = html_escaped(" ".join(chart.title.split()))
    caption = "".join(f'<p dir="auto">{html_escaped(line)}</p>' for line in chart.caption)
    return f"""<figure>
<div class="titled">
<h3 dir="auto">{html_escaped(chart.title)}</h3>
<div class="picture" role="group" tabindex="0" aria-label="Chart: {label}">
{svg(chart, prefix)}
</div>
</div>
<figcaption>{caption}</figcaption>
<details>
<summary>Its figures</summary>
{_scrolled(figures(chart))}
</details>
</figure>"""
