"""Why a reply of tacet's may differ from its upstream's: every difference has a rule here, or is a fault.

A rule holds for a difference (its `fields`, and `applies` to the query and both replies). The first that holds explains
it. `right` says who follows the RFC named: "tacet", "upstream", or "both" where the RFC leaves it open.
"""
import dataclasses
from collections.abc import Callable

from generated import CD, IN, RA, RD, TC

RECORDS = ("answer", "authority", "additional")
CONTENT = ("RCODE", "AA", "AD", "TC", "RA", "Z", *RECORDS, "option 15")
NOERROR, FORMERR, SERVFAIL, NXDOMAIN, NOTIMP, REFUSED = range(6)
BADVERS = 16
CNAME, SOA = 5, 6
LOCAL_ZONES = ("localhost.", "test.", "invalid.", "onion.", "local.", "internal.", "alt.", "resolver.arpa.", "home.arpa.", "service.arpa.", "127.in-addr.arpa.", "10.in-addr.arpa.",
               "168.192.in-addr.arpa.", "d.f.ip6.arpa.", "use-application-dns.net.")
HOST_TYPES = (1, 28, 64, 65)
META_TYPES = (41, *range(128, 255))
EDNS_FIELDS = ("OPT", "OPT payload", "OPT version", "OPT flags")


@dataclasses.dataclass(frozen=True)
class Rule:
    text: str
    source: str
    right: str
    fields: Callable  # field -> bool
    applies: Callable  # (query, theirs, ours) -> bool; theirs and ours are replies.Parsed


def among(*names):
    return lambda field: field in names


def options_and(*names):
    return lambda field: field in names or field.startswith("option ")


def is_local(query):
    name = query.name
    return query.query_class == IN and any(name == zone or name.endswith("." + zone) for zone in LOCAL_ZONES)


def is_single_label(query):
    return query.query_class == IN and query.name.count(".") == 1 and query.kind in HOST_TYPES


def udp_limit(query):
    return min(max(query.edns["payload"], 512), 1232) if query.edns else 512


def ended_before_the_answer(theirs, ours):
    """Ours lacks additional records only, and each of them has less time left than the upstream's answer."""
    kept, least = [record for record, _ in ours.sections["additional"]], min((ttl for _, ttl in theirs.sections["answer"]), default=0)
    lacking = [ttl for record, ttl in theirs.sections["additional"] if record not in kept]
    return len(lacking) + len(kept) == len(theirs.sections["additional"]) and all(ttl < least for ttl in lacking)


def has_only_soa(section):
    return all(record[1] == SOA for record, _ in section)


def errors_but_indeterminate(reply):
    """Its extended errors (RFC 8914), without "DNSSEC Indeterminate"."""
    return [value for code, value in reply.opt["options"] if code == 15 and value[:2] != b"\0\5"]


def refused_by_echo(query, theirs):
    """unbound says an error by sending the query back, so RA, OPT, options and flags are the client's own."""
    return theirs is not None and (not theirs.flags & RA or (query.flags & RA and theirs.rcode in (FORMERR, NOTIMP, REFUSED)))


