"""Types that kernels are compiled for: declared, complete, and true."""

import ast
import re
from pathlib import Path

import numpy as np
import pytest

import heatlas
from heatlas.kernels.compiled import helper, kernel
from heatlas.kernels.path import fill_metres
from heatlas.kernels.signatures import Array, Number, Struct, expanded, leaves

HOME = Path(heatlas.__file__).parent


def test_numba_is_used_behind_the_decorators_alone():
    for path in HOME.rglob("*.py"):
        if re.search(r"^\s*(?:import|from) (?:numba|llvmlite)\b", path.read_text(encoding="utf-8"), re.MULTILINE):
            assert path.parent.name == "kernels", path
            assert path.stem in {"ahead_objects", "ahead_targets", "jit", "cache", "intrinsics", "instructions"}, path


def test_types_are_read_as_they_are_written():
    pair = Struct(tuple, "i8", "f8[:, :]")
    (signature,) = expanded(("const u1[:]", "b1", ("f4", "i4[:]"), pair))
    assert list(leaves(signature)) == [
        Array("u1", 1, const=True), Number("b1"), Number("f4"), Array("i4", 1, const=False), Number("i8"),
        Array("f8", 2, const=False),
    ]  # fmt: skip
    assert [one[0].code for one in expanded(("f4[:] | f8[:]", "i8"))] == ["f4", "f8"]
    assert [one[0][1].code for one in expanded((("i8", "f4 | f8"),))] == ["f4", "f8"]


@pytest.mark.parametrize("text", ["f2", "f8[]", "f8[:,:]", "const f8", "const  f8[:]", "f8[:]|f4[:]", ""])
def test_what_is_no_type_is_refused(text):
    with pytest.raises(ValueError, match="no type"):
        expanded((text,))


def test_a_kernel_without_types_is_refused():
    with pytest.raises(TypeError, match="says the types"):
        kernel(allocates=True)


def test_a_kernel_is_compiled_for_no_other_types():
    u, segments, metres = np.zeros(2), np.array([0, 2]), np.zeros(2)
    u.flags.writeable = False  # it is only read
    fill_metres(u, u, segments, metres)
    for bad in (metres.astype(np.float32), np.zeros(4)[::2], [0.0, 0.0], None, np.zeros((2, 1)), u):
        with pytest.raises(TypeError):
            fill_metres(u, u, segments, bad)


def test_a_kernel_that_calls_a_kernel_is_told_to_call_a_helper():
    one = helper()(lambda: fill_metres(1, 2, 3, 4))
    with pytest.raises(TypeError, match="fill_metres is a kernel"):
        one.dispatcher.compile(())


# What a function may write: followed through names, parts and calls of other functions of this folder.


def functions():
    found = {}
    for path in sorted((HOME / "kernels").glob("*.py")):
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.FunctionDef) and {"kernel", "helper"} & {
                getattr(getattr(one, "func", None), "id", "") for one in node.decorator_list
            }:
                found[path.stem, node.name] = node
    return found


def origin(node):
    while isinstance(node, ast.Subscript | ast.Attribute):
        node = node.value
    return getattr(node, "id", None)


def parts(node):
    return node.elts if isinstance(node, ast.Tuple) else [node]


def stores(node):
    """Name -> what it was assigned from, and the names of which an element is assigned."""
    sources, stored = {}, set()
    for one in ast.walk(node):
        targets = one.targets if isinstance(one, ast.Assign) else [one.target] if isinstance(one, ast.AugAssign) else []
        for target in (part for each in targets for part in parts(each)):
            if isinstance(target, ast.Subscript):
                stored.add(origin(target))
            elif isinstance(target, ast.Name):
                sources.setdefault(target.id, set()).update(origin(part) for part in parts(one.value))
    return sources, stored


def written():
    """For each function, the names of what it may write."""
    found = functions()
    facts = {key: stores(node) for key, node in found.items()}
    changed = {key: set(stored) for key, (_, stored) in facts.items()}
    by_name = {}
    for key in found:
        by_name.setdefault(key[1], []).append(key)
    while True:
        before = sum(map(len, changed.values()))
        for key, node in found.items():
            for call in (one for one in ast.walk(node) if isinstance(one, ast.Call)):
                for callee in by_name.get(getattr(call.func, "id", None), []):
                    names = [argument.arg for argument in found[callee].args.args]
                    for name, given in zip(names, call.args, strict=False):
                        if name in changed[callee]:
                            changed[key] |= {origin(part) for part in parts(given)}
            for name, sources in facts[key][0].items():
                if name in changed[key]:
                    changed[key] |= sources
        if sum(map(len, changed.values())) == before:
            return {key: ([a.arg for a in found[key].args.args], names) for key, names in changed.items()}


def test_what_is_only_read_is_marked():
    # The other way round, numba refuses to compile a kernel that writes what is marked.
    unmarked = []
    for (module, name), (parameters, changed) in written().items():
        function = getattr(__import__(f"heatlas.kernels.{module}", fromlist=[name]), name)
        for signature in function.signatures:
            assert len(signature) == len(parameters), f"{name} has {len(parameters)} parameters"
            unmarked += [
                f"{module}.{name}: {parameter}"
                for parameter, one in zip(parameters, signature, strict=True)
                if parameter not in changed and isinstance(one, Array) and not one.const
            ]
    assert not unmarked


def test_no_kernel_assigns_a_slice_of_an_array_to_another():
    # numba brings its errors in words, and what makes text of them, which no library of compiled kernels has.
    for (module, name), node in functions().items():
        for one in ast.walk(node):
            if isinstance(one, ast.Assign) and isinstance(one.value, ast.Subscript) and has_slice(one.value):
                assert not any(isinstance(t, ast.Subscript) and has_slice(t) for t in one.targets), f"{module}.{name}"


def has_slice(node):
    return any(isinstance(part, ast.Slice) for part in parts(node.slice))
