"""Objects of kernels: numba's code of each, for any system and processor, on whatever machine this is.

    python -m heatlas.kernels.ahead_objects FOLDER TARGET LEVEL KERNEL ...

writes for each kernel an object, the C of the ways into it, and what it returns.
"""

from __future__ import annotations

import importlib
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from heatlas.kernels.ahead_entry import entry
from heatlas.kernels.ahead_targets import TARGETS
from heatlas.kernels.compiled import Kernel

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from heatlas.kernels.signatures import Type

__all__ = ["kernels", "machine_of", "write_objects"]

_FOLDER = Path(__file__).parent


def kernels() -> Iterator[tuple[str, Kernel]]:
    """Name as "module.function", and kernel, of all kernels."""
    for path in sorted(_FOLDER.glob("*.py")):
        if path.stem.startswith("ahead") or path.stem in {"cache", "intrinsics", "jit", "__init__"}:
            continue
        for name, found in vars(importlib.import_module(f"heatlas.kernels.{path.stem}")).items():
            if isinstance(found, Kernel) and found.signatures and found.py_func.__module__.endswith(f".{path.stem}"):
                yield f"{path.stem}.{name}", found


def machine_of(triple: str, processor: str) -> Any:
    """Return what makes code for a system and a processor, both as LLVM calls them."""
    import llvmlite.binding as llvm

    llvm.initialize_all_targets()
    llvm.initialize_all_asmprinters()
    target = llvm.Target.from_triple(triple)
    return target.create_target_machine(cpu=processor, features="", opt=3, reloc="pic", codemodel="default")


def write_objects(folder: Path, target: str, level: str, names: Sequence[str]) -> None:
    """Write files of some kernels, what each returns last. From here on numba compiles for that processor only."""
    import llvmlite.binding as llvm

    from heatlas.kernels.jit import compile_for

    triple = TARGETS[target].triple
    (processor,) = (one.processor for one in TARGETS[target].levels if one.name == level)
    machine = machine_of(triple, processor)
    compile_for(machine)
    found = dict(kernels())
    for name in names:
        results, source, whole = [], "", None
        for number, signature in enumerate(found[name].signatures):
            result, symbol, text = _code_of(found[name], signature)
            own = f"{level}_{name.replace('.', '_')}_{number}"
            module = llvm.parse_assembly(text)
            module.triple, module.data_layout = triple, str(machine.target_data)
            for one in [*module.functions, *module.global_variables]:
                if not one.is_declaration and not one.name.startswith("kernel_"):
                    one.linkage = "internal"  # code of another processor may have the same name
            code = module.get_function(symbol)
            code.linkage, code.name = "external", f"kernel_{own}"
            code.visibility = "hidden"
            results.append(result)
            source += entry(f"heatlas_{own}", f"kernel_{own}", signature)
            if whole is None:
                whole = module
            else:
                whole.link_in(module)
        assert whole is not None
        whole.verify()
        (folder / f"{level}-{name}.o").write_bytes(machine.emit_object(whole))
        (folder / f"{level}-{name}.c").write_text(source, encoding="utf-8", newline="\n")
        (folder / f"{level}-{name}.json").write_text(json.dumps(results), encoding="utf-8", newline="\n")


def _code_of(kernel: Kernel, signature: tuple[Type, ...]) -> tuple[Any, str, str]:
    """Compile a kernel for one signature: its result, the symbol of its code, and LLVM IR.

    A result is "none", a number's code, an array's code with its dimensions such as "f8:2", or a list of results.
    """
    from numba import njit

    from heatlas.kernels.jit import numba_type

    made = njit(nogil=True, no_cfunc_wrapper=True, no_cpython_wrapper=True, **kernel.options)(kernel.py_func)
    made.compile(tuple(map(numba_type, signature)))
    (found,) = made.overloads.values()
    return _result(found.signature.return_type), found.fndesc.llvm_func_name, found.library.get_llvm_str()


def _result(kind: Any) -> Any:
    from numba import types
    from numba.np.numpy_support import as_dtype

    if isinstance(kind, types.BaseTuple):
        return [_result(one) for one in kind]  # type: ignore[attr-defined]
    if isinstance(kind, types.Array):
        if kind.layout != "C":
            raise TypeError(f"a kernel returns {kind}, which may not lie in one piece")
        return f"{_result(kind.dtype)}:{kind.ndim}"
    if kind == types.none:
        return "none"
    return "b1" if kind == types.boolean else as_dtype(kind).str[1:]


if __name__ == "__main__":
    write_objects(Path(sys.argv[1]), sys.argv[2], sys.argv[3], sys.argv[4:])
