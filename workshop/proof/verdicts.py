"""What was found, in plain words, and what follows from it for the exit code.

Lives here: findings, their verdicts and the printed report. Not here: any
looking (`checks/`).
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from .bounds import ASSIGNMENTS, BROKEN, PASS
from .linking import Score

HOLDS, LEAKS, INCONCLUSIVE, OPEN = "holds", "leaks", "inconclusive", "not protected"

PROMISES = {
    1: "Sealed until closed",
    2: "Rolling is a pool, never a trickle",
    3: "A floor, or nothing",
    4: "No thread between two answers",
    5: "Nothing stored correlates with who sent when",
    6: "No clocks, no addresses",
    7: "Changed means gone",
    8: "No privileged view",
    9: "A report never changes by fewer than five people",
    10: "Shape, not numbers, for small groups",
    11: "Your words travel only as far as you said",
    12: "Silence looks like speech",
    13: "Presence is not a list",
    14: "Text is normalised when sent",
    15: "Private means on the phone",
    16: "One device, one answer; or one slip, one answer",
    17: "It is said plainly",
}
"""The promises by their numbers, as the contract names them."""


@dataclass
class Finding:
    """One figure with its verdict. `key` names it in both builds; `figure` is what was measured, `of` out of how much."""

    key: str
    promise: int
    adversary: str
    what: str
    verdict: str
    figure: str
    numbers: dict[str, float | int | str] = field(default_factory=dict)
    control: str = ""

    @property
    def broken(self) -> bool:
        """Return whether a leak was found."""
        return self.verdict == LEAKS


def count(
    key: str, promise: int, adversary: str, what: str, hits: Sequence[object], looked: int, unit: str = "looks"
) -> Finding:
    """Return the finding of a search: any hit is a leak, and a search of nothing proves nothing."""
    verdict = LEAKS if hits else HOLDS if looked else INCONCLUSIVE
    figure = f"{len(hits)} found in {looked:,} {unit}" if looked else "nothing could be looked at"
    if hits and not looked:
        figure = f"{len(hits)} found"
    numbers: dict[str, float | int | str] = {"found": len(hits), "looked": looked}
    if hits:
        numbers["first"] = str(hits[0])[:200]
        figure += f", such as {str(hits[0])[:100]}"
    return Finding(key, promise, adversary, what, verdict, figure, numbers)


def advantage(key: str, promise: int, adversary: str, what: str, score: Score, chance: bool = True) -> Finding:
    """Return the finding of an attack: its advantage over guessing, with the bound that cannot be excluded.

    A leak is what no guesser would reach; a pass needs the bound and the sample
    of the contract; anything between is inconclusive and says so.
    """
    n = len(score.shares)
    if n == 0:
        return Finding(key, promise, adversary, what, INCONCLUSIVE, "nothing could be linked", {"assignments": 0})
    leaks = score.advantage > PASS and not chance
    verdict = LEAKS if leaks else HOLDS if n >= ASSIGNMENTS and score.upper <= PASS else INCONCLUSIVE
    right = score.advantage + score.guess
    figure = (
        f"{right:.1%} of links right, guessing {score.guess:.1%}: advantage {score.advantage:+.1%}, "
        f"at most {score.upper:.1%} with 99 % confidence, {n:,} assignments"
    )
    if verdict == INCONCLUSIVE:
        figure += f" (a pass needs {ASSIGNMENTS:,} and at most {PASS:.0%})"
    numbers: dict[str, float | int | str] = {
        "advantage": score.advantage,
        "upper": score.upper,
        "guess": score.guess,
        "assignments": n,
        "way": score.way,
    }
    return Finding(key, promise, adversary, what, verdict, figure, numbers)


def unprotected(key: str, promise: int, adversary: str, what: str, figure: str) -> Finding:
    """Return what the product does not protect, with what was measured of it; never a pass."""
    return Finding(key, promise, adversary, what, OPEN, figure)


@dataclass
class Proof:
    """All findings of the product, and which of them the leaky build confirmed."""

    findings: list[Finding]
    control: list[Finding]
    thorough: bool
    seconds: float

    def __post_init__(self) -> None:
        found = {finding.key: finding for finding in self.control}
        for finding in self.findings:
            if finding.key in found:
                finding.control = found[finding.key].figure

    @property
    def weak(self) -> list[str]:
        """Return what the harness could not break in the leaky build, by key: those figures prove nothing."""
        found = {finding.key: finding for finding in self.control}
        weak = []
        for finding in self.findings:
            if finding.verdict == OPEN:
                continue
            other = found.get(finding.key)
            reached = other.numbers.get("advantage") if other else None
            enough = not isinstance(reached, float) or reached >= BROKEN
            if other is None or not other.broken or not enough:
                weak.append(finding.key)
        return weak

    @property
    def code(self) -> int:
        """Return the exit code: 0 all holds, 1 something leaks, 2 something is inconclusive or the control was not broken."""
        if any(finding.broken for finding in self.findings):
            return 1
        unsure = any(finding.verdict == INCONCLUSIVE for finding in self.findings)
        return 2 if self.weak or unsure else 0

    @property
    def only_too_few(self) -> bool:
        """Return whether nothing is missing but a larger sample."""
        return (
            self.code == 2
            and not self.weak
            and all(
                finding.verdict != INCONCLUSIVE
                or finding.numbers.get("assignments", 0)
                or finding.numbers.get("seeds", 0)
                for finding in self.findings
            )
        )

    def as_data(self) -> dict[str, Any]:
        """Return everything as plain data."""
        return {
            "thorough": self.thorough,
            "seconds": round(self.seconds, 1),
            "exit_code": self.code,
            "unproven": self.weak,
            "findings": [asdict(finding) for finding in self.findings],
            "control": [asdict(finding) for finding in self.control],
        }

    def lines(self) -> Iterable[str]:
        """Yield the report in plain words."""
        weak = set(self.weak)
        for promise, title in PROMISES.items():
            if not any(finding.promise == promise for finding in self.findings):
                continue
            yield ""
            yield f"{promise}. {title}"
            for finding in self.findings:
                if finding.promise == promise and finding.verdict != OPEN:
                    yield from _entry(finding, finding.key in weak)
        yield ""
        yield "Not protected, and said so on every phone"
        for finding in self.findings:
            if finding.verdict == OPEN:
                yield from _entry(finding, False)
        yield ""
        yield from textwrap.wrap(self.sentence, 100)

    @property
    def sentence(self) -> str:
        """Return the whole in one thought."""
        parts = []
        leaks = sorted({finding.promise for finding in self.findings if finding.broken})
        if leaks:
            parts.append(f"THIS INSTALLATION LEAKS: promise {', '.join(map(str, leaks))}.")
        if self.weak:
            parts.append(
                "The leaky build was not broken by "
                + ", ".join(self.weak)
                + ": those figures prove nothing, whatever they say."
            )
        unsure = [finding for finding in self.findings if finding.verdict == INCONCLUSIVE]
        if unsure:
            few = "" if self.thorough else " Run it with --thorough for a sample that is large enough."
            parts.append(f"{len(unsure)} of {len(self.findings)} figures are inconclusive: too few to say.{few}")
        looked = {finding.promise for finding in self.findings}
        if looked != set(PROMISES):
            parts.append(f"Only promise {', '.join(map(str, sorted(looked)))} was looked at.")
        elif not parts:
            parts.append("Every promise holds, and the same attacks break the build that leaks on purpose.")
        elif not leaks:
            parts.append("No leak was found.")
        return " ".join([*parts, f"It took {self.seconds / 60:.1f} minutes."])


def _entry(finding: Finding, weak: bool) -> Iterable[str]:
    yield from textwrap.wrap(
        f"[{finding.verdict}] {finding.what} ({finding.adversary})",
        100,
        initial_indent="   ",
        subsequent_indent="     ",
    )
    yield from textwrap.wrap(finding.figure, 100, initial_indent="     ", subsequent_indent="     ")
    if weak:
        yield "     The leaky build was not broken here: this figure proves nothing."
    if finding.control and finding.verdict != OPEN:
        text = f"The leaky build: {finding.control}"
        yield from textwrap.wrap(text, 100, initial_indent="     ", subsequent_indent="     ")
