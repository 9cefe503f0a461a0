#!/usr/bin/env python3
"""Makes a tar archive of a folder, a right one or one that lies.

    mktar.py ARCHIVE FOLDER [OPTION...]

Members are sorted by path, with folders, in the form of POSIX. Options, which may repeat:

    gnu, old             the form of GNU; that before POSIX
    add=NAME=TEXT        a further member
    name=OLD=NEW         the member under another name
    link=NAME=TARGET     a symbolic link
    hard=NAME=TARGET     a hard link
    fifo=NAME            a FIFO
    type=NAME=C          a header of that type
    size=NAME=N          another size than it has, in the header
    sum=NAME             a wrong checksum
    record=NAME=KEY=TEXT a record of pax for the member
    global=KEY=TEXT      one for all members
    long=NAME=TEXT       its name as GNU writes long ones
    prefix=NAME=TEXT     the field in which POSIX has the beginning of a long name
    cut=N                without the last N bytes
    after=TEXT           bytes after the end
    more                 a second archive of nothing but a file after the end
"""
import os
import pathlib
import sys

BLOCK = 512


def padded(data):
    return data + bytes(-len(data) % BLOCK)


class Member:
    def __init__(self, name, data=b"", kind=b"0", target=b""):
        self.name, self.data, self.kind, self.target = name, data, kind, target
        self.size = len(data)
        self.is_wrong = False
        self.records = []
        self.prefix = b""
        self.long = None


class Archive:
    def __init__(self):
        self.members = []
        self.magic = b"ustar\x0000"
        self.common = []
        self.cut = 0
        self.after = b""

    def find(self, name):
        for member in self.members:
            if member.name == name:
                return member
        raise SystemExit(f"mktar: no member {name}")

    def add(self, *words):
        self.members.append(Member(*words))

    def option(self, text):
        word, *values = text.split(b"=", 2)
        name, value = (values + [b"", b""])[:2]
        word = word.decode()
        if word == "gnu":
            self.magic = b"ustar  \x00"
        elif word == "old":
            self.magic = bytes(8)
        elif word == "add":
            self.add(name, value)
        elif word == "name":
            self.find(name).name = value
        elif word == "link":
            self.add(name, b"", b"2", value)
        elif word == "hard":
            self.add(name, b"", b"1", value)
        elif word == "fifo":
            self.add(name, b"", b"6")
        elif word == "type":
            self.find(name).kind = value
        elif word == "size":
            self.find(name).size = int(value)
        elif word == "sum":
            self.find(name).is_wrong = True
        elif word == "record":
            self.find(name).records.append(value)
        elif word == "prefix":
            self.find(name).prefix = value
        elif word == "global":
            self.common.append(name + b"=" + value)
        elif word == "long":
            self.find(name).long = value
        elif word == "cut":
            self.cut = int(name)
        elif word == "after":
            self.after = name
        elif word == "more":
            self.after = self.header(Member(b"hidden.txt")) + bytes(2 * BLOCK)
        else:
            raise SystemExit(f"mktar: unknown option {word}")

    def header(self, member):
        head = bytearray(BLOCK)
        for at, field in ((0, member.name[:100]), (100, b"0000644\0"), (108, b"0000000\0"),
                          (116, b"0000000\0"), (124, b"%011o\0" % member.size), (136, b"00000000000\0"),
                          (148, b" " * 8), (156, member.kind), (157, member.target), (257, self.magic),
                          (345, member.prefix)):
            head[at:at + len(field)] = field
        head[148:156] = b"%06o\0 " % (sum(head) + member.is_wrong)
        return bytes(head)

    def records(self, kind, records):
        text = b""
        for record in records:
            size = len(record) + 2
            size += len(str(size + len(str(size))))
            text += b"%d %s\n" % (size, record)
        return self.header(Member(b"records", text, kind)) + padded(text)

    def bytes(self):
        out = self.records(b"g", self.common) if self.common else b""
        for member in self.members:
            if member.long is not None:
                text = member.long + b"\0"
                out += self.header(Member(b"././@LongLink", text, b"L")) + padded(text)
            if member.records:
                out += self.records(b"x", member.records)
            out += self.header(member) + padded(member.data)
        out += bytes(2 * BLOCK) + self.after
        return out[:len(out) - self.cut]


def make(file, folder, options):
    archive = Archive()
    for place, folders, files in os.walk(os.fsencode(folder)):
        for name in folders + files:
            path = os.path.join(place, name)
            relative = os.path.relpath(path, os.fsencode(folder))
            if os.path.isdir(path):
                archive.add(relative + b"/", b"", b"5")
            else:
                archive.add(relative, pathlib.Path(os.fsdecode(path)).read_bytes())
    archive.members.sort(key=lambda member: member.name)
    for option in options:
        archive.option(os.fsencode(option))
    pathlib.Path(file).write_bytes(archive.bytes())


if __name__ == "__main__":
    make(sys.argv[1], sys.argv[2], sys.argv[3:])
