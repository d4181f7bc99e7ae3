"""The log of queries, which is off unless asked for."""
import contextlib
import datetime
import json
import os
import pathlib
import re
import socket
import subprocess
import time
import unittest

import dnsclient
import sanitizer
import scratch
import servers
from case import UnboundCase


class QueryLog(UnboundCase):
    def setUp(self):
        self.folder = pathlib.Path(self.directory, scratch.unique_name("log"))
        self.folder.mkdir()
        self.folder.chmod(0o777)  # who was started as root is root no more
        self.file = self.folder / "queries.log"

    def logging(self, settings=None, **more):
        return self.tacet(self.upstream.doh_url(), query_log={"to": str(self.file), **more}, **(settings or {}))

    def lines(self, count, file=None):
        """The lines, as soon as there are so many."""
        file = file or self.file

        def read():
            text = file.read_text() if file.exists() else ""
            return [json.loads(line) for line in text.splitlines()] if text.count("\n") >= count else None

        return scratch.eventually(read, what=lambda: f"{count} lines in {file}")

    def test_by_default_no_name_is_written_anywhere(self):
        daemon = self.tacet(self.upstream.doh_url())
        daemon.ask("www.example.com")
        daemon.ask("secret.example.com")
        files = [os.readlink(f"/proc/{daemon.process.pid}/fd/{number}") for number in os.listdir(f"/proc/{daemon.process.pid}/fd")]
        self.assertEqual([file for file in files if file.startswith("/") and not re.match("/dev/|/proc/|.*/stderr$", file)], [])
        self.assertNotRegex(daemon.log(), "(www|secret).example.com")
        self.assertEqual(daemon.status()["query_log"], {"to": "off", "written": 0, "dropped": 0, "failed": 0})
        self.assertNotIn("query log", daemon.verb("status").stdout)
        daemon.stop()
        for path in pathlib.Path(daemon.directory).rglob("*"):
            if path.is_file():
                self.assertNotRegex(path.read_bytes(), b"(www|secret).example.com")

    @sanitizer.unless_built_with_one("it keeps its user, root")
    @unittest.skipUnless(os.geteuid() == 0, "makes a file that tacet's user may not write to")
    def test_a_file_that_logrotate_has_made_as_root_is_told_with_what_to_do(self):
        daemon = self.logging()
        daemon.ask("www.example.com")
        self.lines(1)
        made = self.folder / "made"
        made.touch(mode=0o640)
        made.rename(self.file)
        scratch.eventually(lambda: daemon.ask("www.example.com") and "write nocreate there" in daemon.log(), what=daemon.log)
        self.file.unlink()
        scratch.eventually(lambda: daemon.ask("www.example.com") and self.file.exists() and self.file.stat().st_size, what=daemon.log)

    def test_each_query_is_a_line_that_says_where_its_answer_came_from(self):
        daemon = self.logging({"workers": 1})  # whose lines are in order
        before = datetime.datetime.now(datetime.timezone.utc)
        daemon.ask("www.example.com")
        daemon.ask("www.example.com", "AAAA", tcp=True)
        daemon.ask("www.example.com")
        daemon.ask("printer.local")
        daemon.ask("nothing.example.com")
        lines = self.lines(5)
        self.assertEqual([(one["name"], one["type"], one["rcode"], one["source"], one["transport"]) for one in lines],
                         [("www.example.com", "A", "NOERROR", "upstream", "udp"), ("www.example.com", "AAAA", "NOERROR", "upstream", "tcp"),
                          ("www.example.com", "A", "NOERROR", "cache", "udp"), ("printer.local", "A", "NXDOMAIN", "policy", "udp"),
                          ("nothing.example.com", "A", "NXDOMAIN", "upstream", "udp")])
        self.assertEqual([one["upstream"] for one in lines], [self.upstream.doh_url(), self.upstream.doh_url(), None, None, self.upstream.doh_url()])
        for one in lines:
            self.assertEqual((one["client"], one["ede"]), ("127.0.0.1", None))
            self.assertTrue(0 <= one["duration_ms"] < 5000, one)
            when = datetime.datetime.fromisoformat(one["time"].replace("Z", "+00:00"))
            self.assertLess(abs((when - before).total_seconds()), 5)
        self.assertEqual(self.file.stat().st_mode & 0o777, 0o600)
        self.assertEqual(daemon.status()["query_log"]["written"], 5)
        self.assertIn(f"query log 5 queries to {self.file}; 0 dropped, 0 could not be written", daemon.verb("status").stdout)

    def test_a_failure_has_its_extended_error(self):
        daemon = self.tacet(f"tls://127.0.0.1:{scratch.free_port()}", query_log={"to": str(self.file)})
        answer = daemon.ask("www.example.com")
        one, = self.lines(1)
        self.assertEqual((one["rcode"], one["source"]), ("SERVFAIL", "failure"))
        self.assertEqual(one["ede"], dnsclient.ede(answer)[0])

    def test_what_is_masked_or_omitted_is_in_no_line(self):
        daemon = self.logging(names="mask", clients="mask")
        daemon.ask("secret.many.example.com")
        one, = self.lines(1)
        self.assertEqual((one["name"], one["client"]), ("example.com", "127.0.0.0"))
        daemon.stop()
        self.file.unlink()
        daemon = self.logging(names="omit", clients="omit")
        daemon.ask("secret.many.example.com")
        one, = self.lines(1)
        self.assertFalse({"name", "client"} & one.keys())
        del one["upstream"]
        self.assertNotRegex(json.dumps(one), r"example|127\.")

    def test_what_waits_is_written_at_the_end(self):
        daemon = self.logging()
        daemon.ask("www.example.com")
        daemon.stop()
        self.assertEqual(len(self.file.read_text().splitlines()), 1)

    def journal_of(self, stream, daemon, **where):
        """The same daemon with output as given, told that `stream` is the journal's."""
        status = os.fstat(stream.fileno())
        environment = {**os.environ, "JOURNAL_STREAM": f"{status.st_dev}:{status.st_ino}"}
        daemon.process = self.child(os.environ["TACET_BINARY"], "run", "--config", daemon.config, env=environment, **where)
        scratch.eventually(lambda: daemon.verb("status").returncode == 0, what=lambda: "its start")
        daemon.ask("www.example.com")

    def stopped(self, **settings):
        daemon = self.tacet(self.upstream.doh_url(), **settings)
        daemon.stop()
        return daemon

    def test_what_the_journal_reads_has_a_priority(self):
        daemon = self.stopped(query_log={"to": "journal"})
        ours, theirs = socket.socketpair()
        with ours, theirs:
            self.journal_of(theirs, daemon, stdout=theirs, stderr=theirs)
            ours.settimeout(10)
            text = b""
            while b"{" not in text or not text.endswith(b"\n"):
                text += ours.recv(65536)
        for line in text.splitlines():
            self.assertRegex(line, rb"^<[3467]>")
        self.assertEqual(json.loads(text.splitlines()[-1].removeprefix(b"<6>"))["name"], "www.example.com")

    def test_under_a_service_manager_a_file_has_json_and_no_priorities(self):
        daemon = self.stopped(query_log={"to": str(self.file)})
        with open(os.devnull, "wb") as null:
            ours, theirs = socket.socketpair()
            with ours, theirs:
                self.journal_of(theirs, daemon, stdout=null, stderr=theirs)
                self.assertEqual(self.lines(1)[0]["name"], "www.example.com")
                self.assertTrue(ours.recv(65536).startswith(b"<"))  # the log itself does go to the journal

    def test_output_that_was_sent_elsewhere_has_no_priorities(self):
        """JOURNAL_STREAM is inherited by whatever a service starts, and its output may go to a file or a pipe."""
        daemon = self.stopped(query_log={"to": "journal"})
        out, log = self.folder / "out", self.folder / "log"
        ours, theirs = socket.socketpair()
        with ours, theirs, open(out, "wb") as out_file, open(log, "wb") as log_file:
            self.journal_of(theirs, daemon, stdout=out_file, stderr=log_file)
            self.assertEqual(self.lines(1, out)[0]["name"], "www.example.com")
        for line in log.read_text().splitlines():
            self.assertRegex(line, r"^\d{4}-\d\d-\d\dT")

    def test_files_are_rotated_by_size_and_each_stays_within_it(self):
        daemon = self.logging(max_size="64KiB", keep=2)
        for _ in range(3):
            daemon.ask("www.example.com")
        line = len(self.file.read_bytes() if self.lines(3) else b"") // 3
        count = 4 * 65536 // line
        flood(daemon, count)
        scratch.eventually(lambda: daemon.status()["query_log"]["written"] + daemon.status()["query_log"]["dropped"] >= count,
                           what=lambda: daemon.status()["query_log"])
        names = sorted(path.name for path in self.folder.iterdir())
        self.assertEqual(names, ["queries.log", "queries.log.1", "queries.log.2"])
        for path in self.folder.iterdir():
            self.assertLessEqual(path.stat().st_size, 65536)
            for one in path.read_text().splitlines():
                json.loads(one)

    def test_a_file_that_logrotate_moves_away_is_followed_by_a_new_one(self):
        daemon = self.logging()
        daemon.ask("www.example.com")
        self.lines(1)
        self.file.rename(self.folder / "moved")

        def asked():
            daemon.ask("www.example.com")
            return self.file.exists()

        scratch.eventually(asked, what=lambda: "a new file")
        self.assertEqual(self.lines(1)[0]["name"], "www.example.com")

    def test_a_path_that_cannot_be_written_is_said_and_dns_goes_on(self):
        self.file.mkdir()
        self.file.chmod(0o777)
        daemon = self.logging()
        daemon.await_log("the query log cannot be written.*Is a directory")
        for _ in range(3):
            self.assertEqual(dnsclient.addresses(daemon.ask("www.example.com")), [servers.ADDRESS])
        scratch.eventually(lambda: daemon.status()["query_log"]["failed"] == 3, what=lambda: daemon.status()["query_log"])
        self.assertEqual(len(daemon.log_lines("query log cannot")), 1)
        self.file.rmdir()
        daemon.ask("www.example.com")
        self.assertEqual(len(self.lines(1)), 1)

    def test_a_directory_that_is_missing_is_made_for_the_daemon_alone(self):
        self.file = self.folder / "missing" / "queries.log"
        daemon = self.logging()
        daemon.ask("www.example.com")
        self.assertEqual(len(self.lines(1)), 1)
        status = self.file.parent.stat()
        self.assertEqual(status.st_mode & 0o777, 0o750)
        self.assertEqual(status.st_uid, self.file.stat().st_uid)
        daemon.stop()
        daemon.start()  # where it is there
        daemon.ask("www.example.com")
        self.assertEqual(len(self.lines(2)), 2)

    def test_a_directory_that_cannot_be_made_is_refused_with_what_to_make(self):
        config = self.folder / "tacet.yaml"
        missing = self.folder / "no" / "such"
        config.write_text(f'listen: ["127.0.0.1:{scratch.free_port()}"]\ncontrol: {{socket: ""}}\nquery_log: {{to: {missing}/queries.log}}\n')
        done = subprocess.run([os.environ["TACET_BINARY"], "run", "--config", config], capture_output=True, text=True, timeout=30)
        self.assertEqual(done.returncode, 78)
        self.assertIn(f"query_log.to: the directory {missing} is not there and cannot be made: No such file or directory. Make it (`mkdir -p {missing}`", done.stderr)
        self.assertFalse(missing.parent.exists())

    @unittest.skipUnless(os.geteuid() == 0, "only root can mount a small disk")
    def test_a_full_disk_costs_lines_but_no_answers_and_is_over_when_there_is_room(self):
        subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "tacet-test", self.folder], check=True)
        self.addCleanup(subprocess.run, ["umount", "-l", self.folder], check=True)
        daemon = self.logging()
        ballast = self.folder / "ballast"
        with open(ballast, "wb", buffering=0) as file, contextlib.suppress(OSError):
            while file.write(b"x" * 1024):
                pass
        flood(daemon, 200)
        scratch.eventually(lambda: daemon.status()["query_log"]["failed"] > 0, what=lambda: daemon.status()["query_log"])
        self.assertEqual(dnsclient.addresses(daemon.ask("www.example.com")), [servers.ADDRESS])
        self.assertEqual(len(daemon.log_lines("the query log cannot be written")), 1)
        ballast.unlink()
        daemon.ask("short.example.com")
        # The line before this one may still wait for room, so a count of lines does not say which one was written.
        scratch.eventually(lambda: "short.example.com" in self.file.read_text(), what=lambda: daemon.status()["query_log"])
        for one in self.file.read_text().splitlines():  # whole lines only
            json.loads(one)

    def test_more_than_can_be_written_is_dropped_and_counted_not_waited_for(self):
        read, write = os.pipe()  # nobody reads
        config = self.tacet(self.upstream.doh_url(), query_log={"to": "journal"})
        config.stop()
        process = self.child(os.environ["TACET_BINARY"], "run", "--config", config.config, stdout=write, stderr=subprocess.DEVNULL)
        os.close(write)
        self.addCleanup(os.close, read)
        scratch.eventually(lambda: config.verb("status").returncode == 0, what=lambda: "its start")
        config.process = process
        config.ask("www.example.com")
        flood(config, 20000)
        begun = time.monotonic()
        config.ask("www.example.com")
        self.assertLess(time.monotonic() - begun, 4)
        scratch.eventually(lambda: config.status()["query_log"]["dropped"] + config.status()["query_log"]["failed"] > 0, what=lambda: config.status()["query_log"])
        config.stop()


def flood(daemon, count):
    """Asks a cached name so often, as fast as it goes."""
    path = os.path.join(daemon.directory, "names")
    with open(path, "w", encoding="ascii") as file:
        file.write("www.example.com A\n")
    done = subprocess.run(["dnsperf", "-s", daemon.address, "-p", str(daemon.port), "-d", path, "-n", str(count), "-l", "20"], capture_output=True, text=True, timeout=40)
    assert re.search(rf"Queries completed: +{count} ", done.stdout), done.stdout


if __name__ == "__main__":
    unittest.main()
