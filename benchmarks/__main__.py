"""`python -m benchmarks [ROWS]`: how fast costcalc is against its peers, checked before it is timed.

Each figure is a ratio of two medians from one run, the two sides in turn, so that a machine that slows down slows both.
"""

import json
import subprocess
import sys
import time
import timeit
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

from genai_prices import Usage, calc_price

from costcalc import PriceBook, TokenUsage

ROUNDS = 15
BILL_ROUNDS = 3

ACCOUNT = """\
[account]
kind = "enterprise"
month = "2026-10"

[[seats]]
plan = "business"
count = 10_000

[[budgets]]
scope = "user"
name = "*"
usd = {user_usd}

[[budgets]]
scope = "enterprise"
usd = {enterprise_usd}
stop = true
"""


def main() -> None:
    """Print each ratio with its aim."""
    print(f"Python {sys.version.split()[0]}, {ROUNDS} rounds each; min / median / max\n")
    in_process()
    whole_processes()
    forecasts()
    rows = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    bills(rows)
    logs(rows)


def in_process() -> None:
    """One request, priced by costcalc and by genai-prices, which must agree."""
    usage = TokenUsage(fresh_input=120_000, cached_input=360_000, output=24_000)
    peer_usage = Usage(input_tokens=480_000, cache_read_tokens=360_000, output_tokens=24_000)
    on = date(2026, 8, 1)
    at = datetime(2026, 8, 1, tzinfo=UTC)
    book = PriceBook.load()
    rate = book.rate("gpt-5.4-mini", route="api", on=on)

    def peer() -> object:
        return calc_price(peer_usage, "gpt-5.4-mini", provider_id="openai", genai_request_timestamp=at).total_price

    assert rate.cost(usage).usd == peer(), "the two must agree before they are timed"
    ours: dict[str, tuple[Callable[[], object], float]] = {
        "rate.cost(usage)": (lambda: rate.cost(usage), 50),
        "rate.cost(usage).usd": (lambda: rate.cost(usage).usd, 0),
        "book.rate(…).cost(usage)": (lambda: book.rate("gpt-5.4-mini", route="api", on=on).cost(usage), 15),
    }
    for name, (call, aim) in ours.items():
        own, other = in_turn(lambda call=call: per_call(call, 20_000), lambda: per_call(peer, 500))  # type: ignore[misc]
        ratio = median(other) / median(own)
        aimed = f", aim at least {aim:g}" if aim else ""
        print(f"{name}: {shown(own, 1e6, 'us')}; genai_prices.calc_price: {shown(other, 1e6, 'us')}")
        print(f"  {ratio:.0f} times faster{aimed}\n")


def whole_processes() -> None:
    """How long programs take to start, each against what it cannot do without."""
    price = [sys.executable, "-m", "costcalc", "price", "gpt-5.4-mini", "--route", "api", "--on", "2026-08-01"]
    typer_and_pydantic = python("import typer, pydantic")
    pairs = {
        "import costcalc": (python("import costcalc"), "bare interpreter", python("pass")),
        "PriceBook.load()": (
            python("from costcalc import PriceBook; PriceBook.load()"),
            "from pydantic import BaseModel",
            python("from pydantic import BaseModel"),
        ),
        "costcalc --help": ([sys.executable, "-m", "costcalc", "--help"], "import typer, pydantic", typer_and_pydantic),
        "costcalc price": ([*price, "--output", "24000"], "import typer, pydantic", typer_and_pydantic),
    }
    for name, (own_command, peer_name, peer_command) in pairs.items():
        own, other = in_turn(lambda c=own_command: run(c), lambda c=peer_command: run(c))  # type: ignore[misc]
        print(f"{name}: {shown(own, 1e3, 'ms')}; {peer_name}: {shown(other, 1e3, 'ms')}")
        print(f"  {median(own) / median(other):.2f} times as long, aim at most 1.5\n")


