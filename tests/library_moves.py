"""A reader of the moves of a library, written from docs/reference/library-format.md alone (see `library_reader`)."""

from __future__ import annotations

LENGTHS = (
    "1494994889993788457699969999999", "5897996713746665466796989996989", "2675775668964454346478649999978",
    "2392992678978787678799989999999", "2594884687983475347489759979989", "7897986534726533475895789996888",
    "3493992899994284789899989999999", "7898996756817633476797879998999", "2493993799992587558699869989989",
    "7998997722726655576886899996989", "4686885677853352446588559989978", "6793992389977263678898989999999",
    "3494992899992386569799879999989", "9999998853818733687997999998999", "6897995799964261668699889999989",
    "7897984378847441577898999999999",
)  # fmt: skip


def decisions_of(symbol):
    if symbol < 16:
        return f"{symbol:04b}"
    return f"{symbol - 15:b}"[1:] + "T"


def codes_of(lengths):
    """Code -> decisions of a context."""
    codes, code, before = {}, 0, 0
    for length, symbol in sorted((int(length), symbol) for symbol, length in enumerate(lengths)):
        code <<= length - before
        codes[f"{code:0{length}b}"] = decisions_of(symbol)
        code, before = code + 1, length
    return codes


CODES = [codes_of(lengths) for lengths in LENGTHS]


class Bits:
    def __init__(self, data):
        self.bits = "".join(f"{byte:08b}"[::-1] for byte in data)
        self.at = 0

    def take(self, count):
        found = self.bits[self.at : self.at + count].ljust(count, "0")
        self.at += count
        return found

    def number(self, count):
        return int(self.take(count)[::-1], 2)

    def place(self):
        if self.number(1):
            side, along = self.number(2), self.number(8)
            return (along, along * 256 + 255, 255 * 256 + along, along * 256)[side]
        return self.number(16)

    def way(self):
        way = self.number(3)
        return (way, (way + 1) % 4) if way < 4 else ((way - 3) % 4, way - 4)

    def decisions(self, context):
        code = ""
        while code not in CODES[context]:
            code += self.take(1)
        return CODES[context][code]


def moves_of(data, lengths):
    bits, pixels, step = Bits(data), [], (1, 256, -1, -256)
    for length in lengths:
        run, context = [bits.place()], 0
        present, other = bits.way()
        while len(run) < length:
            for decision in bits.decisions(context):
                if len(run) == length:
                    break
                context = (context * 2 + (decision != "0")) % 16
                if decision == "T" and bits.number(1):
                    context = 0
                    if bits.number(1):
                        byte = bits.number(8)
                        run.append(run[-1] + (byte // 16 - 8) * 256 + byte % 16 - 8)
                    else:
                        run.append(bits.place())
                    present, other = bits.way()
                    continue
                if decision == "T":
                    other = (other + 2) % 4
                if decision != "0":
                    present, other = other, present
                run.append(run[-1] + step[present])
        pixels += run
    return pixels
