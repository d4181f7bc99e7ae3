"""`tacet schema` and `tacet check` give one verdict: on samples, on the fixtures of faults, on generated configurations.

TACET_SCHEMA_CASES is the number of generated ones; the normal set has a few hundred, `ctest -L long` ten thousand."""
import concurrent.futures
import json
import os
import pathlib
import random
import re
import tempfile
import unittest

import jsonschema
import tacet
import yaml

SOURCE = pathlib.Path(__file__).resolve().parents[2]
BROKEN = pathlib.Path(__file__).resolve().parent / "broken"
CASES = int(os.environ.get("TACET_SCHEMA_CASES", "400"))
SCHEMA_PATH = "/usr/share/tacet/tacet.schema.json"

# What a schema cannot see: the program's words for it. Every other difference is a fault of the schema.
BEYOND_A_SCHEMA = [
    r"has no effect|needs (https|tls)\.",  # needs another key, or contradicts one
    r"is an address that no machine has",  # ::1 with a port and no brackets
    r"can be reached by other machines, and allow is empty",
    r"cannot be resolved, allowed: pinned addresses such as",
    r"is where this tacet listens",
    r"is above max_ttl",
    r"plain DNS goes through no proxy|would be looked up past|serves another transport already",
    r"given twice: it is the|is given twice",  # in another spelling: the schema sees the same text only
    r"has bits behind its prefix",
    r"has no form that DNS could carry",  # IDNA
    r"does not exist or cannot be reached|is no regular file|is a directory",  # the machine's files
    r"is longer than \d+ octets",  # the schema counts characters
]


class Yaml12(yaml.SafeLoader):
    """YAML 1.2's core schema, which editors use, without duplicate keys."""

    def construct_mapping(self, node, deep=False):
        keys = [self.construct_object(key) for key, _ in node.value]
        if len(set(map(str, keys))) != len(keys):
            raise yaml.YAMLError("a key stands twice")
        return {str(key): value for key, value in super().construct_mapping(node, deep).items()}


