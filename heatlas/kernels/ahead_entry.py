"""The ways into compiled kernels, as C: written for each kernel, and compiled with it when heatlas is built.

A way in takes a slot of eight bytes for each number and array; of an array the address of its object. It makes sure of
the type before it reads anything else of an object, and needs no header of Python or NumPy: how an ndarray begins has
not changed since NumPy 1.0, and the length of an object's header is told at run time.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from heatlas.kernels.signatures import CODES, Array, leaves

if TYPE_CHECKING:
    from collections.abc import Sequence

    from heatlas.kernels.signatures import Type

__all__ = ["RUNTIME", "entry"]

_CONTIGUOUS, _ALIGNED, _WRITEABLE = 0x1, 0x100, 0x400
"""Flags of an ndarray."""
_C = {"b1": "_Bool", "f4": "float", "f8": "double", "i8": "int64_t", "u8": "uint64_t"}

RUNTIME = r"""
#include <stddef.h>
#include <stdint.h>
#if defined(__x86_64__)
#include <cpuid.h>
#endif
#if defined(_WIN32)
#define EXPORTED __declspec(dllexport)
int _DllMainCRTStartup(void *library, uint32_t reason, void *reserved) { return 1; } /* nothing to set up */
#else
#define EXPORTED __attribute__((visibility("default")))
#endif
/* By hand: no header of any system's C library is needed. */
void *malloc(size_t size);
void free(void *room);
void *memcpy(void *to, const void *from, size_t size);

typedef union { int64_t i8; uint64_t u8; double f8; float f4; _Bool b1; } Slot;
typedef struct { char *data; int32_t nd; int64_t *dims, *strides; void *base, *descr; int32_t flags; } Array;
typedef struct { const char *data; int32_t size; } Thrown;

/* What Python tells: how long the header of an object is, and where ndarray and its dtypes are. */
EXPORTED int64_t heatlas_world[WORDS];

static inline const Array *array(int64_t object, int32_t nd, int dtype, int32_t flags) {
    char *body = (char *)object + heatlas_world[0];
    if (((int64_t *)body)[-1] != heatlas_world[1]) return 0;
    const Array *a = (const Array *)body;
    return a->nd == nd && (a->flags & flags) == flags && (int64_t)a->descr == heatlas_world[2 + dtype] ? a : 0;
}

/* Memory of arrays, as numba's code expects it: counted, and freed by whoever drops it last. */
typedef struct { size_t count; void *drop, *info, *data; size_t size; void *other; } Memory;
static Memory *allocated(size_t size, size_t align) {
    if (size > SIZE_MAX - sizeof(Memory) - align) return 0;
    Memory *made = malloc(sizeof(Memory) + size + align);
    if (!made) return 0;
    uintptr_t data = ((uintptr_t)(made + 1) + align - 1) / align * align;
    *made = (Memory){1, 0, 0, (void *)data, size, 0};
    return made;
}
Memory *NRT_MemInfo_alloc_aligned(size_t size, uint32_t align) { return allocated(size, align); }
Memory *NRT_MemInfo_alloc_safe_aligned(size_t size, uint32_t align) { return allocated(size, align); }
void *NRT_Allocate(size_t size) { return malloc(size); }
void NRT_Free(void *room) { free(room); }
void NRT_MemInfo_call_dtor(Memory *made) { free(made); }
EXPORTED void heatlas_drop(Memory *made) {
    if (made && __atomic_sub_fetch(&made->count, 1, __ATOMIC_ACQ_REL) == 0) free(made);
}
/* Of an ndarray, data, bytes, memory: copies what a kernel made, and drops it. */
EXPORTED void heatlas_take(const int64_t *words) {
    if (words[2]) memcpy(((Array *)(words[0] + heatlas_world[0]))->data, (void *)words[1], (size_t)words[2]);
    heatlas_drop((Memory *)words[3]);
}

/* 3: AVX2 and what came with it (x86-64-v3); 2: SSE4.2 (x86-64-v2); 0: less. 1: another kind of processor. */
EXPORTED int heatlas_level(void) {
#if defined(__x86_64__)
    unsigned a, b, c, d, low, high, b7;
    if (!__get_cpuid(1, &a, &b, &c, &d)) return 0;
    if ((c & 0x00982201) != 0x00982201) return 0; /* SSE3, SSSE3, CX16, SSE4.1, SSE4.2, POPCNT */
    if ((c & 0x38401000) != 0x38401000) return 2; /* FMA, MOVBE, OSXSAVE, AVX, F16C */
    __asm__("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
    if ((low & 6) != 6) return 2;
    if (!__get_cpuid_count(7, 0, &a, &b7, &c, &d) || (b7 & 0x128) != 0x128) return 2; /* BMI1, AVX2, BMI2 */
    if (!__get_cpuid(0x80000001, &a, &b, &c, &d) || !(c & 0x20)) return 2; /* LZCNT */
    return 3;
#else
    return 1;
#endif
}
""".replace("WORDS", str(2 + len(CODES)))
"""What all ways in are compiled with, and what compiled kernels call."""


def entry(symbol: str, kernel: str, signature: Sequence[Type]) -> str:
    """C of the way into a kernel.

    Parameters
    ----------
    symbol : str
        Name of the way in.
    kernel : str
        Name of the kernel's code.
    signature : sequence of Type
        Types of its parameters.
    """
    types, given, lines = ["void *", "void **"], ["result", "&thrown"], []
    for k, one in enumerate(leaves(signature)):
        if not isinstance(one, Array):
            types.append(_C[one.code])
            given.append(f"slots[{k}].{one.code}")
            continue
        flags = _CONTIGUOUS | _ALIGNED | (0 if one.const else _WRITEABLE)
        lines.append(
            f"    const Array *a{k} = array(slots[{k}].i8, {one.ndim}, {CODES.index(one.code)}, {flags});"
            f" if (!a{k}) return -100;\n"
        )
        places = range(one.ndim)
        types += ["void *", "void *", "int64_t", "int64_t", "void *", *2 * one.ndim * ["int64_t"]]
        given += [
            "0", "0", "*".join(f"a{k}->dims[{d}]" for d in places), one.code[1:], f"a{k}->data",
            *(f"a{k}->dims[{d}]" for d in places), *(f"a{k}->strides[{d}]" for d in places),
        ]  # fmt: skip
    return (
        f"extern int32_t {kernel}({', '.join(types)});\n"
        f"EXPORTED int32_t {symbol}(void *result, const Slot *slots) {{\n    void *thrown = 0;\n{''.join(lines)}"
        f"    int32_t status = {kernel}({', '.join(given)});\n"
        "    if (status > 0) { Thrown *t = thrown; ((int64_t *)result)[0] = (int64_t)t->data;"
        " ((int64_t *)result)[1] = t->size; }\n    return status;\n}\n"
    )