RULES = (
    Rule("what is broken is a format error without an OPT, since none was understood; unbound echoes the client's own", "RFC 6891 §7", "tacet",
         options_and(*EDNS_FIELDS, "parses", "RA", "Z", "AD", "AA", "question", *RECORDS), lambda q, t, o: q.fault and o.rcode in (FORMERR, NOTIMP)),
    Rule("octets behind the message are a format error; unbound overlooks them", "RFC 1035 §4.1", "both",
         among("RCODE", "TC", *RECORDS), lambda q, t, o: q.fault == "trailing octets" and o.rcode == FORMERR),
    Rule("a broken query is a format error whatever else it asks for; unbound judges type, class or RD before", "RFC 1035 §4.1.1", "both",
         among("RCODE", *RECORDS), lambda q, t, o: q.fault and o.rcode == FORMERR and t is not None and t.rcode in (NOTIMP, REFUSED)),
    Rule("every query is answered; unbound says no more than so many errors a second, and is silent beyond", "RFC 8906 §3.1", "tacet", among("answered"),
         lambda q, t, o: t is None and (o.rcode in (FORMERR, NOTIMP, REFUSED, BADVERS) or q.flags & TC or not q.flags & RD)),
    Rule("an error is a reply of its own: RA set, Z and AD clear, OPT ours, no option of the client's; unbound sends the query back with QR set",
         "RFC 6891 §6.1.1, RFC 8906 §8.2", "tacet", options_and(*EDNS_FIELDS, "RA", "Z", "AD", "AA", "TC"), lambda q, t, o: refused_by_echo(q, t)),
    Rule("an unknown OPCODE is NOTIMP whatever else the query is", "RFC 8906 §3.1.4", "tacet", among("RCODE", "RA", "CD", "question", *RECORDS), lambda q, t, o: q.opcode and o.rcode == NOTIMP),
    Rule("CD comes back as it was sent; unbound 1.26 clears it in its errors", "RFC 4035 §3.2.2", "tacet", among("CD"),
         lambda q, t, o: refused_by_echo(q, t) and o.flags & CD == q.flags & CD),
    Rule("another EDNS version is BADVERS before the question is looked at, and says which one is known; unbound 1.26 has no OPT then", "RFC 6891 §6.1.3", "tacet",
         options_and("RCODE", "AA", "AD", "OPT", *RECORDS), lambda q, t, o: q.edns and q.edns["version"] and o.rcode == BADVERS and o.opt["version"] == 0),
    Rule("meta types are refused here: NOTIMP for kinds of queries that nobody here does, FORMERR for what is no question", "RFC 6895 §3.1", "both",
         options_and("RCODE", "AA", "AD", *RECORDS), lambda q, t, o: q.kind in META_TYPES and o.rcode in (NOTIMP, FORMERR, REFUSED)),
    Rule("classes other than IN are refused; unbound takes ANY for IN and tells its version in CH", "RFC 1035 §3.2.5, RFC 8906 §3.1.2", "both",
         options_and(*CONTENT), lambda q, t, o: q.query_class != IN and o.rcode == REFUSED),
    Rule("special-use names are answered here: no upstream learns of them", "RFC 6761, 6303, 6762, 7686, 8375, 9462", "tacet",
         options_and(*CONTENT, "answer TTL", "authority TTL"), lambda q, t, o: is_local(q)),
    Rule("host names of one label are answered here: they are the local network's", "RFC 8499 §2, ICANN SAC053", "tacet",
         options_and(*CONTENT), lambda q, t, o: is_single_label(q) and not q.flags & CD and not q.dnssec_ok and o.rcode in (NOERROR, NXDOMAIN)),
    Rule("TC in a query says nothing; unbound takes it for a format error", "RFC 1035 §4.1.1", "both",
         options_and("RCODE", *RECORDS), lambda q, t, o: q.flags & TC and t.rcode == FORMERR),
    Rule("the question comes back with the answer; unbound 1.26 leaves it out of its format error about TC", "RFC 1035 §4.1.1", "tacet",
         among("question"), lambda q, t, o: q.flags & TC and t.rcode == FORMERR and o.question and q.wire[12:].startswith(o.question)),
    Rule("without RD the cache answers, which holds other names than the upstream lets be asked for", "RFC 1035 §4.3.1", "both",
         options_and(*CONTENT, "answer TTL"), lambda q, t, o: not q.flags & RD and (o.rcode == REFUSED or t.rcode == REFUSED)),
    Rule("a datagram holds at most 1232 octets, and what is truncated has no records", "RFC 9715 §3.2, RFC 2181 §9", "tacet",
         options_and("TC", *RECORDS), lambda q, t, o: not q.tcp and o.flags & TC and (t.flags & TC or t.size > udp_limit(q))),
    Rule("the OPCODE comes back as it was sent; unbound clears it with BADVERS", "RFC 1035 §4.1.1", "tacet", among("OPCODE"),
         lambda q, t, o: o.flags >> 11 & 15 == q.opcode),
    Rule("with CD the upstream sets AD if it happened to have validated before; ours is what it said when asked", "RFC 4035 §3.2.2", "both", among("AD"),
         lambda q, t, o: q.flags & CD),
    Rule("with CD the upstream says \"indeterminate\" if it happened to have validated before; ours is what it said when asked", "RFC 8914 §4.6", "both", among("option 15"),
         lambda q, t, o: q.flags & CD and errors_but_indeterminate(t) == errors_but_indeterminate(o)),
    Rule("AA is for answers made here; what came from upstream is passed on without", "RFC 1035 §4.1.1", "tacet", among("AA"), lambda q, t, o: not o.flags & 0x0400),
    Rule("an additional record that ends before the answer is left out: from the cache it would come after its time", "RFC 2181 §5.2, §9", "both", among("additional"),
         lambda q, t, o: ended_before_the_answer(t, o)),
    Rule("no TTL is longer than the cache keeps it: a day", "RFC 2181 §8, RFC 8767 §4", "both", among("answer TTL"), lambda q, t, o: "forever" in q.name),
    Rule("the extended error is the one that came when the upstream was asked", "RFC 8914 §3", "both", among("option 15"), lambda q, t, o: t.rcode == o.rcode == SERVFAIL),
    Rule("an alias that was asked for is the answer, and no SOA stands beside it; unbound adds one until it knows the target", "RFC 1034 §3.6.2, RFC 2308 §2", "tacet",
         among("authority"), lambda q, t, o: q.kind == CNAME and o.sections["answer"] and not o.sections["authority"] and has_only_soa(t.sections["authority"])),
    Rule("a client that asks by TCP is told how long its connection is kept", "RFC 7828 §3.3.2", "tacet", among("option 11"), lambda q, t, o: q.tcp),
)

