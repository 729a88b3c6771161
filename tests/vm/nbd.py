# SPDX-License-Identifier: LGPL-2.1-or-later
"""A disk with a write cache that can lose what was not flushed: a server of the NBD protocol.

    with CacheDisk("copy.raw", "/tmp/x/disk.sock") as disk:
        ... a machine uses nbd:unix:/tmp/x/disk.sock and is killed ...
        disk.lose_power(random.Random(7))

What QEMU writes stays in memory until it flushes (or sets FUA). When the power goes, each block
that was not flushed is on the disk or is not, one independent of the other, as a real disk's cache
may leave it. With `honest` set nothing is lost.
"""
import os
import socket
import struct
import threading

BLOCK = 4096
MAGIC_OPTION = 0x49484156454F5054
MAGIC_OPTION_REPLY = 0x3E889045565A9
MAGIC_REQUEST = 0x25609513
MAGIC_REPLY = 0x67446698
OPTION_ABORT, OPTION_INFO, OPTION_GO = 2, 6, 7
REPLY_ACK, REPLY_INFO, REPLY_UNSUPPORTED = 1, 3, 0x80000001
INFO_EXPORT = 0
FLAGS = 1 | 4 | 8  # has flags, flush, FUA
READ, WRITE, DISCONNECT, FLUSH = 0, 1, 2, 3
COMMAND_FUA = 1


class CacheDisk:
    """Serves the file `path` at the unix socket `address`, to one client after the other."""

    def __init__(self, path, address, honest=False):
        self.honest = honest
        self.pending = {}
        self.n_flushes = 0
        self.n_lost = 0
        self.lock = threading.Lock()
        self.fd = os.open(path, os.O_RDWR)
        self.size = os.fstat(self.fd).st_size
        self.listener = socket.socket(socket.AF_UNIX)
        if os.path.exists(address):
            os.unlink(address)  # of a disk before
        self.listener.bind(address)
        self.listener.listen(1)
        self.client = None
        self.thread = threading.Thread(target=self._serve, daemon=True)
        self.thread.start()

    def __enter__(self):
        return self

    def __exit__(self, *_exc):
        # shutting it down ends accept(), which closing alone does not
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        self.thread.join(30)
        os.close(self.fd)

    def flush(self):
        """What the cache holds is on the disk."""
        with self.lock:
            self._flush()

    def lose_power(self, random):
        """The client is gone; so is what it had not flushed, or a part of it."""
        with self.lock:
            keep = random.choice([0, 0.5, 0.9])
            for block, data in self.pending.items():
                if random.random() < keep:
                    os.pwrite(self.fd, data, block * BLOCK)
                else:
                    self.n_lost += 1
            self.pending.clear()

    def _flush(self):
        self.n_flushes += 1
        for block, data in self.pending.items():
            os.pwrite(self.fd, data, block * BLOCK)
        self.pending.clear()

    def _read(self, offset, length):
        data = os.pread(self.fd, length, offset)
        if not self.pending:
            return data
        first, last = offset // BLOCK, (offset + length - 1) // BLOCK
        found = [block for block in range(first, last + 1) if block in self.pending]
        if not found:
            return data
        # whole blocks around what is wanted
        data = bytearray(os.pread(self.fd, (last - first + 1) * BLOCK, first * BLOCK))
        for block in found:
            at = (block - first) * BLOCK
            data[at:at + BLOCK] = self.pending[block]
        start = offset - first * BLOCK
        return bytes(data[start:start + length])

    def _write(self, offset, data, fua):
        if self.honest or fua:
            # older writes to the same blocks must not come after it
            first, last = offset // BLOCK, (offset + len(data) - 1) // BLOCK
            for block in range(first, last + 1):
                old = self.pending.pop(block, None)
                if old is not None:
                    os.pwrite(self.fd, old, block * BLOCK)
            os.pwrite(self.fd, data, offset)
            return
        at = 0
        while at < len(data):
            block, inside = divmod(offset + at, BLOCK)
            part = data[at:at + BLOCK - inside]
            if len(part) < BLOCK:
                whole = bytearray(self._read(block * BLOCK, BLOCK))
                whole[inside:inside + len(part)] = part
                part_whole = bytes(whole)
            else:
                part_whole = bytes(part)
            self.pending[block] = part_whole
            at += len(part)

    def _serve(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            with client:
                try:
                    self._negotiate(client)
                    self._transmit(client)
                except (EOFError, OSError):
                    pass  # killed: that is what this is for

    @staticmethod
    def _take(client, length):
        data = bytearray()
        while len(data) < length:
            part = client.recv(min(length - len(data), 1 << 20))
            if not part:
                raise EOFError
            data += part
        return bytes(data)

    def _negotiate(self, client):
        client.sendall(b"NBDMAGIC" + struct.pack(">QH", MAGIC_OPTION, 3))  # fixed, no zeroes
        self._take(client, 4)
        while True:
            magic, option, length = struct.unpack(">QII", self._take(client, 16))
            if magic != MAGIC_OPTION:
                raise EOFError
            self._take(client, length)

            def reply(kind, data=b"", option=option):
                client.sendall(struct.pack(">QIII", MAGIC_OPTION_REPLY, option, kind, len(data)) + data)

            if option in (OPTION_GO, OPTION_INFO):
                reply(REPLY_INFO, struct.pack(">HQH", INFO_EXPORT, self.size, FLAGS))
                reply(REPLY_ACK)
                if option == OPTION_GO:
                    return
            elif option == OPTION_ABORT:
                reply(REPLY_ACK)
                raise EOFError
            else:
                reply(REPLY_UNSUPPORTED)

    def _transmit(self, client):
        while True:
            magic, flags, kind, cookie, offset, length = struct.unpack(
                ">IHHQQI", self._take(client, 28))
            if magic != MAGIC_REQUEST or kind == DISCONNECT:
                return
            data = b""
            if kind == WRITE:
                written = self._take(client, length)
            with self.lock:
                if kind == READ:
                    data = self._read(offset, length)
                elif kind == WRITE:
                    self._write(offset, written, flags & COMMAND_FUA)
                elif kind == FLUSH:
                    self._flush()
            client.sendall(struct.pack(">IIQ", MAGIC_REPLY, 0, cookie) + data)
