"""Formulas and conditions as people write them: read in one form, nothing but arithmetic, and cheap whatever comes."""

from __future__ import annotations

import math
import operator
import time
from urllib.parse import quote

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from library_made import made, walks
from serving import client, tile_of

from heatlas.core.errors import BadOption
from heatlas.library.file.settings import Settings
from heatlas.raster.measure import Measure, parse_measure
from heatlas.tracks.metrics import METRICS, leaves
from heatlas.tracks.metrics.evaluation import Columns
from heatlas.tracks.metrics.expression import parse_condition, parse_expression

NAMES = ["pace", "grade", "heart_rate", "power", "seconds", "metres"]
VALUES = {
    "pace": [0.3, 0.5, 0.4], "grade": [-2.0, 5.0, 0.0], "heart_rate": [140.0, 160.0, 150.0],
    "power": [200.0, 0.0, 300.0], "seconds": [4.0, 8.0, 1.0], "metres": [10.0, 20.0, 3.0],
}  # fmt: skip

_BINARY = {"+": operator.add, "-": operator.sub, "*": operator.mul, "/": operator.truediv}
_COMPARED = {
    "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge, "=": operator.eq, "<>": operator.ne,
}  # fmt: skip


def columns(**known):
    return Columns({name: np.array(values) for name, values in {**VALUES, **known}.items()}, 3)


def evaluate(tree, row):
    """What a tree of tuples is of one passage, in plain Python."""
    match tree:
        case float() | int():
            return float(tree)
        case str():
            return VALUES[tree][row]
        case ("not", a):
            return not evaluate(a, row)
        case ("abs", a):
            return abs(evaluate(a, row))
        case ("and", a, b):
            return evaluate(a, row) and evaluate(b, row)
        case ("or", a, b):
            return evaluate(a, row) or evaluate(b, row)
        case (op, a, b) if op in _COMPARED:
            return _COMPARED[op](evaluate(a, row), evaluate(b, row))
        case (op, a, b):
            return _BINARY[op](evaluate(a, row), evaluate(b, row))


def written(tree, blank=" "):
    match tree:
        case float() | int() | str():
            return str(tree)
        case (word, a):
            return f"({word} {written(a)})" if word == "not" else f"{word}({written(a)})"
        case (op, a, b):
            return f"({written(a, blank)}{blank if op not in ('and', 'or') else ' '}{op} {written(b, blank)})"


def named(tree):
    """Names in a tree."""
    if isinstance(tree, tuple):
        return {name for part in tree[1:] for name in named(part)}
    return {tree} if isinstance(tree, str) else set()


_LEAF = st.sampled_from(NAMES) | st.integers(0, 200) | st.floats(0.25, 100).map(lambda value: round(value, 2))
_SUMS = st.recursive(
    _LEAF, lambda inner: st.tuples(st.sampled_from(["+", "-", "*"]), inner, inner) | st.tuples(st.just("abs"), inner),
    max_leaves=4,
)  # fmt: skip
_TESTS = st.recursive(
    st.tuples(st.sampled_from(sorted(_COMPARED)), _SUMS, _SUMS),
    lambda inner: st.tuples(st.sampled_from(["and", "or"]), inner, inner) | st.tuples(st.just("not"), inner),
    max_leaves=4,
)


@given(_TESTS, st.sampled_from(["", " ", "  "]))
def test_conditions_are_what_python_makes_of_them(tree, blank):
    text = written(tree, blank)
    if not named(tree):
        with pytest.raises(BadOption, match="names no metric"):
            parse_condition(text)
        return
    condition = parse_condition(text)
    assert condition.reads == frozenset().union(*map(leaves, named(tree)))
    assert condition(columns()).tolist() == [float(bool(evaluate(tree, row))) for row in range(3)]
    # In one form, which is read as the same again.
    assert parse_condition(condition.text) == condition
    assert parse_condition(text.upper()) == condition
    measure = parse_measure(f"Share( {text} )")
    assert measure == Measure("share", condition.text) == parse_measure(str(measure))


