"""Instructions of the processor that numba lacks, or does not compile as fast."""

from __future__ import annotations

from llvmlite import ir
from numba import types
from numba.extending import intrinsic

__all__ = ["bits_of", "eight_bytes", "float32_of", "float64_of", "prefetch", "trailing_zeros"]


@intrinsic
def prefetch(context, array, index):  # noqa: ARG001 - numba hands it over
    """Fetch the cache line of an element before it is needed."""

    def generate(target, builder, signature, values):
        byte, word = ir.IntType(8).as_pointer(), ir.IntType(32)
        data = target.make_array(signature.args[0])(target, builder, values[0]).data
        shape = ir.FunctionType(ir.VoidType(), [byte, word, word, word])
        fetch = builder.module.declare_intrinsic("llvm.prefetch", [byte], shape)
        for_writing, keep, of_data = (ir.Constant(word, k) for k in (1, 3, 1))
        builder.call(fetch, [builder.bitcast(builder.gep(data, [values[1]]), byte), for_writing, keep, of_data])
        return target.get_dummy_value()

    return types.void(array, index), generate


@intrinsic
def eight_bytes(context, array, index):  # noqa: ARG001 - numba hands it over
    """Read eight bytes of an array from an index on as one number, to test all of them at once."""

    def generate(target, builder, signature, values):
        data = target.make_array(signature.args[0])(target, builder, values[0]).data
        place = builder.bitcast(builder.gep(data, [values[1]]), ir.IntType(64).as_pointer())
        return builder.load(place, align=1)

    return types.uint64(array, types.uint64), generate


@intrinsic
def trailing_zeros(context, number):  # noqa: ARG001 - numba hands it over
    """Count the zero bits below the lowest one of a uint64, which is not 0."""

    def generate(target, builder, signature, values):  # noqa: ARG001
        return builder.cttz(values[0], ir.Constant(ir.IntType(1), 1))

    return types.int64(types.uint64), generate


@intrinsic
def bits_of(context, number):  # noqa: ARG001 - numba hands it over
    """Bits of a float64 as an int64. An array's `view` gives the same, but takes the compiler a third of a second."""

    def generate(target, builder, signature, values):  # noqa: ARG001
        return builder.bitcast(values[0], ir.IntType(64))

    return types.int64(types.float64), generate


@intrinsic
def float64_of(context, bits):  # noqa: ARG001 - numba hands it over
    """The float64 that the bits of an int64 stand for."""

    def generate(target, builder, signature, values):  # noqa: ARG001
        return builder.bitcast(values[0], ir.DoubleType())

    return types.float64(types.int64), generate


@intrinsic
def float32_of(context, bits):  # noqa: ARG001 - numba hands it over
    """The float32 that the lower 32 bits of an int64 stand for."""

    def generate(target, builder, signature, values):  # noqa: ARG001
        return builder.bitcast(builder.trunc(values[0], ir.IntType(32)), ir.FloatType())

    return types.float32(types.int64), generate