def bills(rows: int) -> None:
    """Usage of 10,000 users (synthetic) billed from a CSV file, against only reading and sorting it with polars."""
    import numpy as np
    import polars as pl

    rng = np.random.default_rng(1)
    times = np.datetime64("2026-10-01T00:00:00", "us") + rng.integers(0, 31 * 86_400, rows).astype("timedelta64[s]")
    credits = rng.lognormal(0, 1.5, rows)
    frame = pl.DataFrame({"time": times, "user": rng.integers(0, 10_000, rows), "credits": credits}).with_columns(
        pl.col("time").dt.strftime("%Y-%m-%dT%H:%M:%SZ"), pl.format("user{}", pl.col("user").cast(pl.String))
    )
    with TemporaryDirectory() as folder:
        usage, account = Path(folder) / "usage.csv", Path(folder) / "account.toml"
        frame.write_csv(usage, float_scientific=False, float_precision=9)
        total_usd = credits.sum() / 100
        # Every fifth user or so is stopped by their own budget, and the rest by that of the enterprise.
        budgets = {"user_usd": f"{total_usd / 10_000 * 1.1:.2f}", "enterprise_usd": f"{total_usd * 0.3:.2f}"}
        account.write_text(ACCOUNT.format(**budgets))
        command = [sys.executable, "-m", "costcalc", "bill", str(usage), "--account", str(account), "--format", "csv"]
        code = "import polars, sys; polars.read_csv(sys.argv[1], try_parse_dates=True).sort('time')"
        peer = [sys.executable, "-c", code, str(usage)]
        own, other = in_turn(lambda: run(command), lambda: run(peer), BILL_ROUNDS)
    print(f"costcalc bill, {rows:,} records: {shown(own, 1, 's')}; polars reads and sorts them: {shown(other, 1, 's')}")
    print(f"  {median(own) / median(other):.2f} times as long, aim at most 3\n")


def forecasts() -> None:
    """Months of one person and of a thousand, against one thread of numpy drawing one lognormal for each of their tasks."""
    import numpy as np

    from costcalc import forecast

    option, most = "copilot/claude-sonnet-4.6@business", 20_000_000
    for developers, draws in ((1, 100_000), (1_000, 10_000)):
        tasks = 15 * 16 * developers * draws
        drawn = min(tasks, most)  # numpy's time is in proportion to them

        def ours(developers: int = developers, draws: int = draws) -> float:
            return timed(
                lambda: forecast("interactive_ide", option, developers=developers, on=date(2026, 10, 1), draws=draws)
            )

        def peer(drawn: int = drawn, tasks: int = tasks) -> float:
            return timed(lambda: np.random.default_rng(1).lognormal(0, 1.5, drawn)) * tasks / drawn

        own, other = in_turn(ours, peer, BILL_ROUNDS)
        print(
            f"forecast, {developers:,} people, {draws:,} draws, {tasks / 1e6:,.0f} million tasks: {shown(own, 1, 's')}"
        )
        print(f"  one lognormal a task: {shown(other, 1, 's')}")
        print(f"  {median(other) / median(own):.1f} times as fast, aim at least 1\n")


def timed(call: Callable[[], object]) -> float:
    """Seconds of one call."""
    start = time.perf_counter()
    call()
    return time.perf_counter() - start


def logs(rows: int) -> None:
    """Logs (synthetic) in which every line is a call, against only decoding their lines with the fastest decoder."""
    forms = {"VS Code's log": vscode_line, "OpenTelemetry spans": span_line, "OpenAI's bodies": body_line}
    code = "import orjson, sys\nfor line in open(sys.argv[1], 'rb'): orjson.loads(line)"
    for name, line_of in forms.items():
        with TemporaryDirectory() as folder:
            path = Path(folder) / "log.jsonl"
            with path.open("w", encoding="utf-8") as file:
                file.writelines(json.dumps(line_of(number)) + "\n" for number in range(rows))
            command = [sys.executable, "-m", "costcalc", "usage", str(path), "--format", "csv"]
            peer = python(code)
            own, other = in_turn(
                lambda command=command: run(command),  # type: ignore[misc]
                lambda peer=peer, path=path: run([*peer, str(path)]),  # type: ignore[misc]
                BILL_ROUNDS,
            )
            size = path.stat().st_size / 1e6
        print(f"costcalc usage, {name}, {rows:,} calls in {size:,.0f} MB: {shown(own, 1, 's')}")
        print(f"  orjson decodes the lines: {shown(other, 1, 's')}")
        print(f"  {median(own) / median(other):.2f} times as long, aim at most 2\n")


