#!/usr/bin/env python3
"""Prints sim/base/ziggurat_tables.c: the tables of the two 256-layer ziggurats.

The idea: cover the density f on [0, inf) by 256 layers of equal area v: 255 rectangles [0, x_i] x
[f(x_i), f(x_{i+1})] and a base strip that includes the tail beyond r = x_1. r and v follow from the
condition that the uppermost layer ends at f(0) = 1. Everything is computed with 60 digits and
rounded once, so the constants do not depend on anybody's libm; the C file holds integers and
hexadecimal floats only, which every compiler reads as the same bits.

Source of the method: G. Marsaglia and W. W. Tsang, "The ziggurat method for generating random
variables", J. Stat. Softw. 5 (2000). Cost: a second. Usage: ziggurat_tables.py > sim/base/ziggurat_tables.c
"""
from decimal import Decimal, getcontext

getcontext().prec = 60
LAYERS = 256
BITS = 53  # of a coordinate inside its layer


def erfc_tail(r):
    """Integral of exp(-x^2/2) from r to infinity: sqrt(pi/2) minus the series of the rest."""
    pi = Decimal("3.14159265358979323846264338327950288419716939937510582097494459")
    term = r
    total = r
    n = 0
    while abs(term) > Decimal(10) ** -58:
        n += 1
        term = -term * r * r / (2 * n)
        total += term / (2 * n + 1)
    return (pi / 2).sqrt() - total


EXPONENTIAL = (
    lambda x: (-x).exp(),
    lambda y: -(y.ln()),
    lambda r: (-r).exp(),
    Decimal(7),
    Decimal(8),
)
NORMAL = (
    lambda x: (-x * x / 2).exp(),
    lambda y: (-2 * y.ln()).sqrt(),
    erfc_tail,
    Decimal(3),
    Decimal(4),
)


def layers(density, inverse, tail, low, high):
    """x[0] = v / f(r) (the base strip as a rectangle), x[1] = r, ..., x[256] = 0."""

    def climb(r):
        v = r * density(r) + tail(r)
        x = [v / density(r), r]
        for i in range(2, LAYERS):
            y = v / x[i - 1] + density(x[i - 1])
            if y >= 1:
                return x, None
            x.append(inverse(y))
        return x, v / x[-1] + density(x[-1])

    for _ in range(190):  # bisect: the top is beyond 1 when r is too small
        r = (low + high) / 2
        x, top = climb(r)
        if top is None or top > 1:
            low = r
        else:
            high = r
    x, top = climb(high)
    assert top is not None and abs(top - 1) < Decimal(10) ** -40, top
    return x + [Decimal(0)]


def hex_float(value):
    return float(value).hex()  # Decimal to double rounds correctly


def rows(items, width=100):
    lines, line = [], "   "
    for item in items:
        if len(line) + len(item) + 2 > width:
            lines.append(line)
            line = "   "
        line += " " + item + ","
    return "\n".join(lines + [line])


def table(name, shape):
    density = shape[0]
    x = layers(*shape)
    # A coordinate u in [0, 2^53) lies surely under the curve when u < 2^53 x[i+1] / x[i].
    sure = [int(x[i + 1] / x[i] * 2**BITS) for i in range(LAYERS)]
    scale = [x[i] / 2**BITS for i in range(LAYERS)]
    height = [density(x[i]) if i > 0 else Decimal(0) for i in range(LAYERS + 1)]
    out = f"const struct ziggurat_table ziggurat_{name}_table = {{\n"
    out += f"    .tail = {hex_float(x[1])},\n    .layer = {{\n"
    out += rows([f"{{0x{k:014x}, {hex_float(w)}}}" for k, w in zip(sure, scale)]) + "\n"
    out += "    },\n    .height = {\n"
    out += rows([hex_float(h) for h in height]) + "\n    },\n};\n"
    return out


HEAD = """/*
 * The tables of the two ziggurats. Made by tests/tools/ziggurat_tables.py; the
 * method and its source are in ziggurat.h. Integers and hexadecimal floats only: every compiler
 * reads the same bits.
 */
#include "sim/base/ziggurat.h"

"""
if __name__ == "__main__":
    print(HEAD + "/* clang-format off */")
    print(table("exponential", EXPONENTIAL))
    print(table("normal", NORMAL) + "/* clang-format on */")