@given(_SUMS)
def test_sums_are_what_python_makes_of_them(tree):
    if named(tree):
        found = parse_expression(written(tree))(columns())
        assert found == pytest.approx([evaluate(tree, row) for row in range(3)])


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("heart_rate>=150.0", "HEART_RATE  >=  150"),
        ("pace = 3", "pace == 3"),
        ("pace <> 3", "pace != 3"),
        ("gap > 0.3", "flat_pace > 0.3"),
        ("grade > 2 AND pace < 1", "((grade > 2) and (pace < 1))"),
        ("pace < 1e3", "pace < 1000"),
        ("pace < .5", "pace < 0.5"),
    ],
)
def test_equal_texts_are_equal(one, other):
    assert parse_condition(one) == parse_condition(other)


def test_what_is_unknown_gives_nothing():
    rate = columns(heart_rate=[np.nan, 160.0, 150.0])
    either = parse_condition("heart_rate > 150 or grade < 0")(rate)
    assert np.array_equal(either, [np.nan, 1, 0], equal_nan=True)
    assert parse_expression("metres / power")(rate) == pytest.approx([0.05, np.nan, 0.01], nan_ok=True)
    assert np.isnan(parse_expression("exp(power * 10)")(rate)[[0, 2]]).all()
    assert np.isnan(parse_expression("sqrt(0 - pace)")(rate)).all()


def test_functions():
    some = columns()
    assert parse_expression("min(pace, 0.4)")(some).tolist() == [0.3, 0.4, 0.4]
    assert parse_expression("MAX(grade, 0)")(some).tolist() == [0, 5, 0]
    assert parse_expression("log(exp(pace)) ** 2 % 1")(some) == pytest.approx([0.09, 0.25, 0.16])


def test_metrics_of_passages_and_of_activities_may_be_asked_of():
    assert parse_measure("share(dark)").reads == {"start", "elapsed", "longitude", "latitude"}
    assert parse_measure("share(stops or wait > 60)").recorded == {"pace"}
    assert parse_measure("share(hour < 6)").reads == {"local_start", "elapsed"}


HOSTILE = [
    "__import__('os').system('x')", "pace.__class__", "pace[0] > 1", "(lambda: 1)() > pace", "[x for x in pace]",
    "{pace}", "f'{pace}' > 1", "(pace := 3) > 1", "pace if pace else 1", "pace; pace", "pace > 1 #", "`pace`",
    "pace @ 2", "~pace > 1", "pace | 1", "pace // 2 > 1", "pace in grade", "pace is 1", "*pace > 1", "min(*pace) > 1",
    "abs() > pace", "max(pace, 1, 2) > 1", "abs(pace, out=pace) > 1", "abs > pace", "abs(abs) > pace", "eval(pace) > 1",
    "open > pace", "True and pace > 1", "None < pace", "... < pace", "'a' < pace", "1j < pace", "0x1f < pace",
    "1_0 < pace", "1or pace", "pace > 1e999", "pace > 1" + "0" * 390, "\x00", "pace\n> 1", "pace \\\n > 1",
    "\uff50ace > 1", "pace > ²", "\ud800", "", " ", "(", ")", "pace >", "> 1", "pace", "pace + 1", "1", "1 < 2",
    "not pace", "speed and pace", "heart = 4", "9**" * 120 + "pace > 1", "-" * 390 + "pace > 1",
    "pace" + "+1" * 190 + " > 1", "(" * 150 + "pace" + ")" * 150, "not " * 90 + "dark", "a" * 10000, "dark or " * 5000,
    "exp(" * 70 + "pace" + ")" * 70 + " > 1", "pace > 1 and " * 40, "(" * 20000, "pace<1<" * 50 + "2",
    "dark and not(" * 25 + "dark" + ")" * 25,
]  # fmt: skip


@pytest.mark.parametrize("text", HOSTILE, ids=lambda text: ascii(text)[:30])
def test_what_is_no_condition_is_refused_in_one_sentence_and_at_once(text):
    begin = time.perf_counter()
    try:
        condition = parse_condition(text)
    except BadOption as error:
        said = str(error)
        assert "\n" not in said.replace(repr(text), "")
        assert 20 < len(said) < 1000
        assert not said.endswith(".")
    else:  # odd, but arithmetic
        assert set(columns()) >= condition.reads
        assert condition(columns()).shape == (3,)
    assert time.perf_counter() - begin < 2  # a bound for what hangs, not for what is slow


WORDS = ["pace", "grade", " and ", " or ", " not ", " if ", " else ", "lambda ", "abs", "min", "dark", "pace>1", ">="]


