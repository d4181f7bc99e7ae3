"""The life of a server program that a test takes away and brings back."""
import os

import scratch


class ServerProcess:
    """A context manager. A directory of its own stays over stop() and start(). Subclasses set `_command` and say _is_ready()."""

    def __init__(self, directory, name):
        self._name = name
        self._dir = os.path.join(directory, scratch.unique_name(name))
        os.mkdir(self._dir)
        os.chmod(self._dir, 0o755)
        self._command = []
        self._process = None
        self._output_before = 0

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.stop()

    def start(self):
        """Returns when it serves."""
        with open(self._path("output"), "ab") as output:
            self._output_before = output.tell()
            self._process = scratch.start(self._command, stdout=output, stderr=output)
        scratch.eventually(self._ready, within=60, what=lambda: f"{self._name}'s readiness\n{self.log()}")

    def stop(self):
        if self._process:
            self._end()
            self._process = None

    def _end(self):
        scratch.end(self._process)

    def _ready(self):
        if self._process.poll() is not None:
            raise RuntimeError(f"{self._name} ended with {self._process.returncode}:\n{self.log()}")
        return self._is_ready()

    def log(self):
        """Everything it has said so far, for failure messages."""
        return self._text("output")

    def _text(self, name):
        """Of a file in its directory; empty without one."""
        if not os.path.exists(self._path(name)):
            return ""
        with open(self._path(name), encoding="utf-8", errors="replace") as file:
            return file.read()

    def _path(self, name):
        return os.path.join(self._dir, name)
