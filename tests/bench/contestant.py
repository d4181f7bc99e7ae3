"""A resolver that takes turns with others at the same questions: microseconds of its own CPU time for each answered query."""
import os
import re

import load


def cpu_time(pid):
    """Microseconds that the threads of a process have run."""
    total = 0
    for task in os.listdir(f"/proc/{pid}/task"):
        with open(f"/proc/{pid}/task/{task}/schedstat", encoding="ascii") as file:
            total += int(file.read().split()[0])
    return total / 1000


class Contestant:
    """`costs` has what each row's rounds took."""

    def __init__(self, name, pid, port):
        self.name, self.pid, self.port = name, pid, port
        self.costs = {}

    def ask(self, folder, row, names, repeated=1, outstanding=20):
        """Asks for A of each name, so many at a time. Without a row it only warms up."""
        path = os.path.join(folder, "names")
        with open(path, "w", encoding="ascii") as file:
            file.write("".join(f"{name} A\n" for name in names))
        before = cpu_time(self.pid)
        said = load.dnsperf(self.port, path, "-n", str(repeated), core=os.cpu_count() - 1, outstanding=outstanding, patience=120)
        spent = cpu_time(self.pid) - before
        answered = int(re.search(r"NOERROR (\d+)", said).group(1))
        assert answered == len(names) * repeated, said
        if row:
            self.costs.setdefault(row, []).append(spent / answered)