# Not by looking at the query: the upstream was asked again, and then its reply had what ours has.
AT_ANOTHER_TIME = Rule("the upstream itself answers so when asked again", "none: its cache", "both", lambda _: False, lambda q, t, o: False)

# What other forwarders do that tacet does not, by the field that shows it: who follows the RFC, why, and which.
JUDGED = {
    "AD": ("both", "tacet tells what the upstream validated, over the encrypted connection to the one its owner chose; others that do not validate clear it",
           "RFC 4035 §3.2.3, RFC 6840 §5.8"),
    "RCODE": ("tacet", "asked with CD of their own, the upstream lets bogus data through to clients that did not set CD; and its REFUSED becomes SERVFAIL",
              "RFC 4035 §3.2.2"),
    "answer": ("tacet", "bogus data where the upstream says SERVFAIL", "RFC 4035 §3.2.2"),
    "authority": ("tacet", "negative answers of bogus zones where the upstream says SERVFAIL; SOA left out or in another case", "RFC 4035 §3.2.2, RFC 2308 §3"),
    "additional": ("both", "additional records are left out: clients do not need them", "RFC 2181 §9"),
    "answer order": ("both", "RRsets are rotated; tacet leaves the order to the upstream", "RFC 1034 §3.6"),
    "answer TTL": ("both", "a CNAME made from a DNAME gets the DNAME's TTL; the upstream (and so tacet) says 0, as before RFC 6672", "RFC 6672 §3.1"),
    "answered": ("tacet", "no answer at all to a broken or unusual query", "RFC 8906 §3.1"),
    "parses": ("tacet", "a reply that is no message", "RFC 1035 §4.1"),
    "TC": ("both", "truncated otherwise", "RFC 2181 §9"),
    "option 12": ("tacet", "the upstream's padding is passed on to a client in clear", "RFC 7830 §6, RFC 8467 §4.2"),
    "option 15": ("tacet", "the upstream's extended error is lost", "RFC 8914 §3"),
}


def explain(query, field, theirs, ours):
    """The rule that explains a difference, or None."""
    for rule in RULES:
        try:
            if rule.fields(field) and rule.applies(query, theirs, ours):
                return rule
        except AttributeError:  # one of them is no message or did not come
            continue
    return None
