"""The proof proves something: its arithmetic is right, its attackers find what they were not told of, its verdicts are honest."""

from __future__ import annotations

import math
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.optimize import linear_sum_assignment
from scipy.stats import binom, chi2, kendalltau
from sqlalchemy import inspect

from workshop.db import make_engine
from workshop.proof import attackers, bounds, cast, evidence, leaks, linking, run, season, verdicts, wire
from workshop.proof.checks import doors, sealed
from workshop.proof.scratch import KEPT, Scratch
from workshop.proof.wire import Frame, WireError

PEOPLE = 12


# -- the arithmetic, against other people's


def test_the_cheapest_matching_is_the_cheapest() -> None:
    lots = np.random.default_rng(1)
    for _time in range(100):
        rows = int(lots.integers(1, 9))
        cost = lots.random((rows, rows + int(lots.integers(0, 3))))
        found = linking.cheapest(cost.tolist())
        best = cost[linear_sum_assignment(cost)].sum()
        assert len(set(found)) == rows
        assert math.isclose(sum(cost[i, j] for i, j in enumerate(found)), best)


def test_equal_costs_are_drawn_by_lot() -> None:
    firsts = {linking.cheapest([[0.0] * 4 for _row in range(4)])[0] for _time in range(100)}
    assert firsts == {0, 1, 2, 3}


def test_the_posterior_is_that_of_all_matchings() -> None:
    import itertools

    lots = random.Random(2)
    weights = [[lots.random() for _column in range(5)] for _row in range(5)]
    whole, expected = 0.0, [[0.0] * 5 for _row in range(5)]
    for matching in itertools.permutations(range(5)):
        chance = math.prod(weights[i][j] for i, j in enumerate(matching))
        whole += chance
        for i, j in enumerate(matching):
            expected[i][j] += chance
    found = linking.posterior(weights)
    assert all(math.isclose(found[i][j], expected[i][j] / whole) for i in range(5) for j in range(5))
    assert linking.posterior([[1.0] * 3] * 3) == [[pytest.approx(1 / 3)] * 3] * 3


def test_tails_and_tau_are_those_of_scipy() -> None:
    for degrees in (1, 2, 40, 150, 200):
        for factor in (0.01, 0.7, 1, 1.3, 2):
            value = degrees * factor
            assert math.isclose(
                bounds.chi_square_tail(value, degrees), chi2.sf(value, degrees), rel_tol=1e-6, abs_tol=1e-12
            )
    assert math.isclose(bounds.binomial_tail(40, 300, 0.1), binom.sf(39, 300, 0.1))
    lots = random.Random(3)
    for _time in range(50):
        drawn = [lots.randint(0, 5) for _item in range(12)]
        assert math.isclose(bounds.tau(drawn, range(12)), kendalltau(drawn, range(12)).statistic)


def guesser(lots: random.Random, people: int, times: int) -> list[float]:
    """Return what somebody reaches who guesses a matching by lot."""
    return [sum(i == j for i, j in enumerate(lots.sample(range(people), people))) / people for _time in range(times)]


def test_the_bound_holds_and_is_tight_enough_for_a_pass() -> None:
    """At 99 % it may fail one run in a hundred; in 300 runs a correct one fails more than eleven times once in 3,000."""
    lots = random.Random(4)
    assert sum(bounds.upper(guesser(lots, 12, 150), 1 / 12) < 0 for _run in range(300)) <= 11
    for people in (12, 8):
        score = linking.Score(1 / people, guesser(lots, people, bounds.ASSIGNMENTS))
        assert 0 < score.upper <= bounds.PASS
    assert bounds.upper([1.0] * 20, 1 / 12) == pytest.approx(1 - 1 / 12)
    assert bounds.upper([], 0.5) == 0.5


# -- attackers that are told nothing of the leak


