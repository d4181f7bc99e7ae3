"""dnsperf as the load, and what a resolver and all that it started spend meanwhile."""
import os
import re
import subprocess
from collections import namedtuple

# One run: counts, the resolver's user and system time in seconds, the run's length, and the mean latency in seconds.
Run = namedtuple("Run", "sent answered noerror cpu seconds latency")

CLIENTS = 4
TIMEOUT = 2  # seconds after which dnsperf counts a query as lost
_TICKS = os.sysconf("SC_CLK_TCK")


def cpu_seconds(root):
    """User and system time of a process, of its living descendants and of those it has waited for."""
    stats = {}
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            try:
                with open(f"/proc/{entry}/stat", encoding="utf-8", errors="replace") as file:
                    stats[int(entry)] = file.read().rpartition(")")[2].split()
            except (FileNotFoundError, ProcessLookupError):
                pass
    family, grown = {root}, True
    while grown:
        children = {pid for pid, fields in stats.items() if int(fields[1]) in family}
        grown = not children <= family
        family |= children
    return sum(int(ticks) for pid in family if pid in stats for ticks in stats[pid][11:15]) / _TICKS


def dnsperf(port, names, *words, core, outstanding, patience):
    """What dnsperf prints. `names` is a file of its kind."""
    done = subprocess.run(["taskset", "-c", str(core), "dnsperf", "-s", "127.0.0.1", "-p", str(port), "-d", names, "-c", str(CLIENTS),
                           "-q", str(outstanding), "-t", str(TIMEOUT), *words], capture_output=True, text=True, timeout=patience)
    if "Queries completed" not in done.stdout:
        raise RuntimeError(f"dnsperf: {done.stdout}{done.stderr}")
    return done.stdout


def measure(pid, port, names, seconds, *words, core, outstanding):
    """A Run of at most `seconds`; with the words "-n 1" it also ends when each name was asked."""
    before = cpu_seconds(pid)
    text = dnsperf(port, names, "-l", str(seconds), *words, core=core, outstanding=outstanding, patience=seconds + 30)
    return Run(sent=_number(text, r"Queries sent:\s+(\d+)"), answered=_number(text, r"Queries completed:\s+(\d+)"),
               noerror=_number(text, r"NOERROR (\d+)"), cpu=cpu_seconds(pid) - before,
               seconds=_number(text, r"Run time \(s\):\s+([\d.]+)"), latency=_number(text, r"Average Latency \(s\):\s+([\d.]+)"))


def _number(text, pattern):
    found = re.search(pattern, text)
    return float(found.group(1)) if found and "." in found.group(1) else int(found.group(1)) if found else 0
