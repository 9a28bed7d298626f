"""Instructions of the processor that numba lacks, or does not compile as fast."""

from __future__ import annotations

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

__all__ = [
    "add_four", "bits_of", "eight_bytes", "float32_of", "float64_of", "prefetch", "round_four", "trailing_zeros",
    "weigh_four", "weigh_sixteen",
]  # fmt: skip

_FOUR = ir.VectorType(ir.DoubleType(), 4)
"""As many float64 as an instruction of AVX takes; where it takes two, the compiler makes two instructions of one."""


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


def _four_at(target, builder, kind, array, index):
    """Where four numbers of an array of float64 begin."""
    data = target.make_array(kind)(target, builder, array).data
    return builder.bitcast(builder.gep(data, [index]), _FOUR.as_pointer())


def _all_of(builder, number, vector):
    """One number in all places of a vector."""
    first = builder.insert_element(ir.Constant(vector, ir.Undefined), number, ir.Constant(ir.IntType(32), 0))
    order = ir.Constant(ir.VectorType(ir.IntType(32), vector.count), [0] * vector.count)
    return builder.shuffle_vector(first, ir.Constant(vector, ir.Undefined), order)


def _add_to(builder, place, vector):
    builder.store(builder.fadd(builder.load(place, align=8), vector), place, align=8)


@intrinsic
def add_four(context, out, at, array, index):  # noqa: ARG001 - numba hands it over
    """Add four float64 of one array to those of another."""

    def generate(target, builder, signature, values):
        to, of = (_four_at(target, builder, signature.args[k], values[k], values[k + 1]) for k in (0, 2))
        _add_to(builder, to, builder.load(of, align=8))
        return target.get_dummy_value()

    return types.void(out, types.uint64, array, types.uint64), generate


@intrinsic
def weigh_four(context, out, total, weights, array, here, there, middle, weight):  # noqa: ARG001 - numba hands it over
    """Add what a part of a line weighs, of four metrics.

    `here` and `there` are the places of their values at both ends, NaN where unknown: what is known at one end holds
    for the line. To `out` are added at `total` the values at the share `middle` of the line times `weight`, and at
    `weights` the weight, or 0 where nothing is known.
    """

    def generate(target, builder, signature, values):
        out, total, weights, array, here, there, middle, weight = values
        a, b = (builder.load(_four_at(target, builder, signature.args[3], array, k), align=8) for k in (here, there))
        share, weight, nothing = (
            _all_of(builder, middle, _FOUR),
            _all_of(builder, weight, _FOUR),
            ir.Constant(_FOUR, [0.0] * 4),
        )
        a = builder.select(builder.fcmp_unordered("uno", a, a), b, a)
        change = builder.fsub(b, a)
        change = builder.select(builder.fcmp_ordered("ord", change, change), change, nothing)
        known = builder.fcmp_ordered("ord", a, a)
        found = builder.fmul(builder.fadd(a, builder.fmul(change, share)), weight)
        for at, each in ((total, found), (weights, weight)):
            place = _four_at(target, builder, signature.args[0], out, at)
            _add_to(builder, place, builder.select(known, each, nothing))
        return target.get_dummy_value()

    return types.void(out, *2 * [types.uint64], array, *2 * [types.uint64], *2 * [types.float64]), generate


@intrinsic
def round_four(context, out, to, array, total, weights, scales, rules, unknown):  # noqa: ARG001 - numba hands it over
    """Round four means to steps, as `heatlas.kernels.rounding.mean_steps` does where steps are values.

    `total` and `weights` are the places of sums and weights. `rules` has three numbers: the places in `scales` of the
    steps of 1, of the least and of the greatest step. What is not known becomes `unknown`.
    """

    def generate(target, builder, signature, values):
        out, to, array, total, weights, scales, rules, unknown = values
        s, w = (builder.load(_four_at(target, builder, signature.args[2], array, k), align=8) for k in (total, weights))
        places = [builder.extract_value(rules, k) for k in range(3)]
        per_step, least, most = (
            builder.load(_four_at(target, builder, signature.args[5], scales, k), align=8) for k in places
        )
        mean = builder.fdiv(s, w)
        exact = builder.fmul(mean, per_step)
        exact = builder.select(builder.fcmp_ordered(">", exact, most), most, exact)
        exact = builder.select(builder.fcmp_ordered("<", exact, least), least, exact)
        positive = builder.fcmp_ordered(">", w, ir.Constant(_FOUR, [0.0] * 4))
        known = builder.and_(positive, builder.fcmp_ordered("ord", mean, mean))
        exact = builder.select(known, exact, _all_of(builder, unknown, _FOUR))
        rint = cgutils.get_or_insert_function(builder.module, ir.FunctionType(_FOUR, [_FOUR]), "llvm.rint.v4f64")
        found = builder.call(rint, [exact])
        builder.store(found, _four_at(target, builder, signature.args[0], out, to), align=8)
        return target.get_dummy_value()

    uint64 = types.uint64
    three = types.UniTuple(uint64, 3)
    return types.void(out, uint64, array, uint64, uint64, scales, three, types.float64), generate


@intrinsic
def weigh_sixteen(context, out, to, array, first, step, weights, count, factor):  # noqa: ARG001 - numba hands it over
    """Write sixteen weighted sums of `count` float32 each, which begin at `first` and then lie `step` apart.

    To sums that begin with 0 one after the other is added, times its weight; in the end they are multiplied. They stay
    in registers meanwhile.
    """

    def generate(target, builder, signature, values):
        out, to, array, first, step, weights, count, factor = values
        sixteen = ir.VectorType(ir.FloatType(), 16)
        data = [
            target.make_array(signature.args[k])(target, builder, each).data
            for k, each in ((0, out), (2, array), (5, weights))
        ]
        total = cgutils.alloca_once_value(builder, ir.Constant(sixteen, [0.0] * 16))
        with cgutils.for_range(builder, count, intp=ir.IntType(64)) as loop:
            place = builder.gep(data[1], [builder.add(first, builder.mul(loop.index, step))])
            found = builder.load(builder.bitcast(place, sixteen.as_pointer()), align=4)
            weight = builder.load(builder.gep(data[2], [loop.index]))
            weighed = builder.fmul(found, _all_of(builder, weight, sixteen))
            builder.store(builder.fadd(builder.load(total), weighed), total)
        place = builder.bitcast(builder.gep(data[0], [to]), sixteen.as_pointer())
        builder.store(builder.fmul(builder.load(total), _all_of(builder, factor, sixteen)), place, align=4)
        return target.get_dummy_value()

    uint64 = types.uint64
    return types.void(out, uint64, array, uint64, uint64, weights, uint64, types.float32), generate
