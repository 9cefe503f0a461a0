#!/usr/bin/python3
"""Writes a registry hive: mkhive.py OUT [--dirty] KEY [NAME=VALUE...] [KEY [NAME=VALUE...]]...

A KEY is a path below the root with '\\' between the parts; an argument with '=' is a value of the
key before it: text, with "dword:" in front a number, with "raw:TYPE:" in front data of that type in
hexadecimal, with "padded:SIZE:" a string and NULs up to that size, or "damaged:", a string whose
data lie outside the hive. Data above 16,344 bytes are
stored in pieces. Before the first key, "--dirty" makes the sequence numbers differ; after a key, the
value "@=loop:" lists the root below it. Keys are sorted and listed in "lf" lists,
in "ri" lists of them when a key has more than 500.
"""
import struct
import sys

LIST_MAX = 500
PIECE = 16344


class Hive:
    def __init__(self, is_dirty=False):
        self.cells = bytearray()
        self.is_dirty = is_dirty
        self.loops = []  # places in the cells where the offset of the root belongs

    def cell(self, data):
        """Appends a cell in use; returns its offset after the header."""
        offset = 32 + len(self.cells)
        size = (4 + len(data) + 7) & ~7
        self.cells += struct.pack("<i", -size) + data + bytes(size - 4 - len(data))
        return offset

    def data(self, content):
        """The cell of a value's data, or the cell "db" of their pieces."""
        if len(content) <= PIECE:
            return self.cell(content)
        pieces = [self.cell(content[at:at + PIECE]) for at in range(0, len(content), PIECE)]
        places = self.cell(struct.pack(f"<{len(pieces)}I", *pieces))
        return self.cell(b"db" + struct.pack("<HII", len(pieces), places, 0))

    def value(self, name, text):
        if text.startswith("dword:"):
            kind, size, data = 4, 0x80000004, int(text[6:], 0)
        elif text.startswith("padded:"):
            size, text = text[7:].split(":")
            content = text.encode("utf-16-le").ljust(int(size), b"\0")
            kind, size, data = 1, len(content), self.data(content)
        elif text == "damaged:":
            kind, size, data = 1, 64, 0x00FFFFF8
        elif text.startswith("raw:"):
            kind, content = text[4:].split(":")
            content = bytes.fromhex(content)
            kind, size, data = int(kind), len(content), self.data(content)
            if size <= 4:
                size, data = size | 0x80000000, int.from_bytes(content.ljust(4, b"\0"), "little")
        else:
            wide = (text + "\0").encode("utf-16-le")
            kind, size, data = 1, len(wide), self.data(wide)
        return self.cell(b"vk" + struct.pack("<HIIIHH", len(name), size, data, kind, 1, 0) +
                         name.encode("latin-1"))

    def key(self, name, tree, is_root=False):
        keys = [self.key(child, tree[0][child]) for child in sorted(tree[0], key=str.upper)]
        names = sorted(tree[0], key=str.upper)
        values = {name: text for name, text in tree[1].items() if text != "loop:"}
        has_loop = len(values) < len(tree[1])
        if has_loop:
            keys, names = keys + [0], names + ["ROOT"]
        lists = []
        for start in range(0, len(keys), LIST_MAX):
            part = list(zip(keys, names))[start:start + LIST_MAX]
            lists.append(self.cell(b"lf" + struct.pack("<H", len(part)) + b"".join(
                struct.pack("<I4s", at, text[:4].encode("latin-1")) for at, text in part)))
        if has_loop:
            self.loops.append(lists[-1] - 32 + 8 + 8 * ((len(keys) - 1) % LIST_MAX))
        if len(lists) > 1:
            lists = [self.cell(b"ri" + struct.pack("<H", len(lists)) +
                               b"".join(struct.pack("<I", at) for at in lists))]
        values = [self.value(*pair) for pair in values.items()]
        value_list = self.cell(struct.pack(f"<{len(values)}I", *values)) if values else 0xFFFFFFFF
        return self.cell(b"nk" + struct.pack(
            "<HQIIIIIIIIIIIIIIIHH", 0x2C if is_root else 0x20, 0, 0, 0xFFFFFFFF, len(keys), 0,
            lists[0] if lists else 0xFFFFFFFF, 0xFFFFFFFF, len(values), value_list, 0xFFFFFFFF,
            0xFFFFFFFF, 0, 0, 0, 0, 0, len(name), 0) + name.encode("latin-1"))

    def write(self, tree):
        root = self.key("ROOT", tree, True)
        for place in self.loops:
            struct.pack_into("<I", self.cells, place, root)
        size = (32 + len(self.cells) + 4095) & ~4095
        rest = size - 32 - len(self.cells)
        if rest:
            self.cells += struct.pack("<i", rest) + bytes(rest - 4)
        header = bytearray(4096)
        header[0:48] = struct.pack("<4sIIQIIIIIII", b"regf", 1 + self.is_dirty, 1, 0, 1, 3, 0, 1, root, size, 1)
        total = 0
        for word in struct.unpack("<127I", header[:508]):
            total ^= word
        header[508:512] = struct.pack("<I", total)
        return bytes(header) + b"hbin" + struct.pack("<IIQQI", 0, size, 0, 0, 0) + bytes(self.cells)


def build(pairs, is_dirty=False):
    """pairs: (key path, {name: value})"""
    tree = ({}, {})
    for path, values in pairs:
        node = tree
        for part in path.split("\\"):
            node = node[0].setdefault(part, ({}, {}))
        node[1].update(values)
    return Hive(is_dirty).write(tree)


def main():
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    pairs = []
    words = sys.argv[2:]
    is_dirty = words[0] == "--dirty"
    for word in words[is_dirty:]:
        if "=" in word:
            pairs[-1][1].update([word.split("=", 1)])
        else:
            pairs.append((word, {}))
    with open(sys.argv[1], "wb") as file:
        file.write(build(pairs, is_dirty))


if __name__ == "__main__":
    main()