@settings(max_examples=300)
@given(
    st.lists(st.sampled_from([*"()<>=!+-*/%.,~ 0123456789eEjxX_'\"[]{}:;@#&|^\\\n\t\x00²\u2028", *WORDS]), max_size=40)
)
@example(["pace<", "9" * 395])
@example(["pace > 1e308 * 1e308"])
def test_any_text_is_a_condition_or_is_refused(parts):
    try:
        measure = parse_measure(f"share({''.join(parts)})")
    except BadOption:
        return
    assert parse_measure(str(measure)) == measure
    found = parse_condition(measure.metric)(columns())
    assert found.shape == (3,)
    assert all(math.isnan(value) or value in {0, 1} for value in found)


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("corr(pace)", "needs two metrics"),
        ("corr(pace,pace)", "needs two metrics"),
        ("corr(pace,heart_rate,power)", "needs two metrics"),
        ("slope(pace)", "slope"),
        ("corr(pace,heartrate)", "heart_rate"),
        ("corr(bearing,pace)", "goes round"),
        ("corr(first,pace)", "known of whole activities alone"),
        ("share(pwer > 3)", "no metric 'pwer' in 'pwer > 3': did you mean power"),
        ("corr()", "no measure"),
        ("corr(pace,heart_rate", "no measure"),
        ("residual(pace)", "residual"),
        ("mean(bearing)", "circular"),
        ("sum(pace)", "take mean"),
        ("mean(days)", "no measure"),
        ("share", "no measure"),
    ],
)
def test_relations_that_make_no_sense_are_refused(text, word):
    with pytest.raises(BadOption, match=word):
        parse_measure(text)


def test_relations_are_read_in_one_form():
    for text in ("corr(pace,heart_rate)", " CORR( Pace , Heart-Rate ) ", "corr(pace~heart_rate)"):
        assert parse_measure(text) == Measure("corr", "pace", other="heart_rate")
    assert parse_measure("slope(heart_rate ~ gap)") == Measure("slope", "flat_pace", other="heart_rate")
    assert str(parse_measure("slope(heart_rate ~ gap)")) == "slope(heart_rate~flat_pace)"
    assert parse_measure("corr(pace,heart_rate)").recorded == {"pace", "steady_heart_rate"}


# Asked of a server


@pytest.fixture(scope="module")
def web(tmp_path_factory):
    path = tmp_path_factory.mktemp("served") / "a.db"
    made(path, walks(3, 8), settings=Settings(zooms=(10, 15))).close()
    with client(path) as web:
        yield web


KINDS = [
    "share({})", "corr({},pace)", "slope({}~pace)", "both(pace,{})", "mean({})", "residual({})",
    "diff(pace; {}; year = 2024)", "diff(share({}); year = 2023; year = 2024)",
]  # fmt: skip


@pytest.mark.parametrize("kind", KINDS)
def test_a_server_refuses_nonsense_in_one_sentence(web, kind):
    x, y = tile_of(13)
    refused = 0
    for text in HOSTILE:
        measure = kind.format(text)
        if len(text) > 1000 or "\ud800" in text or _is_measure(measure):
            continue
        refused += 1
        scale = web.get("/scale.json", params={"z": 13, "measure": measure})
        assert scale.status_code == 400, (measure, scale.text)
        assert 20 < len(scale.json()["error"]) < 1500
        tile = web.get(f"/tiles/{quote(measure, safe='')}/13/{x}/{y}.png")
        assert tile.status_code in {400, 404}, (measure, tile.text)  # 404 for a / in a path
    assert refused > 40


def _is_measure(text):
    try:
        parse_measure(text)
    except BadOption:
        return False
    return True


def test_a_server_draws_whatever_it_lists(web):
    x, y = tile_of(13)
    listed = [one["name"] for one in web.get("/api/library.json").json()["measures"]]
    assert {"flat_pace", "hour", "corr(pace,heart_rate)", "residual(heart_rate)", "share(dark)"} <= set(listed)
    for measure in [*listed, "share(heart_rate >= 150 and grade > 0)", "slope(heart_rate ~ grade)"]:
        answer = web.get(f"/tiles/{quote(measure)}/13/{x}/{y}.png")
        assert answer.status_code == 200, (measure, answer.text)
    assert not set(listed) & {name for name, metric in METRICS.items() if not metric.listed}
