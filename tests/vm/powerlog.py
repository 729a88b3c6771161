# SPDX-License-Identifier: LGPL-2.1-or-later
"""Everything that a disk was asked to write, in order, and the disks that a power cut at any of
these moments could have left.

    with RecordingDisk("disk.raw", "/tmp/x/disk.sock") as disk:
        disk.mark("deploy")
        ... who uses the disk goes on ...
    for cut in disk.cuts("before.raw", positions, random.Random(7), "cut.raw"):
        ... cut.raw is the disk after that cut ...

`before.raw` is a copy of disk.raw from before the recording.
"""
import itertools
import subprocess
from dataclasses import dataclass

from nbd import BLOCK, CacheDisk

FLUSH = None


@dataclass
class Cut:
    """A power cut: `position` events had happened, the last mark was `phase`, and of the blocks
    that were not flushed `lost` were."""

    position: int
    phase: str
    pending: int
    lost: int

    def __str__(self):
        return f"at {self.position} in ‘{self.phase}’, {self.lost} of {self.pending} blocks lost"


class RecordingDisk(CacheDisk):
    """A disk that loses nothing, and remembers. Events are (offset, data, FUA) or FLUSH."""

    def __init__(self, path, address):
        super().__init__(path, address, honest=True)
        self.events = []
        self.marks = []

    def mark(self, phase):
        """What comes from now on belongs to another phase."""
        with self.lock:
            self.marks.append((len(self.events), phase))

    def write(self, offset, data):
        """A write of the boot loader's: nobody else uses the disk, and it is on it at once."""
        with self.lock:
            self._write(offset, data, fua=True)

    def _write(self, offset, data, fua):
        self.events.append((offset, bytes(data), fua))
        super()._write(offset, data, fua)

    def _flush(self):
        if self.events and self.events[-1] is not FLUSH:
            self.events.append(FLUSH)
        super()._flush()

    def phase(self, position):
        return [phase for start, phase in self.marks if start <= position][-1]

    def positions(self, count):
        """About `count` moments, as many in each phase: the last ones before flushes, when most can
        be lost, and others in between."""
        starts = [start for start, _ in self.marks] + [len(self.events)]
        phases = [range(start, end) for start, end in zip(starts, starts[1:]) if end > start]
        chosen = set()
        for i, phase in enumerate(phases):
            # what one had too few moments for is left to those after it
            share = max(1, (count - len(chosen)) // (len(phases) - i))
            flushes = [at for at in phase if self.events[at] is FLUSH]
            others = [at for at in phase if self.events[at] is not FLUSH]
            some = _spread(flushes, (share + 1) // 2)
            chosen.update(some + _spread(others, share - len(some)))
        return sorted(chosen)

    def cuts(self, before, positions, dice, image):
        """Yields a Cut for each of the sorted `positions`, when `image` is the disk after it."""
        stable = f"{image}.stable"
        _copy(before, stable)
        pending, at = {}, 0
        parts_kept = itertools.cycle([0, 0.5, 0, 0.9, 0, 1])
        with open(stable, "r+b") as disk:
            for position in positions:
                while at < position:
                    event = self.events[at]
                    at += 1
                    if event is FLUSH:
                        _put(disk, pending, pending)
                        pending = {}
                        continue
                    blocks = _take(disk, pending, *event[:2])
                    if event[2]:
                        _put(disk, pending, blocks)
                        pending = {key: data for key, data in pending.items() if key not in blocks}
                disk.flush()
                _copy(stable, image)
                keep = next(parts_kept) if pending else 1
                kept = [block for block in pending if dice.random() < keep]
                with open(image, "r+b") as made:
                    _put(made, pending, kept)
                yield Cut(position, self.phase(position), len(pending), len(pending) - len(kept))


def _spread(moments, count):
    return moments if count >= len(moments) else [
        moments[i * len(moments) // count] for i in range(count)]


def _copy(source, target):
    subprocess.run(["cp", "--sparse=always", source, target], check=True)


def _put(disk, pending, blocks):
    for block in blocks:
        disk.seek(block * BLOCK)
        disk.write(pending[block])


def _take(disk, pending, offset, data):
    """Whole blocks: what is written of one goes over what it had before. Returns which they are."""
    at, blocks = 0, set()
    while at < len(data):
        block, inside = divmod(offset + at, BLOCK)
        n_bytes = min(BLOCK - inside, len(data) - at)
        part = data[at:at + n_bytes]
        if n_bytes < BLOCK:
            whole = pending.get(block)
            if whole is None:
                disk.seek(block * BLOCK)
                whole = disk.read(BLOCK)
            part = whole[:inside] + part + whole[inside + n_bytes:]
        pending[block] = part
        blocks.add(block)
        at += n_bytes
    return blocks
