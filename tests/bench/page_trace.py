"""A person's page loads as a trace, and what a perfect cache would make of it. Pure: the same seed gives the same trace.

A page is a site's main name, then two waves of names: those of the site and those that many sites share. Each name is asked for as A, AAAA
and HTTPS at once. A name says itself how the upstream answers it: `r7-t300-d0.z2.example.com` has a TTL of 300 s and takes 0 ms upstream.
"""
import dataclasses
import math
import random

KINDS = (1, 28, 65)  # A, AAAA, HTTPS
TTLS = (30, 60, 60, 120, 300, 300, 600, 1800, 3600)
SITES, SHARED = 12, 30
SLOW_SHARE, SLOW_MS = 0.1, (100, 400)
WAVE = (5, 18)  # names
PAUSE = (2.0, 120.0)  # seconds, drawn by its logarithm
THINK = ((0.08, 0.25), (0.1, 0.4))  # seconds from the end of a stage to the next one
COMES_AGAIN, STRANGER = 0.92, 0.3  # a name's chance to be part of a visit; a wave's chance to have a name that never comes again


@dataclasses.dataclass(frozen=True)
class Name:
    """A name, and what its own text says of it."""

    text: str
    ttl: int
    delay: float  # seconds that the upstream takes

    def wire(self):
        return b"".join(bytes([len(label)]) + label.encode() for label in self.text.split(".")) + b"\0"


@dataclasses.dataclass(frozen=True)
class Page:
    """One visit. `stages` are lists of names; `thinks[i]` is the time between the end of stage i and the next."""

    at: float
    stages: tuple
    thinks: tuple


class _Names:
    def __init__(self, draw):
        self._draw, self._made = draw, 0

    def make(self, ttl=None):
        """A new name; a zone of four names is slow as a whole."""
        if self._made % 4 == 0:
            self._slow = self._draw.random() < SLOW_SHARE
        self._made += 1
        ttl = ttl or self._draw.choice(TTLS)
        delay = self._draw.randint(*SLOW_MS) if self._slow else 0
        return Name(f"r{self._made}-t{ttl}-d{delay}.z{self._made // 4}.example.com", ttl, delay / 1000)


def pages(seed, seconds):
    """The visits of `seconds`, the first at 0."""
    draw = random.Random(seed)
    names = _Names(draw)
    shared = [names.make() for _ in range(SHARED)]
    sites = []
    for _ in range(SITES):
        waves = []
        for _ in THINK:
            size = draw.randint(*WAVE)
            common = draw.sample(shared, size // 3)
            waves.append(common + [names.make() for _ in range(size - len(common))])
        sites.append((names.make(), waves))
    weights = [1 / (rank + 1) for rank in range(SITES)]
    at, visits = 0.0, []
    while at < seconds:
        main, waves = draw.choices(sites, weights)[0]
        visits.append(_visit(draw, names, at, main, waves))
        at += math.exp(draw.uniform(*map(math.log, PAUSE)))
    return visits


def _visit(draw, names, at, main, waves):
    stages = [(main,)]
    for wave in waves:
        chosen = [name for name in wave if draw.random() < COMES_AGAIN]
        if draw.random() < STRANGER:
            chosen.append(names.make())
        draw.shuffle(chosen)
        stages.append(tuple(chosen))
    return Page(at, tuple(stages), tuple(draw.uniform(*think) for think in THINK))


def perfect(visits, takes):
    """(seconds waited on each page, queries sent upstream) by a cache that keeps every answer for its TTL and waits for each that it
    lacks: `takes()` seconds, drawn for each query, and what the upstream takes. It is asked before it asks."""
    fresh_until, waits, queries = {}, [], 0
    for page in visits:
        at, waited = page.at, 0.0
        for stage, think in zip(page.stages, (*page.thinks, 0.0)):
            longest = 0.0
            for name in stage:
                if fresh_until.get(name.text, 0.0) > at:
                    continue
                took = max(takes() for _ in KINDS) + name.delay
                fresh_until[name.text] = at + took + name.ttl
                queries += len(KINDS)
                longest = max(longest, took)
            waited += longest
            at += longest + think
        waits.append(waited)
    return waits, queries
