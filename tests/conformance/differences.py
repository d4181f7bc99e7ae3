"""Where two replies to one query differ, field by field."""
from replies import parse

_FLAGS = {"QR": 0x8000, "OPCODE": 0x7800, "AA": 0x0400, "TC": 0x0200, "RD": 0x0100, "RA": 0x0080, "Z": 0x0040, "AD": 0x0020, "CD": 0x0010}


def differences(theirs, ours, elapsed):
    """[(field, theirs, ours)] of two replies as octets or None; `elapsed`: how many seconds caches are old at most."""
    if theirs is None or ours is None:
        return [] if theirs is ours else [("answered", theirs is not None, ours is not None)]
    try:
        theirs, ours = parse(theirs), parse(ours)
    except ValueError as error:
        return [("parses", str(error), "")]
    found = [(name, theirs.flags & bits, ours.flags & bits) for name, bits in _FLAGS.items()]
    found += [("RCODE", theirs.rcode, ours.rcode), ("question", theirs.question, ours.question)]
    found += _sections(theirs, ours, elapsed) + _opt(theirs.opt, ours.opt)
    return [(field, one, other) for field, one, other in found if one != other]


def _sections(theirs, ours, elapsed):
    found = []
    for section in theirs.sections:
        one, other = theirs.sections[section], ours.sections[section]
        if sorted(record for record, _ in one) != sorted(record for record, _ in other):
            found.append((section, [record for record, _ in one], [record for record, _ in other]))
            continue
        if [record for record, _ in one] != [record for record, _ in other]:
            found.append((f"{section} order", [record for record, _ in one], [record for record, _ in other]))
        for (record, ttl), (_, other_ttl) in zip(sorted(one), sorted(other)):
            if abs(ttl - other_ttl) > elapsed + 1:
                found.append((f"{section} TTL", (record, ttl), (record, other_ttl)))
    return found


def _opt(one, other):
    if one is None or other is None:
        return [("OPT", one is not None, other is not None)]
    found = [(f"OPT {part}", one[part], other[part]) for part in ("payload", "version", "flags")]
    for code in sorted({code for code, _ in one["options"] + other["options"]}):
        values = [[value for number, value in options if number == code] for options in (one["options"], other["options"])]
        found.append((f"option {code}", *values))
    return found
