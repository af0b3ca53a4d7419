"""Our engine with its real answer path beside its peers: one machine, one run, interleaved, repeated.

    make bench                                    200, 2,000 and 10,000 phones, three rounds
    make bench ARGS="--short"                     200 phones, one round, for CI
    make bench ARGS="--phones 2000 --rounds 5 --against node"

The servers have the machine's first processor, with their databases; the load
generator and this program have the others. Figures are medians over the
rounds; the ratios compare what was measured within one run, since machines are
noisy. Lives here: what is measured, and the table. Not here: the servers
(`contestants.py`), the generator (`load.c`).
"""

from __future__ import annotations

import argparse
import gc
import os
import statistics
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.contestants import Node, Ours, Stock, prepare_node, stay_off_the_servers_core
from bench.load import Load, Moments, compiled
from workshop.demo.people import DemoFailed

SIZES = (200, 2_000, 10_000)
STEPS = 6
"""Step changes per round; their moments are pooled by taking medians."""
BURSTS = 3
"""Every phone answers, then corrects its answer twice."""
PATIENCE = 60.0
"""Seconds for one burst or step; a server that takes longer has lost."""
TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Row:
    """One line of the table. `better` is "less" or "more"."""

    key: str
    words: str
    unit: str
    better: str


ROWS = (
    Row("joins", "joins", "/s", "more"),
    Row("answers", "acknowledged answers, all at once", "/s", "more"),
    Row("answer_p50", "answer saved, p50", "ms", "less"),
    Row("answer_p99", "answer saved, p99", "ms", "less"),
    Row("step_p50", "step change, p50", "ms", "less"),
    Row("step_p99", "step change, p99", "ms", "less"),
    Row("delivery", "processor per delivery", "µs", "less"),
    Row("memory", "memory per phone", "KB", "less"),
    Row("idle", "idle processor", "%", "less"),
)

Figures = dict[str, float]


def main(arguments: Sequence[str]) -> int:
    """Measure, print a table per size and how the cost grows; return 1 when something of ours was lost."""
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("--phones", type=int, nargs="+", default=list(SIZES))
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--against", nargs="*", choices=("node", "stock"), default=["node", "stock"])
    parser.add_argument("--transport", default="", help="ours: direct or stock")
    parser.add_argument("--idle", type=float, default=10.0, help="seconds of silence")
    parser.add_argument("--short", action="store_true", help="200 phones, one round")
    chosen = parser.parse_args(arguments)
    if chosen.short:
        chosen.phones, chosen.rounds, chosen.idle = [200], 1, 3.0
    try:
        return compare(chosen)
    except DemoFailed as reason:
        print(f"The measurement failed. {reason}", file=sys.stderr)
        return 1


def compare(chosen: argparse.Namespace) -> int:
    """Run all rounds of all sizes and print what came of them."""
    node = prepare_node() if "node" in chosen.against else "not measured"
    print(f"Python {sys.version.split()[0]}, Node {node}, {len(os.sched_getaffinity(0))} processors\n")
    gc.freeze()
    complete = True
    grown: dict[str, dict[int, Figures]] = defaultdict(dict)
    with tempfile.TemporaryDirectory(prefix="unstuck-bench-") as folder:
        program = compiled(Path(folder))
        for count in chosen.phones:
            rounds: dict[str, list[Figures]] = defaultdict(list)
            for number in range(chosen.rounds):
                size = (0, 0)
                for name in ("ours", *chosen.against):
                    figures, size = one(name, count, chosen, program, Path(folder), size)
                    rounds[name].append(figures)
                    print(f"  {count:6} phones, round {number + 1}, {name}: {brief(figures)}", flush=True)
                    complete = complete and (name != "ours" or figures["missing"] == 0)
            for name, measured in rounds.items():
                grown[name][count] = {key: statistics.median(one[key] for one in measured) for key in measured[0]}
            table(count, {name: grown[name][count] for name in rounds})
    if len(chosen.phones) > 1:
        growth(grown)
    print("\nNothing of ours was lost." if complete else "\nSomething of ours was LOST.")
    return 0 if complete else 1


def one(
    name: str, count: int, chosen: argparse.Namespace, program: Path, folder: Path, size: tuple[int, int]
) -> tuple[Figures, tuple[int, int]]:
    """Start one server, measure it, end it; return its figures and the bytes of our screen and answer."""
    made: dict[str, Callable[[], AbstractContextManager[Any]]] = {
        "ours": lambda: Ours(chosen.transport),
        "node": lambda: Node(*size),
        "stock": lambda: Stock(*size),
    }
    cores = os.sched_getaffinity(0)
    with made[name]() as server:
        stay_off_the_servers_core()
        try:
            with Load(program, server.port, server.roster(count), folder) as load:
                figures = measure(server, load, chosen.idle)
        finally:
            os.sched_setaffinity(0, cores)
        if name == "ours":
            size = (server.screen_bytes, len(str(server.answer(1))))
        return figures, size