def vscode_line(number: int) -> dict[str, object]:
    """A call as VS Code logs it."""
    return {
        "ts": 1_785_542_400_000 + number * 1_000,
        "dur": 100,
        "sid": f"session-{number // 500}",
        "type": "llm_request",
        "name": "chat:claude-sonnet-4.6",
        "spanId": f"span-{number}",
        "status": "ok",
        "attrs": {
            "model": ("claude-sonnet-4.6", "gpt-5.4-mini")[number % 2],
            "debugName": "panel/editAgent",
            "inputTokens": 20_000 + number % 90_000,
            "outputTokens": number % 3_000,
            "cachedTokens": 10_000,
            "copilotUsageNanoAiu": number * 1_000,
        },
    }


def span_line(number: int) -> dict[str, object]:
    """A call as a file exporter of spans writes it."""
    return {
        "type": "span",
        "name": "chat claude-sonnet-4.6",
        "traceId": f"trace-{number // 20}",
        "spanId": f"span-{number}",
        "startTime": [1_785_542_400 + number, 230_000_000],
        "attributes": {
            "gen_ai.operation.name": "chat",
            "gen_ai.response.model": ("claude-sonnet-4.6", "gpt-5.4-mini")[number % 2],
            "gen_ai.response.id": f"response-{number}",
            "gen_ai.conversation.id": f"session-{number // 500}",
            "gen_ai.usage.input_tokens": 20_000 + number % 90_000,
            "gen_ai.usage.output_tokens": number % 3_000,
            "gen_ai.usage.cache_read.input_tokens": 10_000,
            "gen_ai.usage.cache_creation.input_tokens": 500,
        },
    }


def body_line(number: int) -> dict[str, object]:
    """An answer of OpenAI's Responses API, without its text."""
    return {
        "id": f"response-{number}",
        "object": "response",
        "created_at": 1_785_542_400 + number,
        "model": ("gpt-5.4-mini", "gpt-5.4")[number % 2],
        "usage": {
            "input_tokens": 20_000 + number % 90_000,
            "input_tokens_details": {"cached_tokens": 10_000},
            "output_tokens": number % 3_000,
            "output_tokens_details": {"reasoning_tokens": 0},
            "total_tokens": 20_000 + number % 90_000 + number % 3_000,
        },
    }


def in_turn(
    own: Callable[[], float], other: Callable[[], float], rounds: int = ROUNDS
) -> tuple[list[float], list[float]]:
    """The seconds of both, measured one after the other, again and again, after a warm-up."""
    own()
    other()
    pairs = [(own(), other()) for _ in range(rounds)]
    return [pair[0] for pair in pairs], [pair[1] for pair in pairs]


def per_call(call: Callable[[], object], times: int) -> float:
    """Seconds of one call."""
    return timeit.timeit(call, number=times) / times


def python(code: str) -> list[str]:
    """The command that runs code in a new interpreter."""
    return [sys.executable, "-c", code]


def run(command: list[str]) -> float:
    """Seconds of a whole process."""
    start = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - start


def shown(seconds: list[float], scale: float, unit: str) -> str:
    """Minimum, median and maximum."""
    return " / ".join(f"{each * scale:.3g}" for each in (min(seconds), median(seconds), max(seconds))) + f" {unit}"


if __name__ == "__main__":
    main()
