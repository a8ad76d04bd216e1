"""How results are shown: as text, tables, HTML, charts, frames and pages. They know no result; results know them."""
