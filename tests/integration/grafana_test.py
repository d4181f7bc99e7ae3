"""The dashboard and the alert rules of packaging/grafana against a scrape of the real binary."""
import json
import pathlib
import re
import shutil
import subprocess
import unittest

import scratch
from case import UnboundCase

HERE = pathlib.Path(__file__).resolve().parent
FOLDER = HERE.parents[1] / "packaging" / "grafana"
# Labels that Prometheus adds, or that only an upstream of a zone has: without it, zone="" selects the others.
NOT_OURS = {"instance", "job", "le"}


def samples_of(text):
    """(name, labels) of each sample of an exposition."""
    for name, labels in re.findall(r"(?m)^([a-z_0-9]+)(?:\{(.*)\})? \S+$", text):
        yield name, dict(re.findall(r'([a-z_]+)="((?:[^"\\]|\\.)*)"', labels))


def selectors_of(text):
    """(name, matchers) of each series of ours in a text of queries; a matcher is (label, operator, value)."""
    for name, matchers in re.findall(r"\b(tacet_[a-z0-9_]+)(?:\{([^}]*)\})?", text):
        yield name, re.findall(r'([a-z_]+)(=~|!=|!~|=)"([^"]*)"', matchers)


def holds(labels, label, operator, value):
    if label in NOT_OURS:
        return True
    found = labels.get(label, "")
    match = re.fullmatch(value, found) is not None if "~" in operator else found == value
    return match != operator.startswith("!")


def queries(node):
    """Every query of a dashboard."""
    if isinstance(node, dict):
        yield from (node[key] for key in ("expr", "definition") if isinstance(node.get(key), str))
        node = list(node.values())
    for inner in node if isinstance(node, list) else ():
        yield from queries(inner)


class Series(UnboundCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.dashboard = json.loads((FOLDER / "tacet.json").read_text())
        cls.texts = {"dashboard": "\n".join(queries(cls.dashboard)), "alerts": (FOLDER / "alerts.yaml").read_text()}

    def scrape(self):
        daemon = self.tacet(self.upstream.doh_url(), forward={"lan": [f"127.0.0.1:{scratch.free_port()}"]})
        for _ in range(2):
            daemon.ask("www.example.com")
        return daemon.control("GET /metrics").decode().split("\r\n\r\n", 1)[1]

    def test_every_series_and_label_that_they_ask_for_is_scraped(self):
        samples = list(samples_of(self.scrape()))
        for kind, text in self.texts.items():
            selectors = list(selectors_of(text))
            self.assertGreater(len(selectors), 9, kind)
            for name, matchers in selectors:
                found = [labels for known, labels in samples if known == name]
                self.assertTrue(found, f"{kind}: {name} is not scraped")
                self.assertTrue([labels for labels in found if all(holds(labels, *matcher) for matcher in matchers)],
                                f"{kind}: {name}{matchers} selects nothing")

    def test_every_label_that_they_group_by_is_scraped(self):
        known = {label for _, labels in samples_of(self.scrape()) for label in labels} | NOT_OURS
        for text in self.texts.values():
            for group in re.findall(r"\bby \(([^)]*)\)", text):
                self.assertLessEqual({label.strip() for label in group.split(",")}, known, group)
            self.assertLessEqual(set(re.findall(r"\$labels\.([a-z_]+)", text)), known)

    def test_a_series_that_is_not_there_would_be_seen(self):
        self.assertEqual(list(selectors_of('rate(tacet_x_total{a="b",c!~"d"}[5m])')), [("tacet_x_total", [("a", "=", "b"), ("c", "!~", "d")])])
        self.assertFalse(holds({"source": "cache"}, "source", "=", "hit"))
        self.assertFalse(holds({"zone": "lan"}, "zone", "=", ""))
        self.assertTrue(holds({}, "zone", "=", ""))

    def test_the_dashboard_is_one_that_grafana_can_import(self):
        dashboard = self.dashboard
        self.assertEqual(dashboard["__inputs"][0]["name"], "DS_PROMETHEUS")
        self.assertEqual((dashboard["uid"], dashboard["id"]), ("tacet-overview", None))
        self.assertGreaterEqual(dashboard["schemaVersion"], 39)
        panels = dashboard["panels"]
        self.assertEqual(len({panel["id"] for panel in panels}), len(panels))
        required = {need["id"] for need in dashboard["__requires"]}
        taken = set()
        for panel in panels:
            place = panel["gridPos"]
            cells = {(x, y) for x in range(place["x"], place["x"] + place["w"]) for y in range(place["y"], place["y"] + place["h"])}
            self.assertFalse(cells & taken, panel["title"])
            self.assertLessEqual(place["x"] + place["w"], 24)
            taken |= cells
            if panel["type"] != "row":
                self.assertIn(panel["type"], required)
                self.assertTrue(panel["description"], panel["title"])
                self.assertTrue(panel["targets"], panel["title"])
                self.assertTrue(all(target["datasource"]["uid"] == "${DS_PROMETHEUS}" for target in panel["targets"]))
                self.assertTrue(all('instance=~"$instance"' in target["expr"] for target in panel["targets"]), panel["title"])

    @unittest.skipUnless(shutil.which("promtool"), "promtool is not here")
    def test_promtool_accepts_the_rules_and_they_fire_when_they_should(self):
        for words in (["check", "rules", FOLDER / "alerts.yaml"], ["test", "rules", HERE / "grafana_rules.yaml"]):
            done = subprocess.run(["promtool", *words], capture_output=True, text=True, timeout=60)
            self.assertEqual(done.returncode, 0, done.stdout + done.stderr)


if __name__ == "__main__":
    unittest.main()
