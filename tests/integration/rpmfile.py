# SPDX-License-Identifier: LGPL-2.1-or-later
"""Rpms written byte by byte, for what rpmbuild would never write: hostile paths, devices, lies."""
import gzip
import hashlib
import struct

NULL, CHAR, INT8, INT16, INT32, INT64, STRING, BIN, STRINGS, I18N = range(10)
MAGIC = b"\x8e\xad\xe8\x01\0\0\0\0"
S_IFREG, S_IFDIR, S_IFLNK, S_IFCHR = 0o100000, 0o040000, 0o120000, 0o020000


class Entry:
    """A file: what the header says of it, and what the payload has."""

    def __init__(self, path, data=b"data\n", mode=S_IFREG | 0o644, **lies):
        self.path, self.data, self.mode = path, data, mode
        self.size = lies.get("size", len(data))
        self.digest = lies.get("digest", hashlib.sha256(data).hexdigest())
        self.flags = lies.get("flags", 0)
        self.target = lies.get("target", "")
        self.in_payload = lies.get("in_payload", True)
        self.in_header = lies.get("in_header", True)
        self.payload_path = lies.get("payload_path", "." + path)
        self.payload_mode = lies.get("payload_mode", mode)
        self.caps = lies.get("caps", "")
        self.signature = lies.get("signature", b"")


def encode(kind, value):
    """The bytes of a tag's value, their alignment and the count."""
    if kind in (STRING,):
        return value.encode() + b"\0", 1, 1
    if kind in (STRINGS, I18N):
        return b"".join(text.encode() + b"\0" for text in value), 1, len(value)
    if kind == BIN:
        return value, 1, len(value)
    size, code = {INT16: (2, "H"), INT32: (4, "I"), INT64: (8, "Q")}[kind]
    return struct.pack(f">{len(value)}{code}", *value), size, len(value)


def header(region, tags):
    index, data = [], b""
    for tag, (kind, value) in sorted(tags.items()):
        body, align, count = encode(kind, value)
        data += b"\0" * (-len(data) % align)
        index.append(struct.pack(">IIII", tag, kind, len(data), count))
        data += body
    trailer = struct.pack(">IIiI", region, BIN, -(len(index) + 1) * 16, 16)
    index.insert(0, struct.pack(">IIII", region, BIN, len(data), 16))
    data += trailer
    return MAGIC + struct.pack(">II", len(index), len(data)) + b"".join(index) + data


def cpio(entries):
    out = b""
    for number, entry in enumerate([*entries, None]):
        name = entry.payload_path if entry else "TRAILER!!!"
        mode = entry.payload_mode if entry else 0
        data = b"" if entry is None or entry.mode & 0o170000 == S_IFDIR else entry.data
        if entry and entry.mode & 0o170000 == S_IFLNK:
            data = entry.target.encode()
        fields = (number + 1 if entry else 0, mode, 0, 0, 1, 0, len(data), 0, 0, 1, 3,
                  len(name.encode()) + 1, 0)
        out += b"070701" + b"".join(b"%08x" % field for field in fields) + name.encode() + b"\0"
        out += b"\0" * (-len(out) % 4)
        out += data + b"\0" * (-len(data) % 4)
    return out


def rpm(entries, name="evil", version="1", release="1", arch="noarch", tail=b""):
    """The bytes of an rpm whose header's digests are right, whatever else it says."""
    listed = [entry for entry in entries if entry.in_header]
    payload = gzip.compress(cpio([entry for entry in entries if entry.in_payload]), mtime=0) + tail
    folders = sorted({entry.path.rpartition("/")[0] + "/" for entry in listed})
    tags = {
        1000: (STRING, name), 1001: (STRING, version), 1002: (STRING, release),
        1004: (I18N, ["summary"]), 1005: (I18N, ["description"]), 1014: (STRING, "MIT"),
        1021: (STRING, "linux"), 1022: (STRING, arch), 1044: (STRING, f"{name}-1-1.src.rpm"),
        1124: (STRING, "cpio"), 1125: (STRING, "gzip"), 1126: (STRING, "9"),
        1009: (INT32, [sum(entry.size for entry in listed) & 0xffffffff]),
    }
    if listed:
        count = len(listed)
        tags |= {
            1028: (INT32, [entry.size for entry in listed]),
            1030: (INT16, [entry.mode for entry in listed]),
            1033: (INT16, [0] * count), 1034: (INT32, [0] * count),
            1035: (STRINGS, [entry.digest if entry.mode & 0o170000 == S_IFREG else ""
                             for entry in listed]),
            1036: (STRINGS, [entry.target for entry in listed]),
            1037: (INT32, [entry.flags for entry in listed]),
            1039: (STRINGS, ["root"] * count), 1040: (STRINGS, ["root"] * count),
            1045: (INT32, [0xffffffff] * count), 1095: (INT32, [1] * count),
            1096: (INT32, list(range(1, count + 1))), 1097: (STRINGS, [""] * count),
            1116: (INT32, [folders.index(entry.path.rpartition("/")[0] + "/")
                           for entry in listed]),
            1117: (STRINGS, [entry.path.rpartition("/")[2] for entry in listed]),
            1118: (STRINGS, folders), 5011: (INT32, [8]),
        }
        if any(entry.caps for entry in listed):
            tags[5010] = (STRINGS, [entry.caps for entry in listed])
    main = header(63, tags)
    signed = {}
    if any(entry.signature for entry in listed):
        # as rpmsign --signfiles: all of one length
        length = max(len(entry.signature) for entry in listed)
        signed = {274: (STRINGS, [entry.signature.ljust(length, b"\0").hex() for entry in listed]),
                  275: (INT32, [length])}
    signature = header(62, {
        **signed,
        269: (STRING, hashlib.sha1(main).hexdigest()),
        273: (STRING, hashlib.sha256(main).hexdigest()),
        1000: (INT32, [len(main) + len(payload)]),
        1004: (BIN, hashlib.md5(main + payload).digest()),
    })
    lead = b"\xed\xab\xee\xdb\x03\0\0\0\0\x01" + name.encode()[:65].ljust(66, b"\0")
    lead += struct.pack(">HH", 1, 5) + b"\0" * 16
    signature += b"\0" * (-len(signature) % 8)
    return lead + signature + main + payload
