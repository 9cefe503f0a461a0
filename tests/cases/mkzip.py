#!/usr/bin/env python3
"""Makes a zip archive of a folder, a right one or one that lies.

    mkzip.py ARCHIVE FOLDER [OPTION...]

Members are deflated, sorted by path, with folders. Options, which may repeat:

    stored              stored members
    zip64               the fields of zip64 throughout, and its end record
    descriptor          sizes and CRC-32 after the data instead of before them
    descriptor-size     the same, but for the size, which some programs know before
    no-folders          no members for folders
    windows             made by a program of Windows, with '\\' between the parts of names
    add=NAME=TEXT       a further member
    name=OLD=NEW        the member under another name, in both headers
    local-name=OLD=NEW  the same in the header before its data alone
    link=NAME=TARGET    a symbolic link
    fifo=NAME           a FIFO
    method=NAME=N       another method, in both headers
    local-method=NAME=N in the header before its data alone
    local-size=NAME=N   another size there
    encrypt=NAME        marked as encrypted
    crc=NAME            a wrong CRC-32
    damage=NAME         its first block is of a type that deflate does not have
    size=NAME=N         another size than it has, in both headers
    zeros=NAME=N        a further member of N zeros
    deep=N=M=TIMES      so many further members, each N folders deep, of M letters each
    claim=NAME=N        a further member of a few bytes that says it has N
    unlisted=NAME       not in the central directory
    overlap=NAME=OTHER  the central directory places it at OTHER's data
    disk=N              the number of the disk, in the end record
    cut=N               without the last N bytes
    before=TEXT         bytes before the first member
    after=TEXT          bytes after the end record
    comment=TEXT        the archive's comment
    two-ends            a second archive of nothing in the comment
    early-end           the same, with bytes after it
    count=N             so many members, says the end record
"""
import os
import pathlib
import stat
import struct
import sys
import zlib


class Member:
    def __init__(self, name, data, mode):
        self.name = self.local_name = name
        self.data = data
        self.mode = mode
        self.method = self.local_method = 8
        self.flags = 0
        self.size = None
        self.local_size = None
        self.crc = None
        self.is_listed = True
        self.packed = None
        self.at = 0
        self.overlaps = None


def members_of(folder):
    found = []
    for place, folders, files in os.walk(os.fsencode(folder)):
        for name in folders + files:
            path = os.path.join(place, name)
            mode = os.lstat(path).st_mode
            shown = os.path.relpath(path, os.fsencode(folder))
            if stat.S_ISDIR(mode):
                found.append(Member(shown + b"/", b"", mode))
            elif stat.S_ISLNK(mode):
                found.append(Member(shown, os.readlink(path), mode))
            elif stat.S_ISREG(mode):
                found.append(Member(shown, pathlib.Path(os.fsdecode(path)).read_bytes(), mode))
            else:
                found.append(Member(shown, b"", mode))
    return sorted(found, key=lambda member: member.name)


