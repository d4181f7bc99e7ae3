"""Zones in the middle of a change of keys, of algorithm, of digest or of the way to deny (RFC 6781 §4, RFC 6840 §5.11, RFC 4509 §3).

    add_roll(world, "dslate.alpha.", "dslate", text, denial=NSEC)
"""
import time

import dns.name
import dns.rdatatype
import signer
from signer import DAY, NSEC, SigningKey

# ECDSA P-256, and RSA with SHA-256 for a change of algorithm.
OLD, NEW = SigningKey(13), SigningKey(13, 1)
ZONE_KEY = SigningKey(13, 1, 256)
OTHER_ALGORITHM = SigningKey(8)
_PAST = {"inception": -40 * DAY, "expiration": -10 * DAY}


def _ds(*keys):
    return lambda origin: [signer.ds_of(origin, key.dnskey()).to_text() for key in keys]


def _digests(**changes):
    """A DS for each digest; its value tells whether it is the right one."""
    def texts(origin):
        made = [(signer.ds_of(origin, OLD.dnskey(), digest), right) for digest, right in changes.items()]
        return [(ds if right else ds.replace(digest=bytes(len(ds.digest)))).to_text() for ds, right in made]
    return texts


def _beside_unknown(**other):
    """The right DS beside one whose algorithm or digest nobody knows."""
    def texts(origin):
        right = signer.ds_of(origin, OLD.dnskey())
        fields = {"algorithm": int(right.algorithm), "digest_type": int(right.digest_type), **other}
        return [right.to_text(), f"{right.key_tag} {fields['algorithm']} {fields['digest_type']} {right.digest.hex()}"]
    return texts


def _signed_by(*keys, key_set=(OLD,)):
    """The set of keys is signed by `key_set`, all other records by `keys`."""
    return {"keys": keys, "key_set": key_set}


# What the zone's set of keys holds, what its parent says, and which keys have signed.
ROLLS = {
    "standby": ((OLD, NEW), _ds(OLD), _signed_by(OLD)),
    "twokinds": ((OLD, ZONE_KEY), _ds(OLD), _signed_by(ZONE_KEY)),
    "zonekeygone": ((OLD,), _ds(OLD), _signed_by(ZONE_KEY)),
    "dsearly": ((OLD,), _ds(NEW, OLD), _signed_by(OLD)),
    "dslate": ((OLD, NEW), _ds(OLD), _signed_by(NEW, key_set=(OLD, NEW))),
    "setbynew": ((OLD, NEW), _ds(OLD), _signed_by(NEW, key_set=(NEW,))),
    "onegone": ((OLD,), _ds(OLD), _signed_by(NEW, OLD)),
    "dsalgorithms": ((OLD,), _beside_unknown(algorithm=200), _signed_by(OLD)),
    "dsdigests": ((OLD,), _beside_unknown(digest_type=200), _signed_by(OLD)),
    "dssha1wrong": ((OLD,), _digests(SHA1=False, SHA256=True), _signed_by(OLD)),
    "dssha256wrong": ((OLD,), _digests(SHA1=True, SHA256=False), _signed_by(OLD)),
    "dssha384wrong": ((OLD,), _digests(SHA256=True, SHA384=False), _signed_by(OLD)),
    "algorithmearly": ((OLD, OTHER_ALGORITHM), _ds(OLD, OTHER_ALGORITHM), _signed_by(OLD, key_set=(OLD, OTHER_ALGORITHM))),
    "algorithmlate": ((OLD, OTHER_ALGORITHM), _ds(OLD), _signed_by(OTHER_ALGORITHM, key_set=(OLD, OTHER_ALGORITHM))),
    "algorithmgone": ((OLD,), _ds(OLD, OTHER_ALGORITHM), _signed_by(OLD)),
}
ALL_ROLLS = (*ROLLS, "expiredbeside", "bothdenials", "rsa1024", "rsa512")


def _sign_again(zone, records, keys, key_set):
    """Replaces each signature by those of other keys."""
    for name, ttl, rdata in [record for record in records.list if record[2].rdtype == dns.rdatatype.RRSIG]:
        covered = rdata.type_covered
        rdatas = [record[2] for record in records.matching(name.to_text(), dns.rdatatype.to_text(covered))]
        records.drop(name.to_text(), "RRSIG", dns.rdatatype.to_text(covered))
        for key in key_set if covered == dns.rdatatype.DNSKEY else keys:
            records.add(name, ttl, zone.rrsig(name, ttl, rdatas, key=key))


def _expired_beside(zone, records):
    """An expired signature stands before each right one."""
    now = int(time.time())
    for record in [record for record in records.list if record[2].rdtype == dns.rdatatype.RRSIG]:
        name, ttl, rdata = record
        rdatas = [each[2] for each in records.matching(name.to_text(), dns.rdatatype.to_text(rdata.type_covered))]
        expired = zone.rrsig(name, ttl, rdatas, **{field: now + offset for field, offset in _PAST.items()})
        records.list.insert(records.list.index(record), [name, ttl, expired])


def _other_denial(text, origin, denial):
    """The records of the other way to deny, with their signatures: the zone is between the two."""
    other = signer.SignedZone(origin, text, denial=signer.NSEC3 if denial == NSEC else NSEC)
    kinds = {dns.rdatatype.NSEC, dns.rdatatype.NSEC3, dns.rdatatype.NSEC3PARAM}

    def add(_zone, records):
        for record in other.records().list:
            if record[2].rdtype in kinds or getattr(record[2], "type_covered", None) in kinds:
                records.list.append(record)
    return add


def add_roll(world, origin, roll, text, denial):
    """Adds the zone of a roll to a SignedWorld."""
    if roll in ROLLS:
        keys, ds, signers = ROLLS[roll]
        lines = "".join(f"@ 300 DNSKEY {key.dnskey().to_text()}\n" for key in keys)
        zone = world.signed(origin, text + lines, ds=ds(origin), denial=denial)
        zone.defect(lambda records: _sign_again(zone, records, **signers))
    elif roll.startswith("rsa"):
        world.signed(origin, text, algorithm=8, bits=int(roll.removeprefix("rsa")), denial=denial)
    else:
        zone = world.signed(origin, text, denial=denial)
        change = _expired_beside if roll == "expiredbeside" else _other_denial(text, origin, denial)
        zone.defect(lambda records: change(zone, records))
