"""An asyncio loop on a thread of its own, for servers that run inside the test's process."""
import asyncio
import threading

import scratch


class LoopThread:
    """Base of the fake servers: `open()` runs on the loop's thread before the block is entered, `close()` when it is left.
    `namespace`: the name of one of `ip netns`, or a function that moves the calling thread into its network."""

    def __init__(self, namespace=None):
        self._namespace = namespace
        self._loop = self._thread = None

    async def open(self):
        raise NotImplementedError

    async def close(self):
        raise NotImplementedError

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.stop()

    def start(self):
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()
        try:
            self.call(self.open())
        except BaseException:
            self._end()
            raise

    def stop(self):
        """As if the server's process had ended; start() brings it back at the same ports."""
        if self._thread:
            self.call(self.close())
            self._end()

    def call(self, coroutine):
        """Runs a coroutine on the loop and returns its result to this thread."""
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result(10)

    def _end(self):
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._thread = None

    def _run(self):
        if callable(self._namespace):
            self._namespace()
        elif self._namespace:
            scratch.enter_namespace(self._namespace)
        asyncio.set_event_loop(self._loop)
        self._loop.run_forever()
        for task in asyncio.all_tasks(self._loop):
            task.cancel()
            self._loop.run_until_complete(asyncio.gather(task, return_exceptions=True))
        self._loop.close()
