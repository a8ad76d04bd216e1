"""Words that people read, kept in tests/golden: COSTCALC_RECORD=1 records them anew; then read the difference."""

import os
from pathlib import Path

GOLDEN = Path(__file__).parent / "golden"


def assert_as_recorded(name: str, found: str) -> None:
    """`found` is what the file of this name in tests/golden holds."""
    path = GOLDEN / name
    if os.environ.get("COSTCALC_RECORD"):
        path.write_text(found, encoding="utf-8")
    assert found == path.read_text(encoding="utf-8")
