"""`python -m benchmarks.frames [ROWS …]`: how fast a data frame is priced, against copying it and against its peers.

A mix of 20 models over three periods of their prices (synthetic). Each measurement is a process of its own, with the number
of threads that it says; the copy is of 32 bytes a row, the four token counts, by all of these threads' memory.
"""

import json
import os
import subprocess
import sys
import time
import warnings
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime
from statistics import median
from typing import Any

ROUNDS = 3
PEER_ROWS = 20_000


def main() -> None:
    """Measure each size with one thread and with two, and print a table."""
    sizes = [int(float(each)) for each in sys.argv[1:]] or [10**4, 10**5, 10**6, 10**7]
    print("rows | threads | copy, Mrows/s | Polars | share of copy | numpy, no look-up | DuckDB | genai-prices")
    for size in sizes:
        for threads in (1, 2):
            environment = {**os.environ, "POLARS_MAX_THREADS": str(threads), "COSTCALC_BENCHMARK": str(size)}
            done = subprocess.run(
                [sys.executable, "-m", "benchmarks.frames", "--one"],
                env=environment,
                capture_output=True,
                text=True,
                check=True,
            )
            found = json.loads(done.stdout)
            cells = [f"{found[name]:,.2f}" for name in ("copy", "polars")]
            share = f"{found['polars'] / found['copy']:.1%}"
            rest = [f"{found[name]:,.2f}" for name in ("numpy", "duckdb", "peer")]
            print(" | ".join([f"{size:,}", str(threads), *cells, share, *rest]), flush=True)


def one() -> None:
    """One size in this process: million rows a second of each way."""
    import duckdb
    import numpy as np
    import polars as pl
    from genai_prices import Usage, calc_price

    from costcalc import PriceBook, TokenUsage, frames

    warnings.simplefilter("ignore")
    rows, threads = int(os.environ["COSTCALC_BENCHMARK"]), int(os.environ["POLARS_MAX_THREADS"])
    rng = np.random.default_rng(1)
    book = PriceBook.load()
    names = sorted({rate.model for rate in book.in_force(on=date(2026, 8, 1), route="copilot")})[:20]
    mosts = {"fresh_input": 100_000, "cached_input": 1_000_000, "cache_write": 10_000, "output": 5_000}
    frame = pl.DataFrame(
        {
            "model": pl.Series(names).gather(pl.Series(rng.integers(0, len(names), rows, dtype=np.uint32))),
            "date": pl.Series(np.datetime64("2026-07-01") + rng.integers(0, 90, rows).astype("timedelta64[D]")).cast(
                pl.Date
            ),
            **{name: rng.integers(0, most, rows) for name, most in mosts.items()},
        }
    )
    found = {"polars": speed(rows, lambda: frames.price(frame))}
    priced = frames.price(frame.head(50))
    for row in priced.iter_rows(named=True):  # what is timed is right
        if row["cost_nano_aiu"] is not None:
            usage = TokenUsage(*(row[name] for name in mosts))
            assert row["cost_nano_aiu"] == book.rate(row["model"], on=row["date"]).cost(usage).nano_aiu
    counts = [frame[name].to_numpy() for name in mosts]
    found["copy"] = copy_speed(rows, threads)
    prices = np.array([25_000, 2_500, 25_000, 200_000])
    found["numpy"] = speed(rows, lambda: sum(count * price for count, price in zip(counts, prices, strict=True)))
    found["duckdb"] = float("nan")
    if rows < 50_000_000:  # beyond, its copy of the rows and the result do not fit beside ours
        connection = duckdb.connect(config={"threads": threads})
        connection.register("usage", frame.to_arrow())
        found["duckdb"] = speed(rows, lambda: frames.price(connection.sql("SELECT * FROM usage")).fetch_arrow_table())
    at = datetime(2026, 8, 1, tzinfo=UTC)
    some = min(rows, PEER_ROWS)

    def peer() -> None:
        for fresh, cached, _, output in zip(*(count[:some].tolist() for count in counts), strict=True):
            usage = Usage(input_tokens=fresh + cached, cache_read_tokens=cached, output_tokens=output)
            calc_price(usage, "gpt-5.4-mini", provider_id="openai", genai_request_timestamp=at)

    found["peer"] = speed(some, peer)
    print(json.dumps(found))


def copy_speed(rows: int, threads: int) -> float:
    """Million rows a second of copying the four counts of each, by all threads at once."""
    import numpy as np

    source = np.full((threads, max(1, rows * 4 // threads)), 2.0)  # touched: pages of zeros would not be read
    target = np.ones_like(source)

    def copy() -> None:
        with ThreadPoolExecutor(threads) as pool:
            list(pool.map(np.copyto, target, source))

    return speed(rows, copy)


def speed(rows: int, call: Any) -> float:
    """Million rows a second, by the median of some rounds after a first one."""
    call()
    seconds = []
    for _ in range(ROUNDS):
        start = time.perf_counter()
        call()
        seconds.append(time.perf_counter() - start)
    return rows / median(seconds) / 1e6


if __name__ == "__main__":
    one() if "--one" in sys.argv else main()