class Archive:
    def __init__(self, folder):
        self.members = members_of(folder)
        self.is_zip64 = self.has_descriptor = self.has_size = False
        self.host = 3
        self.disk = 0
        self.count = None
        self.comment = b""
        self.before = b""
        self.after = b""
        self.cut = 0

    def find(self, name):
        for member in self.members:
            if member.name == name:
                return member
        raise SystemExit(f"mkzip: no member {name}")

    def add(self, name, data, mode=stat.S_IFREG | 0o644):
        self.members.append(Member(name, data, mode))
        return self.members[-1]

    def option(self, text):
        word, *values = text.split(b"=", 2)
        name = values[0] if values else b""
        value = values[1] if len(values) > 1 else b""
        word = word.decode()
        if word == "stored":
            for member in self.members:
                member.method = member.local_method = 0
        elif word == "zip64":
            self.is_zip64 = True
        elif word in ("descriptor", "descriptor-size"):
            self.has_descriptor = True
            self.has_size = word == "descriptor-size"
        elif word == "no-folders":
            self.members = [m for m in self.members if not m.name.endswith(b"/")]
        elif word == "windows":
            self.host = 0
            for member in self.members:
                member.name = member.local_name = member.name.replace(b"/", b"\\")
        elif word == "add":
            self.add(name, value)
        elif word == "name":
            member = self.find(name)
            member.name = member.local_name = value
        elif word == "local-name":
            self.find(name).local_name = value
        elif word == "link":
            self.add(name, value, stat.S_IFLNK | 0o777)
        elif word == "fifo":
            self.add(name, b"", stat.S_IFIFO | 0o644)
        elif word == "method":
            self.find(name).method = self.find(name).local_method = int(value)
        elif word == "local-method":
            self.find(name).local_method = int(value)
        elif word == "local-size":
            self.find(name).local_size = int(value)
        elif word == "encrypt":
            self.find(name).flags |= 1
        elif word == "crc":
            self.find(name).crc = 0x12345678
        elif word == "damage":
            member = self.find(name)
            packed = bytearray(self.pack(member))
            packed[0] |= 6
            member.packed = bytes(packed)
        elif word == "size":
            self.find(name).size = int(value)
        elif word == "zeros":
            self.add(name, bytes(int(value)))
        elif word == "deep":
            letters, times = map(int, value.split(b"="))
            for i in range(times):
                self.add((b"%0*d/" % (letters, i)) * int(name) + b"a.txt", b"a")
        elif word == "claim":
            self.add(name, b"MSCF and no more").size = int(value)
        elif word == "unlisted":
            self.find(name).is_listed = False
        elif word == "overlap":
            self.find(name).overlaps = value
        elif word == "disk":
            self.disk = int(name)
        elif word == "cut":
            self.cut = int(name)
        elif word in ("before", "after", "comment"):
            setattr(self, word, name)
        elif word == "two-ends":
            self.comment = struct.pack("<IHHHHIIH", 0x06054B50, 0, 0, 0, 0, 0, 0, 0)
        elif word == "early-end":
            self.comment = struct.pack("<IHHHHIIH", 0x06054B50, 0, 0, 0, 0, 0, 0, 0) + b"zz"
        elif word == "count":
            self.count = int(name)
        else:
            raise SystemExit(f"mkzip: {text!r}: no such option")

    def pack(self, member):
        if member.packed is not None:
            return member.packed
        if member.method != 8:
            return member.data
        packer = zlib.compressobj(6, zlib.DEFLATED, -15)
        return packer.compress(member.data) + packer.flush()

    def local(self, member, packed):
        flags = member.flags | (8 if self.has_descriptor else 0)
        crc = zlib.crc32(member.data) if member.crc is None else member.crc
        size = len(member.data) if member.size is None else member.size
        local = (0, 0, size if self.has_size else 0) if self.has_descriptor else (crc, len(packed), size)
        if member.local_size is not None:
            local = (local[0], local[1], member.local_size)
        extra = b""
        if self.is_zip64:
            extra = struct.pack("<HHQQ", 1, 16, local[2], local[1])
            local = (local[0], 0xFFFFFFFF, 0xFFFFFFFF)
        head = struct.pack("<IHHHHHIIIHH", 0x04034B50, 45 if self.is_zip64 else 20, flags,
                           member.local_method, 0, 0x21, *local, len(member.local_name), len(extra))
        tail = b""
        if self.has_descriptor:
            tail = struct.pack("<IIQQ" if self.is_zip64 else "<IIII", 0x08074B50, crc, len(packed), size)
        return head + member.local_name + extra + packed + tail

    def central(self, member, packed):
        flags = member.flags | (8 if self.has_descriptor else 0)
        crc = zlib.crc32(member.data) if member.crc is None else member.crc
        size = len(member.data) if member.size is None else member.size
        at = self.find(member.overlaps).at if member.overlaps else member.at
        fields, extra = (len(packed), size), b""
        if self.is_zip64:
            extra = struct.pack("<HHQQQ", 1, 24, size, len(packed), at)
            fields, at = (0xFFFFFFFF, 0xFFFFFFFF), 0xFFFFFFFF
        return struct.pack("<IBBHHHHHIIIHHHHHII", 0x02014B50, 45, self.host, 45, flags, member.method,
                           0, 0x21, crc, *fields, len(member.name), len(extra), 0, 0, 0,
                           (member.mode << 16) & 0xFFFFFFFF if self.host == 3 else 0,
                           at) + member.name + extra

    def bytes(self):
        out = bytearray(self.before)
        packed = {id(member): self.pack(member) for member in self.members}
        for member in self.members:
            member.at = len(out)
            out += self.local(member, packed[id(member)])
        central_at = len(out)
        listed = [member for member in self.members if member.is_listed]
        for member in listed:
            out += self.central(member, packed[id(member)])
        size = len(out) - central_at
        count = len(listed) if self.count is None else self.count
        if self.is_zip64:
            end_at = len(out)
            out += struct.pack("<IQHHIIQQQQ", 0x06064B50, 44, 45, 45, self.disk, 0, count, count, size,
                               central_at)
            out += struct.pack("<IIQI", 0x07064B50, 0, end_at, 1)
            out += struct.pack("<IHHHHIIH", 0x06054B50, 0, 0, 0xFFFF, 0xFFFF, 0xFFFFFFFF, 0xFFFFFFFF,
                               len(self.comment))
        else:
            out += struct.pack("<IHHHHIIH", 0x06054B50, self.disk, 0, count, count, size, central_at,
                               len(self.comment))
        out += self.comment + self.after
        return bytes(out[:len(out) - self.cut])


def make(archive, folder, options):
    made = Archive(folder)
    for option in options:
        made.option(os.fsencode(option))
    pathlib.Path(archive).write_bytes(made.bytes())


if __name__ == "__main__":
    if len(sys.argv) < 3:
        raise SystemExit(__doc__)
    make(sys.argv[1], sys.argv[2], sys.argv[3:])