def measure(server: Any, load: Load, idle: float) -> Figures:
    """Return the figures of one server with its phones."""
    missing = 0
    busy = _Busy(load)
    before = resident(server.pid)
    busy.begin()
    joined = load.join()
    busy.end()
    missing += load.count - joined.reached
    figures: Figures = {"joins": joined.reached / max(1e-9, joined.last - joined.began)}
    time.sleep(1)  # whatever a join leaves to be done later
    figures["memory"] = (resident(server.pid) - before) / load.count / 1024

    load.arm('42["screen"')
    server.step()  # the question opens; the first step is for warming up
    load.wait(PATIENCE)

    bursts: list[Moments] = []
    for revision in range(1, BURSTS + 1):
        busy.begin()
        bursts.append(load.send(server.answer(revision), PATIENCE))
        busy.end()
        missing += load.count - bursts[-1].reached
    figures["answers"] = statistics.median(one.reached / max(1e-9, one.last - one.began) for one in bursts)
    figures["answer_p50"] = statistics.median(one.p50 - one.began for one in bursts) * 1000
    figures["answer_p99"] = statistics.median(one.p99 - one.began for one in bursts) * 1000

    halves, lates, costs = [], [], []
    for _number in range(STEPS):
        server.get_ready()
        load.arm('42["screen"')
        used = processor(server.pid)
        busy.begin()
        began = server.step()
        seen = load.wait(PATIENCE)
        busy.end()
        missing += load.count - seen.reached
        costs.append((processor(server.pid) - used) / load.count)
        halves.append(seen.p50 - began)
        lates.append(seen.p99 - began)
        time.sleep(0.3)
    figures["step_p50"] = statistics.median(halves) * 1000
    figures["step_p99"] = statistics.median(lates) * 1000
    figures["delivery"] = statistics.fmean(costs) * 1e6

    used = processor(server.pid)
    time.sleep(idle)
    figures["idle"] = (processor(server.pid) - used) / idle * 100
    figures["generator"] = busy.share * 100
    figures["missing"] = missing
    return figures


class _Busy:
    """How busy the generator was in the busiest of its phases: the proof that it was not the bottleneck."""

    def __init__(self, load: Load) -> None:
        self._load = load
        self.share = 0.0

    def begin(self) -> None:
        self._used, self._at = self._load.cpu(), time.monotonic()

    def end(self) -> None:
        took = time.monotonic() - self._at
        if took > 0.05:  # shorter than a few ticks of the clock says nothing
            self.share = max(self.share, (self._load.cpu() - self._used) / took)


def processor(pid: int) -> float:
    """Return how many seconds of processor time a process has used, all threads together (proc(5))."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def resident(pid: int) -> int:
    """Return how many bytes of memory a process holds (proc(5))."""
    line = next(line for line in Path(f"/proc/{pid}/status").read_text().splitlines() if line.startswith("VmRSS"))
    return int(line.split()[1]) * 1024


# The table -------------------------------------------------------------------------------------------------------


def brief(figures: Figures) -> str:
    """Return a round in one line."""
    return (
        f"{figures['joins']:.0f} joins/s, {figures['answers']:.0f} answers/s, "
        f"step {figures['step_p99']:.0f} ms, generator busy {figures['generator']:.0f} %"
        + (f", {figures['missing']:.0f} MISSING" if figures["missing"] else "")
    )


def table(count: int, measured: dict[str, Figures]) -> None:
    """Print the medians of one size, and how many times better ours is."""
    peers = [name for name in measured if name != "ours"]
    print(f"\n{f'{count} phones':38}" + "".join(f"{name:>10}" for name in measured), end="")
    print("".join(f"{'vs ' + name:>10}" for name in peers))
    for row in ROWS:
        values = {name: figures[row.key] for name, figures in measured.items()}
        print(
            f"{f'{row.words}, {row.unit}':38}" + "".join(f"{_number(value):>10}" for value in values.values()), end=""
        )
        print("".join(f"{_ratio(row, values['ours'], values[name]):>10}" for name in peers))
    shares = ", ".join(f"{name} {figures['generator']:.0f} %" for name, figures in measured.items())
    print(f"The generator's processor was busy at most: {shares}. Near 100 % it, not the server, sets the pace.")
    for name, figures in measured.items():
        if figures["missing"]:
            print(f"{name}: {figures['missing']:.0f} joins, answers or screens never came.")
    print()


def growth(grown: dict[str, dict[int, Figures]]) -> None:
    """Print how each figure grows with the number of phones: the exponent between the smallest and the largest."""
    import math

    print("How the cost grows with N (1.0: in proportion; 0: not at all)")
    wanted = (("step_p99", "step change, p99"), ("delivery", "processor per delivery"), ("memory", "memory per phone"))
    print(f"{'':38}" + "".join(f"{name:>10}" for name in grown))
    for key, words in wanted:
        print(f"{words:38}", end="")
        for sizes in grown.values():
            least, most = min(sizes), max(sizes)
            low, high = sizes[least][key], sizes[most][key]
            exponent = math.log(high / low) / math.log(most / least) if low > 0 and high > 0 else math.nan
            print(f"{exponent:10.2f}", end="")
        print()


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.1f}" if value >= 1 else f"{value:.2f}"


def _ratio(row: Row, ours: float, theirs: float) -> str:
    """Return how many times better ours is; below 1 it is worse."""
    better, worse = (ours, theirs) if row.better == "more" else (theirs, ours)
    return f"{better / worse:.1f}x" if worse > 0 else "-"