def case(leak: str, lots: random.Random) -> linking.Case:
    """Return an assignment whose features hold a leak of that sort beside much noise."""
    truth = lots.sample(range(PEOPLE), PEOPLE)
    shown: dict[str, list[Any]] = {f"noise {n}": [lots.random() for _item in truth] for n in range(6)}
    scrambled = random.Random(5).sample(range(PEOPLE), PEOPLE)
    planted = {
        "order of arrival": [float(person) for person in truth],
        "upside down": [-float(person) for person in truth],
        "always the same scramble": [scrambled[person] for person in truth],
        "as text": [f"id-{scrambled[person]:02}" for person in truth],
        "by halves": [person >= PEOPLE // 2 for person in truth],
    }
    return linking.Case(shown | ({"planted": planted[leak]} if leak in planted else {}), truth)


@pytest.mark.parametrize(
    ("leak", "reached"),
    [
        ("order of arrival", 0.9),
        ("upside down", 0.9),
        ("always the same scramble", 0.9),
        ("as text", 0.9),
        ("by halves", 0.06),
    ],
)
def test_an_order_is_found_whatever_was_done_to_it(leak: str, reached: float) -> None:
    lots = random.Random(6)
    score = linking.attack([case(leak, lots) for _question in range(200)])
    assert score.advantage >= reached
    assert not attackers.is_chance(score)


def test_nothing_is_found_where_there_is_nothing() -> None:
    lots = random.Random(7)
    score = linking.attack([case("", lots) for _question in range(300)])
    assert len(score.shares) == 270, "nobody is scored on what they learnt from"
    assert attackers.is_chance(score)


@pytest.mark.parametrize("leak", ["a value that returns", "parts of one", ""])
def test_two_answers_of_one_person_are_linked_by_whatever_returns(leak: str) -> None:
    lots = random.Random(8)
    cases = []
    for _pair in range(80):
        before, after = lots.sample(range(PEOPLE), PEOPLE), lots.sample(range(PEOPLE), PEOPLE)
        marks = {"a value that returns": lambda one: f"colour {one * 37 % 101}", "parts of one": lambda one: one // 2}
        mark = marks.get(leak, lambda _one: lots.random())
        shown = {"mark": [mark(one) for one in after], "noise": [lots.random() for _one in after]}
        known = {"mark": [mark(one) for one in before], "noise": [lots.random() for _one in before]}
        cases.append(linking.Case(shown, [before.index(one) for one in after], known))
    score = linking.attack(cases)
    expected = {"a value that returns": 0.9, "parts of one": 0.3, "": -1.0}[leak]
    assert score.advantage >= expected
    assert attackers.is_chance(score) == (leak == "")


def test_whatever_stands_beside_a_text_in_a_frame_is_taken_for_evidence() -> None:
    cards = "".join(
        f'<li class="card" data-by="{n}" id="x{n}"><p>{text}</p></li>' for n, text in enumerate(("aaa", "bbb"))
    )
    frames = [
        Frame(1.0, "screen", {"html": "<p>nothing yet</p>"}, 0),
        Frame(2.0, "screen", {"html": cards, "seq": 4}, 0),
    ]
    found = evidence.of_frames(frames, ["bbb", "aaa"])
    assert found["beside it: tag 1 data-by"] == ["1", "0"]
    assert found["place at first"][0] > found["place at first"][1]
    loose = evidence.of_frames(
        [Frame(0.0, "x", {"cards": [{"text": "aaa", "who": 7}, {"text": "bbb", "who": 9}]}, 0)], ["aaa", "bbb"]
    )
    assert loose["beside it: value who"] == ["7", "9"]
    assert evidence.of_frames(frames[:1], ["aaa", "bbb"]) == {}


# -- verdicts


def finding(verdict: str, key: str = "one", **numbers: float) -> verdicts.Finding:
    return verdicts.Finding(key, 1, "somebody", "something", verdict, "a figure", dict(numbers))


@pytest.mark.parametrize(
    ("product", "control", "code"),
    [
        (finding(verdicts.HOLDS), finding(verdicts.LEAKS), 0),
        (finding(verdicts.LEAKS), finding(verdicts.LEAKS), 1),
        (finding(verdicts.INCONCLUSIVE), finding(verdicts.LEAKS), 2),
        (finding(verdicts.HOLDS), finding(verdicts.HOLDS), 2),
        (finding(verdicts.HOLDS), finding(verdicts.LEAKS, advantage=0.5), 2),
        (finding(verdicts.HOLDS), finding(verdicts.LEAKS, advantage=0.7), 0),
        (finding(verdicts.HOLDS), finding(verdicts.LEAKS, "another"), 2),
        (finding(verdicts.OPEN), finding(verdicts.LEAKS, "another"), 0),
    ],
)
def test_the_exit_code_follows_from_the_worst_that_was_found(
    product: verdicts.Finding, control: verdicts.Finding, code: int
) -> None:
    proof = verdicts.Proof([product], [control], False, 1.0)
    assert proof.code == code
    assert ("proves nothing" in "\n".join(proof.lines()) or "prove nothing" in proof.sentence) == bool(proof.weak)


def test_a_small_sample_is_inconclusive_however_good_it_looks() -> None:
    few = verdicts.advantage("k", 1, "a", "w", linking.Score(1 / 12, [0.0] * 500))
    assert few.verdict == verdicts.INCONCLUSIVE
    assert "a pass needs 4,000" in few.figure
    assert verdicts.Proof([few], [finding(verdicts.LEAKS, "k", advantage=0.9)], False, 1).only_too_few
    lots = random.Random(9)
    assert (
        verdicts.advantage("k", 1, "a", "w", linking.Score(1 / 12, guesser(lots, 12, 4000))).verdict == verdicts.HOLDS
    )
    large = verdicts.advantage("k", 1, "a", "w", linking.Score(1 / 12, [0.2] * 4000), chance=False)
    assert large.verdict == verdicts.LEAKS


def test_a_search_of_nothing_proves_nothing() -> None:
    assert verdicts.count("k", 1, "a", "w", [], 0).verdict == verdicts.INCONCLUSIVE
    assert verdicts.count("k", 1, "a", "w", [], 7).verdict == verdicts.HOLDS
    assert verdicts.count("k", 1, "a", "w", ["it"], 7).verdict == verdicts.LEAKS


@pytest.mark.parametrize(
    ("apart", "on_disk", "expected"),
    [(True, 0, verdicts.HOLDS), (True, 1, verdicts.INCONCLUSIVE), (False, 0, verdicts.INCONCLUSIVE)],
)
def test_no_text_in_any_file_proves_something_only_where_the_database_has_its_own(
    apart: bool, on_disk: int, expected: str
) -> None:
    asked = season.Asked(0, [], [], [], {}, set(), closely=False, on_disk=on_disk)
    found = {one.key: one.verdict for one in attackers._orders(season.Season(apart, [asked], copies=1))}
    assert found["order-files"] == expected


def test_every_promise_has_a_leak_and_every_check_says_what_it_is_about() -> None:
    assert {promise for promises, _work in leaks.LEAKS.values() for promise in promises} == set(verdicts.PROMISES)
    assert set().union(*map(run._promises, run.CHECKS)) | run.SEASON == set(verdicts.PROMISES)


def test_the_chance_of_the_most_exposed_is_that_of_the_pool() -> None:
    everybody = set(range(10))
    half = {f"t{n}" for n in range(5)}
    assert max(sealed._posteriors([(everybody, half)])) == pytest.approx(1 / 10)
    assert max(sealed._posteriors([({0}, {"t"})])) == 1.0


@pytest.mark.parametrize(
    ("declared", "callers"),
    [
        (("anybody",), set(doors.CALLERS)),
        (("seat",), {"phone"}),
        (("staff",), {"staff", "admin", "run", "moderate", "watch"}),
        (("session:run", "session:remote"), {"run", "remote"}),
        ((), set()),
    ],
)
def test_a_view_is_open_to_whom_it_is_declared_for(declared: tuple[str, ...], callers: set[str]) -> None:
    assert doors.allowed(declared) == callers


# -- the scratch installation


def test_it_has_the_settings_of_the_installation_and_none_of_its_data(tmp_path: Path) -> None:
    theirs = {
        "DATA_DIR": "/srv/unstuck", "DATABASE_URL": "postgresql://them@db/unstuck", "SECRET_KEY": "s" * 40,
        "BRAND_NAME": "Acme", "SMTP_HOST": "mail.example.org", "MAIL_FROM": "a@example.org", "TRUSTED_PROXIES": "2", "REDIS_URL": "redis://them",
    }  # fmt: skip
    scratch = Scratch(theirs)
    scratch.folder = tmp_path
    settings = scratch._settings(1234)
    assert settings.brand_name == "Acme"
    assert (settings.smtp_host, settings.mail_from, settings.redis_url) == ("", "", "")
    assert settings.data_dir == tmp_path and settings.database_url == f"sqlite:///{tmp_path / 'main.db'}"
    assert settings.secret_key != theirs["SECRET_KEY"]
    assert (settings.trusted_proxies, settings.log_level, settings.host) == (1, "DEBUG", "127.0.0.1")


def test_it_refuses_a_database_that_holds_anything_and_leaves_it_alone(database_url: str) -> None:
    with pytest.raises(WireError, match="not empty"):
        Scratch(environment(), database_url=database_url).__enter__()
    engine = make_engine(database_url)
    assert "accounts" in inspect(engine).get_table_names()
    engine.dispose()


def test_the_leaky_build_serves_no_folder_but_the_proofs_own(tmp_path: Path) -> None:
    environ = {name: os.environ[name] for name in KEPT if name in os.environ}
    done = subprocess.run(
        [sys.executable, "-m", "workshop.proof.leaky", "all"], cwd=Path(__file__).parents[1], capture_output=True,
        env={**environ, "DATA_DIR": str(tmp_path), "PORT": "0", "HOST": "127.0.0.1"}, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 2
    assert "leaks on purpose" in done.stderr


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_a_proof_that_is_stopped_leaves_no_server_and_no_folder(number: signal.Signals, code: int) -> None:
    command = [sys.executable, "-m", "workshop", "verify-anonymity", "--only", "1"]
    with subprocess.Popen(command, env=environment(), stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as proof:
        folders: dict[int, Path] = {}
        while len(folders) < 2 and proof.poll() is None:  # the product and the leaky build
            folders |= {pid: Path(data) for pid in below(proof.pid) if (data := environ_of(pid).get("DATA_DIR"))}
            time.sleep(0.05)
        folders = {pid: folder for pid, folder in folders.items() if folder.parent.name.startswith("unstuck-proof-")}
        proof.send_signal(number)
        printed = proof.communicate(timeout=60)[0]
    assert proof.returncode == code, printed
    assert b"Traceback" not in printed
    assert len(folders) == 2
    assert [folder for pid, folder in folders.items() if folder.exists() or Path(f"/proc/{pid}").exists()] == []


def below(pid: int) -> list[int]:
    """Return the processes that a process has started, and those that these have started."""
    try:
        own = [int(one) for file in Path(f"/proc/{pid}/task").glob("*/children") for one in file.read_text().split()]
    except OSError:
        return []
    return [*own, *(further for one in own for further in below(one))]


def environ_of(pid: int) -> dict[str, str]:
    """Return the environment that a process was started with; empty for one that is gone."""
    try:
        text = Path(f"/proc/{pid}/environ").read_text()
    except OSError:
        return {}
    return dict(one.split("=", 1) for one in text.split("\0") if "=" in one)


def environment() -> Mapping[str, str]:
    """Return the environment of an installation without any settings."""
    return {name: os.environ[name] for name in KEPT if name in os.environ}


def test_over_real_sockets_the_product_holds() -> None:
    found = run.look(environment(), "", only=frozenset({14, 17}))
    assert {one.key: one.verdict for one in found} == dict.fromkeys(("keyboard", "own-card", "said"), "holds")


@pytest.mark.parametrize("at_once", [wire.AT_ONCE, 1e9])
def test_a_fast_machine_is_not_taken_for_a_flood(at_once: float, monkeypatch: pytest.MonkeyPatch) -> None:
    """The server drops who asks too often; the harness may not be dropped because it is quick, and without a pace it is."""
    monkeypatch.setattr(wire, "AT_ONCE", at_once)
    with Scratch(environment()) as scratch:
        room = cast.Room(scratch, cast.Staff.of(scratch), ["text"], 1)
        phone = room.phones[0].socket
        assert phone is not None
        with pytest.raises((WireError, OSError)) if at_once == 1e9 else nullcontext():
            for number in [phone.ask("screen", {}) for _look in range(160)]:
                phone.answer(number)
        room.away()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("leak", "promise", "keys"),
    [
        ("own-card-marked", 14, {"own-card"}),
        ("access-log", 6, {"marks", "log"}),
        ("who-is-here", 13, {"presence"}),
        ("every-word-printed", 11, {"consent"}),
        ("list-of-requests", 5, {"asked-back-order"}),
    ],
)
def test_a_build_that_leaks_one_thing_is_found_out_by_it_alone(leak: str, promise: int, keys: set[str]) -> None:
    size = run.Size(questions=4, seconds=1, reports=0, control=4)
    found = run.look(environment(), leak, size=size, only=frozenset({promise}))
    assert {one.key for one in found if one.broken} == keys
