"""The mutation score by module, from what the last `make mutants` found: `python -m tests.mutants`.

With a part of a module's name, each mutant of it that no test noticed is shown as a difference.
"""

import json
import re
import subprocess
import sys
from collections import Counter
from pathlib import Path

from mutmut.stats import status_by_exit_code

FOLDER = Path("mutants/src/costcalc")
COLUMNS = ("killed", "timeout", "survived", "no tests", "not checked")


def outcomes() -> dict[str, dict[str, str]]:
    """What came of every mutant, by module and name. A mutant that ends in an endless loop counts as noticed."""
    found = {}
    for path in sorted(FOLDER.rglob("*.meta")):
        module = path.relative_to(FOLDER).as_posix().removesuffix(".py.meta")
        codes = json.loads(path.read_text(encoding="utf-8"))["exit_code_by_key"]
        if codes:
            found[module] = {name: status_by_exit_code[code] for name, code in codes.items()}
    return found


def main() -> None:
    """Print the table, or what was not noticed in some modules."""
    found = outcomes()
    if not found:
        sys.exit(f"nothing in {FOLDER}: run `make mutants` first")
    program = str(Path(sys.executable).with_name("mutmut"))
    for part in sys.argv[1:]:
        for module, mutants in found.items():
            for name, outcome in mutants.items():
                if part in module and outcome in ("survived", "no tests"):
                    shown = subprocess.run([program, "show", name], capture_output=True, text=True, check=True).stdout
                    print(re.sub(r"\n{2,}", "\n", shown))
    if sys.argv[1:]:
        return
    print(f"| module | mutants | {' | '.join(COLUMNS)} | score |")
    print(f"|---|{'---:|' * (len(COLUMNS) + 2)}")
    whole: Counter[str] = Counter()
    for module, mutants in found.items():
        counts = Counter(mutants.values())
        whole += counts
        print(row(module, counts))
    print(row("**all**", whole))


def row(name: str, counts: "Counter[str]") -> str:
    """A line of the table: the score is the share that was noticed of all."""
    noticed = counts["killed"] + counts["timeout"]
    shown = [f"{each:,}" for each in (counts.total(), *(counts[each] for each in COLUMNS))]
    return f"| {name} | {' | '.join(shown)} | {100 * noticed / counts.total():.1f} % |"


if __name__ == "__main__":
    main()
