"""Frozen classes act as frozen dataclasses do."""

from __future__ import annotations

import copy
import dataclasses
import inspect
import pickle
import re
from dataclasses import dataclass, field, fields, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import pytest

from heatlas.core.frozen import frozen

ROOT = Path(__file__).parents[1]


def _written() -> Any:
    class Written:
        """A class as it is written, before a decorator."""

        number: int
        names: list[str] = field(default_factory=list)
        secret: str = field(default="s", repr=False)
        aside: int = field(default=0, compare=False)
        counted: int = field(default=7, init=False)

        def __post_init__(self) -> None:
            object.__setattr__(self, "counted", self.number + 1)

    return Written


Ours = frozen(_written())
Plain = dataclass(frozen=True, slots=True)(_written())
OursNamed = frozen(kw_only=True)(_written())
PlainNamed = dataclass(frozen=True, slots=True, kw_only=True)(_written())


@frozen
class Sample:
    """Something to pickle."""

    x: int
    text: str = "a"


@frozen
class Larger(Sample):
    y: int = 3


def test_instances_read_as_those_of_dataclasses() -> None:
    for arguments, named in (((1,), {}), ((1, ["a"], "t", 4), {}), ((2,), {"names": ["b"], "aside": 1})):
        ours, plain = Ours(*arguments, **named), Plain(*arguments, **named)
        assert repr(ours) == repr(plain)
        assert [getattr(ours, f.name) for f in fields(ours)] == [getattr(plain, f.name) for f in fields(plain)]
        assert dataclasses.asdict(ours) == dataclasses.asdict(plain)
    assert Ours.__match_args__ == Plain.__match_args__
    assert Ours.__slots__ == Plain.__slots__
    assert not hasattr(Ours(1), "__dict__")
    assert Ours(1).names is not Ours(1).names


def test_the_signature_is_told_before_the_first_instance() -> None:
    for ours, plain in ((Ours, Plain), (OursNamed, PlainNamed)):
        told, known = inspect.signature(ours), inspect.signature(plain)
        assert [(p.name, p.kind, p.annotation) for p in told.parameters.values()] == [
            (p.name, p.kind, p.annotation) for p in known.parameters.values()
        ]
    for wrong in ({}, {"number": 1, "other": 2}, {"number": 1, "counted": 2}):
        with pytest.raises(TypeError, match=r"__init__\(\)"):
            Ours(**wrong)
    with pytest.raises(TypeError, match="positional"):
        OursNamed(1)


def test_the_first_instances_are_as_later_ones() -> None:
    for named in (False, True):
        ours, plain = frozen(kw_only=named)(_written()), PlainNamed if named else Plain
        arguments = {"number": 1, "names": ["a"], "aside": 4}
        for _ in range(9):
            assert repr(ours(**arguments)) == repr(plain(**arguments))
            assert repr(ours(number=3)) == repr(plain(number=3))
            assert named or repr(ours(1, ["b"], secret="c")) == repr(plain(1, ["b"], secret="c"))


@pytest.mark.parametrize("before", range(8))
@pytest.mark.parametrize(
    ("given", "named"),
    [((), {}), ((1,), {"number": 1}), ((1,), {"other": 2}), ((1,), {"counted": 2}), ((1, [], "s", 0, 7), {})],
)
def test_wrong_arguments_are_refused_by_the_first_call_too(before, given, named) -> None:
    ours = frozen(_written())
    for _ in range(before):
        ours(1)
    with pytest.raises(TypeError) as said:
        ours(*given, **named)
    with pytest.raises(TypeError) as known:
        Plain(*given, **named)
    assert str(said.value) == str(known.value)


def test_fields_are_compared_and_hashed() -> None:
    assert Ours(1, aside=1) == Ours(1, aside=2)
    assert Ours(1) != Ours(2)
    assert Ours(1).__eq__(Plain(1)) is NotImplemented
    assert hash(Sample(1)) == hash(Sample(1, "a")) == hash((1, "a"))
    assert {Sample(1), Sample(1), Sample(2)} == {Sample(2), Sample(1)}
    assert Sample(1) != Larger(1)
    with pytest.raises(TypeError, match="unhashable"):
        hash(Ours(1))


def test_without_eq_an_object_is_equal_to_itself_alone() -> None:
    made = frozen(eq=False)(_written())
    one = made(1)
    assert one == one
    assert one != made(1)
    assert hash(one) == object.__hash__(one)


def test_a_class_without_slots_remembers_what_it_worked_out() -> None:
    @frozen(slots=False)
    class Remembering:
        """It has a property that is worked out once."""

        x: int

        @cached_property
        def made(self) -> list[int]:
            return [self.x]

    one = Remembering(1)
    assert one.made is one.made
    assert one == Remembering(1)
    assert replace(one, x=2).made == [2]
    assert "made" not in copy.copy(one).__dict__
    with pytest.raises(dataclasses.FrozenInstanceError):
        one.x = 2


def test_nothing_can_be_set() -> None:
    one = Sample(1)
    for change in (lambda: setattr(one, "x", 2), lambda: setattr(one, "new", 2), lambda: delattr(one, "x")):
        with pytest.raises(dataclasses.FrozenInstanceError):
            change()
    assert replace(one, x=2) == Sample(2)
    assert one == Sample(1)


def test_instances_are_pickled_and_copied() -> None:
    for one in (Sample(1, "b"), Larger(1, "b", 5)):
        for same in (pickle.loads(pickle.dumps(one)), copy.copy(one), copy.deepcopy(one)):
            assert same == one
            assert type(same) is type(one)


def test_what_a_class_defines_itself_stays() -> None:
    @frozen
    class Own:
        """It has its own words and comparison."""

        x: int

        def __repr__(self) -> str:
            return "own"

        def __eq__(self, other: object) -> bool:
            return True

    assert repr(Own(1)) == "own"
    assert Own(1) == 3
    assert hash(Own(1)) == hash((1,))  # as a frozen dataclass does


def test_subclasses_have_the_fields_of_both() -> None:
    assert repr(Larger(1)) == "Larger(x=1, text='a', y=3)"
    match Larger(1, "b", 4):
        case Larger(x, text, y):
            assert (x, text, y) == (1, "b", 4)


def test_other_frozen_classes_with_slots_are_in_the_public_reference() -> None:
    shown = "".join(page.read_text("utf-8") for page in (ROOT / "docs/reference/python").glob("*.md"))
    kernels = {"ahead_targets"}  # what is compiled follows from their text
    for path in sorted((ROOT / "heatlas").rglob("*.py")):
        for name in re.findall(
            r"^@dataclass\(frozen=True, slots=True.*\)\nclass (\w+)", path.read_text("utf-8"), re.MULTILINE
        ):
            assert f".{name}\n" in shown or path.stem in kernels, f"{path}: {name} is to be @frozen"