Yaml12.yaml_implicit_resolvers = {}
for tag, pattern, first in (("bool", r"true|True|TRUE|false|False|FALSE", "tTfF"), ("null", r"~|null|Null|NULL|", "~nN" + "\0"),
                            ("int", r"[-+]?[0-9]+", "-+0123456789"), ("float", r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?", "-+.0123456789")):
    Yaml12.add_implicit_resolver(f"tag:yaml.org,2002:{tag}", re.compile(f"^(?:{pattern})$"), list(first.replace("\0", "")) + ([""] if tag == "null" else []))


def whole_text(validator, pattern, instance, _schema):
    """ECMA-262's $ is the end of the text. Python's also stands in front of a last newline."""
    if isinstance(instance, str) and not re.search(pattern.removesuffix("$") + r"\Z", instance):
        yield jsonschema.ValidationError(f"{instance!r} does not match")


Validator = jsonschema.validators.extend(jsonschema.Draft202012Validator, {"pattern": whole_text})


def schema():
    done = tacet.run("schema")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def faults(path):
    """What the program says of a file, fault by fault; empty if it accepts it."""
    done = tacet.run("check", "--config", str(path))
    assert done.returncode in (0, 1), done
    return [line for line in done.stderr.splitlines() if line.startswith(str(path))] if done.returncode else []


def only_beyond_a_schema(said):
    return all(any(re.search(words, line) for words in BEYOND_A_SCHEMA) for line in said)


GOOD = {  # texts and values from which wrong ones are made, too
    "address": ["127.0.0.1", "192.0.2.1:5353", "::1", "[::1]:53", "fe80::1%eth0", "[fe80::1%eth0]:53", "2001:db8::5", "0.0.0.0:53", "::ffff:1.2.3.4", "1:2:3:4:5:6:7:8", "1::1.2.3.4"],
    "prefix": ["192.168.1.0/24", "10.0.0.0/8", "fd00::/8", "::1", "10.1.2.3", "fe80::%eth0/64", "fe80::/10", "0.0.0.0/0", "::/0", "192.168.1.128/25"],
    "url": ["https://dns.example/dns-query", "tls://1.1.1.1", "tls://[2606:4700::1111]:853", "https://1.1.1.1/q{?dns}", "HTTPS://Dns.Example.", "https://h?x=1", "tls://[fe80::1%25eth0]", "https://a-b.example:8443/p/q?r=s&t"],
    "zone": ["lan", "corp.example", "*.home.example.", "168.192.in-addr.arpa", "d.f.ip6.arpa", "b\u00fccher.example", "_tcp.lan", "0/25.2.0.192.in-addr.arpa", "10.IN-ADDR.ARPA", "_dns-sd._udp.1.in-addr.arpa"],
    "path": ["", "/etc/hosts", "/var/log/tacet/q.log", "off", "journal", "/etc/ssl/certs/ca-certificates.crt", "/no/such/file", "/etc/", "relative"],
    "size": ["0", "64KiB", "32MiB", "1024GiB", 65536, 1 << 40, "1GiB", "63KiB", "1025GiB", (1 << 40) + 1, 0, "32 MiB", "32mib", "00128KiB"],
    "number": [0, 1, 64, 65, 100, 101, "7", "007", 1 << 20, (1 << 20) + 1, 604800, 604801, -1, 1.5, "1e3", "", "0x10", 1000000],
    "word": ["error", "debug", "off", "passive", "show", "mask", "send", "omit", "ask-only", True, False, "true", "false", "TRUE", "yes", None],
    "proxy": ["none", "socks5://127.0.0.1:9050", "http://user:pass%40word@[::1]:8080/", "HTTP://localhost:3128", "socks5://***@192.0.2.1:1080", "socks5h://127.0.0.1:1080", "http://a%3Ab:c@192.0.2.1:8080", "socks5://proxy.example:1080"],
    "anchor": [". DS 20326 8 2 E06D44B80B8F1D39A95C0B0D7C65D08458E880409BBC683457104237C7F8EC8D", "corp.example. 60 IN ds 1 13 1 0123456789abcdef 0123456789ABCDEF01234567", ". DS 20326 8 3 E06D", "/no/such/anchors", "corp.example. IN 60 DS 1 RSASHA256 sha-1 0123456789abcdef0123456789ABCDEF01234567", "corp.example. DS 1 RSA SHA-1 0123456789abcdef0123456789ABCDEF01234567"],
    "text": ["", "tacet", "root", "a" * 32, "a" * 33, "a" * 64, "a" * 65, 12, True, "a\nb", "\u00e4" * 20, "x\n", "\u0085"],
}
KIND = {  # a guess by the key's name, so that most values are of the right kind; any kind may stand anywhere
    "listen": "address", "bootstrap": "address", "addresses": "address", "allow": "prefix", "url": "url", "file": "path", "ca_file": "path",
    "socket": "path", "to": "path", "size": "size", "max_size": "size", "level": "word", "mode": "word", "clients": "word", "names": "word",
    "certificate": "path", "key": "path", "proxy": "proxy", "ladder": "word", "ladder_proxy": "proxy", "trust_anchors": "anchor", "interface": "text", "address": "address", "sni": "word", "protect": "word", "confine": "word", "answer_chaos": "word", "log_names": "word", "operator": "text", "group": "text", "user": "text",
}


class Generator:
    """Configurations that are mostly right: a wrong one has one or two faults, so none hides another."""

    def __init__(self, seed, rules):
        self.random = random.Random(seed)
        self.rules = rules

    def often(self, chance):
        return self.random.random() < chance

    def damaged(self, text):
        at = self.random.randrange(len(text) + 1)
        piece = self.random.choice(["", ".", ":", "/", "-", "%", "[", "]", "0", "1", "f", "256", " ", "*", "\u00df", "@", "#", "\n", "_", "a" * 64])
        return text[:at] + piece + text[at + self.random.randrange(2):]

    def scalar(self, kind):
        value = self.random.choice(GOOD[self.random.choice(list(GOOD)) if self.often(0.03) else kind])
        return self.damaged(value) if isinstance(value, str) and self.often(0.12) else value

    def list_of(self, kind):
        if self.often(0.03):
            return self.random.choice([None, [], {}, "127.0.0.1", [None], [["127.0.0.1"]]])
        return [self.scalar(kind) for _ in range(self.random.choice([1, 1, 1, 2, 3]))]

    def upstream(self):
        entry = self.members(self.rules["$defs"]["upstream"])
        if self.often(0.97):
            entry["url"] = self.scalar("url")
        return entry if self.often(0.9) else self.random.choice([None, [], *[self.scalar("url") for _ in range(6)]])

    def server(self):
        return self.random.choice([lambda: self.scalar("address"), lambda: self.scalar("url"), self.upstream])()

    def zones(self):
        return {str(self.scalar("zone")): [self.server() for _ in range(self.random.choice([1, 1, 2]))] for _ in range(self.random.choice([0, 1, 2]))}

    def value(self, name, rule):
        if "properties" in rule:
            return self.members(rule) if self.often(0.97) else self.random.choice([None, [], "text", 1])
        if name == "upstreams":
            return [self.upstream() for _ in range(self.random.choice([1, 1, 2]))]
        if name == "forward":
            return self.zones()
        if self.often(0.25) and "enum" in rule:
            return self.random.choice(rule["enum"])
        kind = KIND.get(name) or ("zone" if name == "allow" else "number")
        if rule.get("type") == "array":
            return self.list_of("zone" if "/zone" in json.dumps(rule) else kind)
        if rule.get("maximum") and self.often(0.6):
            edge = self.random.choice([rule["minimum"], rule["maximum"]]) + self.random.choice([-1, 0, 0, 0, 1])
            return self.random.choice([edge, str(edge)])
        return self.scalar(kind)

    def members(self, rule):
        names = list(rule["properties"])
        chosen = self.random.sample(names, k=min(len(names), self.random.choice([0, 1, 1, 2, 3])))
        out = {name: self.value(name, rule["properties"][name]) for name in chosen}
        if self.often(0.03):
            out[self.damaged(self.random.choice(names))] = 1
        return out

    def configuration(self):
        return self.members(self.rules)


def as_json(config):
    return json.dumps(config, ensure_ascii=False)


class Schema(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.rules = schema()
        cls.validator = Validator(cls.rules)
        folder = tempfile.TemporaryDirectory(prefix="tacet-schema-")
        cls.addClassCleanup(folder.cleanup)
        cls.folder = pathlib.Path(folder.name)

    def is_valid(self, path):
        try:
            return self.validator.is_valid(yaml.load(path.read_text(encoding="utf-8"), Loader=Yaml12))
        except (yaml.YAMLError, UnicodeDecodeError, ValueError):
            return False

    def test_is_a_schema_of_2020_12(self):
        jsonschema.Draft202012Validator.check_schema(self.rules)
        self.assertEqual(self.rules["$schema"], "https://json-schema.org/draft/2020-12/schema")

    def test_accepts_every_sample_and_each_sample_names_it_for_editors(self):
        for path in sorted((SOURCE / "conf").glob("*.yaml")):
            with self.subTest(path.name):
                self.assertTrue(self.is_valid(path))
                self.assertEqual(path.read_text().splitlines()[0], f"# yaml-language-server: $schema={SCHEMA_PATH}")

    def test_every_fixture_of_a_fault_is_refused_by_both(self):
        fixtures = sorted(BROKEN.glob("*.yaml"))
        self.assertGreater(len(fixtures), 10)
        for path in fixtures:
            with self.subTest(path.name):
                said = faults(path)
                self.assertTrue(said)
                self.assertFalse(self.is_valid(path) and not only_beyond_a_schema(said), said)

    def test_what_check_prints_is_valid(self):
        for path in sorted((SOURCE / "conf").glob("*.yaml")):
            printed = self.folder / "printed.yaml"
            printed.write_text(tacet.run("check", "--config", str(path)).stdout)
            self.assertTrue(self.is_valid(printed), path)

    def verdict(self, seed):
        """(accepted by both, refused by both, refused by the program only for what a schema cannot see); or a difference."""
        config = Generator(seed, self.rules).configuration()
        path = self.folder / f"{seed}.yaml"
        path.write_text(as_json(config), encoding="utf-8")
        said, valid = faults(path), self.validator.is_valid(config)
        path.unlink()
        if valid != (not said) and not (valid and only_beyond_a_schema(said)):
            why = [error.message[:200] for error in self.validator.iter_errors(config)]
            raise AssertionError(f"seed {seed}: {as_json(config)}\nprogram: {said or 'accepts'}\nschema: {why or 'accepts'}")
        return ("accepted" if valid else "refused") if valid != bool(said) else "beyond"

    def test_generated_configurations_get_one_verdict(self):
        with concurrent.futures.ThreadPoolExecutor(2) as pool:
            verdicts = list(pool.map(self.verdict, range(CASES)))
        counts = {what: verdicts.count(what) for what in ("accepted", "refused", "beyond")}
        print(f"{CASES} configurations: {counts}")
        self.assertGreater(counts["accepted"], CASES / 8)
        self.assertGreater(counts["refused"], CASES / 8)


if __name__ == "__main__":
    unittest.main()
