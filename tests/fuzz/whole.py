#!/usr/bin/python3
"""whole.py PROGRAM MKFIXTURE MKVOLUME [--seconds=N] [--count=N] [--seed=TEXT] [--keep=DIR] [NAME...]:
the whole program on inputs that were damaged a little.

The fuzzers beside this one look at one reader each. Here a file of a small submission is changed in
some bytes, what its format sums up over them is put right again (checksums of cabinets, CRCs of
partition tables and archives, hashes of images, sums of hives and of a VHD's footer), so that the
damage gets as far as it can, and the program is run on it. What must hold:

  it ends by itself with a status from 0 to 4, within a time of its own (processor time, so that the
  load does not matter), and says why on standard error where it reports nothing;
  a report is one: whole JSON whose verdict is the exit status, and no pass with an error in it;
  readers in processes of their own report the same as none;
  the neighbour's fault stays: beside the damaged file lies a package that breaks a rule, which is
  found whatever became of the file;
  what is verified does not pass when bytes that count were changed.

NAME: only these lanes (cabinet, ffu, ...). What is drawn follows from the seed; only the key of the
signed lanes is another one each time. PROGRAM is best built with the sanitizers, which end it with
status 99. An input that failed is kept in DIR with its
command. testdata/crashers holds inputs that once failed here or in another fuzzer: they come first.
"""
import collections
import concurrent.futures
import hashlib
import json
import os
import pathlib
import random
import resource
import shlex
import shutil
import struct
import subprocess
import sys
import tempfile
import time
import zlib

TOP = pathlib.Path(__file__).resolve().parent.parent.parent
DEVICE = ["--manufacturer=CONTOSO", "--model=CT-100", "--operator=000-88", "--firmware-version=1.0.0.2"]
CPU_SECONDS = 30  # a scan here takes a tenth of one
FAILED_WITHIN = 99  # the status that the sanitizers end with

# Every lane has its folder. "bad" is the neighbour.
RECIPE = r"""
%dsm main/Windows/Packages/DsmFiles Contoso.A
%hive main/Windows/System32/config/SYSTEM 'Platform\DeviceTargetingInfo' PhoneManufacturer=CONTOSO Setup C=1
%volume ntfs 2M main main.img
%volume wim-none 0 main image.wim
%volume wim-lzx 0 main lzx.wim
spkg bad/Contoso.Bad.spkg component=Bad version=0.0.0.0
%signer signer.pem
spkg cabinet/Contoso.A.spkg component=A compress=none files=2
spkg cabinet-lzx/Contoso.A.spkg component=A compress=lzx files=2 file_size=70000
spkg cabinet-mszip/Contoso.A.spkg component=A compress=mszip files=2 file_size=70000
cbs cabinet-cbs/Contoso.A.cab name=Contoso.A compress=mszip files=2
spkg sealed/Contoso.A.spkg component=A compress=none files=2 catalog=v2 signer=../signer.pem
spkg catalog/Contoso.A/ component=A files=2 catalog=v2 payload=true signer=../signer.pem
spkg manifest/Contoso.A/ component=A files=2
cbs mum/Contoso.A/ name=Contoso.A files=2
%zip zip/fw.zip zip/fw
spkg zip/fw/Contoso.A.spkg component=A
spkg zip/fw/sub/Contoso.Bad.spkg component=Bad version=0.0.0.0
%zip zip-stored/fw.zip zip-stored/fw stored
spkg zip-stored/fw/Contoso.A.spkg component=A compress=none
spkg zip-stored/fw/sub/Contoso.Bad.spkg component=Bad version=0.0.0.0
file settings/device.reg <<END
Windows Registry Editor Version 5.00

[HKEY_LOCAL_MACHINE\System\Platform\DeviceTargetingInfo]
"PhoneManufacturer"="CONTOSO"
"PhoneFirmwareRevision"="1.0.0.2"
END
file settings/OEMInput.xml <<END
<OEMInput xmlns="http://schemas.microsoft.com/embedded/2004/10/ImageUpdate"><Product>Windows Phone</Product><Features><OEM><Feature>A</Feature></OEM></Features></OEMInput>
END
ffu ffu/phone.ffu platform=Contoso.QC8960.P1 {
  store size=4M
  partition MainOS file=../parts/main.img fs=NTFS
}
vhd vhd/phone.vhd size=4M {
  partition MainOS file=../parts/main.img
}
"""


# ---- what the formats sum up -------------------------------------------------------------------

def cabinet_sum(data, seed):
    """CFDATA's checksum: words, the last one of what is left."""
    for (word,) in struct.iter_unpack("<I", data[:len(data) & ~3]):
        seed ^= word
    rest = data[len(data) & ~3:]
    return seed ^ int.from_bytes(rest, "big")


def mend_cabinet(data):
    """Blocks that still lie in the file, as far as the header can be followed."""
    flags, = struct.unpack_from("<H", data, 30)
    folders, = struct.unpack_from("<H", data, 26)
    at, folder_room, data_room = 36, 0, 0
    if flags & 4:
        header_room, folder_room, data_room = struct.unpack_from("<HBB", data, 36)
        at += 4 + header_room
    for _ in range((flags & 1) * 2 + (flags & 2)):
        at = data.index(b"\0", at) + 1
    for i in range(min(folders, 16)):
        block, count = struct.unpack_from("<IH", data, at + i * (8 + folder_room))
        for _ in range(min(count, 64)):
            size, = struct.unpack_from("<H", data, block + 4)
            start = block + 8 + data_room
            if start + size > len(data):
                return
            total = cabinet_sum(bytes(data[start:start + size]), 0)
            struct.pack_into("<I", data, block, cabinet_sum(bytes(data[block + 4:start]), total))
            block = start + size


def mend_table(data, base):
    """Both headers of a GPT that begins at `base`, and their lists."""
    for header in (base + 512, base + struct.unpack_from("<Q", data, base + 512 + 32)[0] * 512):
        if data[header:header + 8] != b"EFI PART":
            continue
        place, count, size = struct.unpack_from("<QII", data, header + 72)
        entries = data[base + place * 512:base + place * 512 + count * size]
        struct.pack_into("<I", data, header + 88, zlib.crc32(entries))
        length, = struct.unpack_from("<I", data, header + 12)
        struct.pack_into("<I", data, header + 16, 0)
        struct.pack_into("<I", data, header + 16, zlib.crc32(data[header:header + min(length, 512)]))


def mend_vhd(data):
    mend_table(data, 0)
    footer = len(data) - 512
    data[footer + 64:footer + 68] = bytes(4)
    struct.pack_into(">I", data, footer + 64, ~sum(data[footer:]) & 0xFFFFFFFF)
    mend_hive(data)


def mend_hive(data):
    """The hive in an image: its base block lies somewhere in one piece."""
    at = data.find(b"regf")
    if at >= 0 and at + 512 <= len(data):
        total = 0
        for (word,) in struct.iter_unpack("<I", data[at:at + 508]):
            total ^= word
        struct.pack_into("<I", data, at + 508, {0: 1, 0xFFFFFFFF: 0xFFFFFFFE}.get(total, total))


def ffu_layout(data):
    chunk, _, catalog, table = struct.unpack_from("<IIII", data, 16)
    start = (32 + catalog + table + chunk * 1024 - 1) // (chunk * 1024) * (chunk * 1024)
    return chunk * 1024, 32 + catalog, table, start


def mend_ffu(data):
    """The hash of every chunk, and in the catalog that of the list of them."""
    chunk, at, table, start = ffu_layout(data)
    if not 0 < chunk <= 1 << 20 or start > len(data):
        return
    old = bytes(data[at:at + table])
    new = b"".join(hashlib.sha256(data[i:i + chunk]).digest() for i in range(start, len(data), chunk))
    data[at:at + table] = (new + bytes(table))[:table]
    new = bytes(data[at:at + table])
    for method in (hashlib.sha256, hashlib.sha1):
        place = data.find(method(old).digest(), 32, at)
        if place >= 0:
            data[place:place + method().digest_size] = method(new).digest()


def mend_wim(data):
    """The SHA-1 of metadata that lie in the file as they are."""
    size, place = int.from_bytes(data[48:55], "little"), int.from_bytes(data[56:64], "little")
    for at in range(place, min(place + size, len(data)) - 49, 50):
        length, flags = int.from_bytes(data[at:at + 7], "little"), data[at + 7]
        start = int.from_bytes(data[at + 8:at + 16], "little")
        if flags & 6 == 2 and start + length <= len(data):
            data[at + 30:at + 50] = hashlib.sha1(data[start:start + length]).digest()


def mend_zip(data):
    """The CRC-32 of stored members, in both headers."""
    end = data.rfind(b"PK\5\6")
    count, = struct.unpack_from("<H", data, end + 10)
    at, = struct.unpack_from("<I", data, end + 16)
    for _ in range(count):
        method, = struct.unpack_from("<H", data, at + 10)
        size, _, name, extra, comment = struct.unpack_from("<IIHHH", data, at + 20)
        local, = struct.unpack_from("<I", data, at + 42)
        start = local + 30 + sum(struct.unpack_from("<HH", data, local + 26))
        if method == 0 and start + size <= len(data):
            crc = zlib.crc32(data[start:start + size])
            struct.pack_into("<I", data, at + 16, crc)
            struct.pack_into("<I", data, local + 14, crc)
        at += 46 + name + extra + comment


def signed_part(data):
    """Where the content lies that a catalog's signature is over: PKCS#7 SignedData, ContentInfo."""
    def inside(at):
        length = data[at + 1]
        if length < 0x80:
            return at + 2, at + 2 + length
        size = length & 0x7F
        start = at + 2 + size
        return start, start + int.from_bytes(data[at + 2:start], "big")

    def after(at):
        return inside(at)[1]
    signed = inside(after(inside(0)[0]))[0]   # ContentInfo: the OID; [0] of SignedData
    content = after(after(inside(signed)[0]))  # its version, the digest methods; then what is signed
    return inside(content)


# ---- how bytes are changed ---------------------------------------------------------------------

def change(data, chance, spans):
    """Some bytes of one of the spans."""
    start, end = chance.choice(spans)
    end = min(end, len(data))
    for _ in range(chance.choice((1, 1, 1, 2, 4))):
        at = chance.randrange(start, max(end, start + 1))
        kind = chance.randrange(7)
        if at >= len(data):
            continue
        if kind == 0:
            data[at] ^= 1 << chance.randrange(8)
        elif kind == 1:
            data[at] = chance.choice((0, 1, 0x7F, 0x80, 0xFF))
        elif kind == 2:
            data[at] = chance.randrange(256)
        elif kind == 3:
            value = chance.choice((0, 1, 0xFFFF, 0x8000, chance.randrange(1 << 16)))
            data[at:at + 2] = struct.pack("<H", value)[:len(data) - at]
        elif kind == 4:
            value = chance.choice((0, 1, 0xFFFFFFFF, 0x80000000, 0x7FFFFFFF, chance.randrange(1 << 32)))
            data[at:at + 4] = struct.pack("<I", value)[:len(data) - at]
        elif kind == 5:
            length = chance.randrange(1, 17)
            source = chance.randrange(start, max(end - length, start) + 1)
            data[at:at + length] = data[source:source + length][:len(data) - at]
        else:
            data[at] = (data[at] + chance.choice((1, -1))) & 0xFF


def change_text(data, chance, _spans):
    """Text: also pieces that are taken out or come twice, and characters that mean something."""
    for _ in range(chance.choice((1, 1, 2, 3))):
        at = chance.randrange(len(data))
        length = chance.choice((1, 2, 5, 20))
        kind = chance.randrange(6)
        if kind == 0:
            del data[at:at + length]
        elif kind == 1:
            data[at:at] = data[at:at + length]
        elif kind == 2:
            data[at:at] = chance.choice((b"<", b">", b"\"", b"{", b"}", b"[", b"]", b",", b"&#0;", b"\0", b"\xff",
                                         b"\\u0000", b"null", b"-1", b"1e999", b"\xef\xbb\xbf", b"]]>", b"<!--"))
        elif kind == 3:
            data[at] = chance.randrange(256)
        elif kind == 4:
            data[at:at + 1] = b"9" * chance.choice((1, 5, 20, 400))
        else:
            other = chance.randrange(len(data))
            data[at:at + length], data[other:other + length] = data[other:other + length], data[at:at + length]
        if not data:
            data += b"x"


def whole(data):
    return [(0, len(data)), (0, min(len(data), 4096))]


def cabinet_spans(data):
    first, = struct.unpack_from("<I", data, 16)
    return [(0, first), (first, first + 200), (36, len(data)), (first, len(data))]


def disk_spans(data):
    """Tables, the boot sector and the first records of the volume, its hive, and all of it."""
    spans = [(0, 2048), (0, len(data)), (max(len(data) - 20 * 512, 0), len(data))]
    for mark, size in ((b"NTFS    ", 512), (b"FILE0", 40960), (b"regf", 8192), (b"<Package", 1024)):
        at = data.find(mark)
        if at >= 0:
            spans.append((at, at + size))
    return spans


def ffu_spans(data):
    _, at, table, start = ffu_layout(data)
    return [(0, 32), (32, at), (at, at + table), (start, start + 2048)] + disk_spans(data)[1:]


def catalog_spans(data):
    return [(0, len(data)), signed_part(data)]


# ---- lanes -------------------------------------------------------------------------------------

class Lane:
    """A file that is changed, how, and what is run on it; the first command has the status `base` before
    the change. `counts(data, at)`: whether no verified input passes without the byte there."""

    def __init__(self, name, file, commands, spans=whole, mend=None, mutate=change, base=0, counts=None):
        self.name, self.file, self.commands = name, file, commands
        self.spans, self.mend, self.mutate, self.base, self.counts = spans, mend, mutate, base, counts
        self.has_neighbour = base == 1 and not name.startswith("zip")  # in an archive it may be hit itself


def lanes():
    partial = ["scan", "--type=partial", "--context-free", "--format=json"]
    image = ["scan", "--no-wspc", "--format=json", *DEVICE]
    seal = [*partial, "--verify", "--trust=../signer.crt"]
    look = ["inspect", "--format=json"]
    found = []
    for name in ("cabinet", "cabinet-lzx", "cabinet-mszip", "cabinet-cbs"):
        file = f"Contoso.A.{'cab' if name.endswith('cbs') else 'spkg'}"
        found.append(Lane(name, file, [[*partial, "."], [*image, "."], [*look, file]], cabinet_spans, mend_cabinet,
                          base=1))
    found += [
        Lane("sealed", "Contoso.A.spkg", [[*seal, "."]], cabinet_spans, mend_cabinet, counts=lambda _data, _at: False),
        Lane("catalog", "Contoso.A/content.cat", [[*seal, "."], [*look, "--verify", "."]], catalog_spans,
             counts=lambda data, at: signed_part(data)[0] <= at < signed_part(data)[1]),
        Lane("manifest", "Contoso.A/man.dsm.xml", [[*partial, "."], [*look, "."]], mutate=change_text,
             base=1),
        Lane("mum", "Contoso.A/update.mum", [[*partial, "."], [*look, "."]], mutate=change_text,
             base=1),
        Lane("zip", "fw.zip", [[*partial, "fw.zip"], [*look, "fw.zip"]], mend=mend_zip, base=1),
        Lane("zip-stored", "fw.zip", [[*partial, "fw.zip"], [*partial, "--verify", "fw.zip"]], mend=mend_zip,
             base=1),
        Lane("settings", "device.reg", [["scan", "--no-wspc", "--format=json", "--model=CT-100", "--operator=000-88",
                                         "."]], mutate=change_text, base=1),
        Lane("settings", "OEMInput.xml", [[*image, "."]], mutate=change_text, base=1),
        Lane("ffu", "phone.ffu", [[*image, "phone.ffu"], [*look, "phone.ffu"]], ffu_spans, mend_ffu),
        Lane("ffu-as-is", "phone.ffu", [[*image, "phone.ffu"]], ffu_spans,
             counts=lambda data, at: at >= ffu_layout(data)[3] or
             ffu_layout(data)[1] <= at < sum(ffu_layout(data)[1:3])),
        Lane("vhd", "phone.vhd", [[*image, "phone.vhd"], [*look, "phone.vhd"]], disk_spans, mend_vhd),
        Lane("wim", "image.wim", [[*image, "image.wim"], [*look, "image.wim"]],
             lambda data: [(0, 208), (208, len(data)), (max(len(data) - 2048, 208), len(data))], mend_wim),
        Lane("wim-lzx", "lzx.wim", [[*image, "lzx.wim"]]),
        Lane("json", "report.json", [["render", "--format=json", "report.json"],
                                     ["render", "--format=html", "report.json"],
                                     ["audit", "--format=json", "report.json"]], mutate=change_text),
        Lane("json", "stream.jsonl", [["render", "--format=json", "stream.jsonl"],
                                      ["audit", "--format=json", "stream.jsonl"],
                                      ["cache", "import", "--cache=../none.db", "stream.jsonl"]],
             mutate=change_text),
        Lane("policy", "policy.xml", [["policy", "check", "policy.xml"],
                                      [*partial, "--policy=policy.xml", "."]], mutate=change_text),
    ]
    return found


class Fuzz:
    def __init__(self, program, builder, volumes, place, keep):
        self.program, self.builder, self.volumes, self.place, self.keep = program, builder, volumes, place, keep
        self.env = {"PATH": "/usr/bin:/bin", "HOME": str(place), "LC_ALL": "C.UTF-8",
                    "IMGVAL_CACHE": str(place / "store.db"), "SOURCE_DATE_EPOCH": "1480000000",
                    "ASAN_OPTIONS": f"exitcode={FAILED_WITHIN}:detect_leaks=1:allocator_may_return_null=1",
                    "UBSAN_OPTIONS": f"exitcode={FAILED_WITHIN}:print_stacktrace=1"}
        self.counts = collections.Counter()
        self.failed = 0

    def build(self):
        sys.path.insert(0, str(TOP / "tests/cases"))
        import run_cases  # pylint: disable=import-outside-toplevel
        made = self.place / "made"
        made.mkdir()
        run_cases.build(RECIPE, self.builder, self.volumes, made)
        self.bases = made / "tree"
        for name, file in (("wim", "image.wim"), ("wim-lzx", "lzx.wim")):
            (self.bases / name).mkdir()
            shutil.copy(made / "parts" / file, self.bases / name)
        shutil.copytree(self.bases / "ffu", self.bases / "ffu-as-is")
        for lane in lanes():
            (self.bases / lane.name).mkdir(exist_ok=True)
            if lane.has_neighbour:
                shutil.copy(self.bases / "bad/Contoso.Bad.spkg", self.bases / lane.name)
        signer = (made / "signer.pem").read_text()
        for place in (self.place, self.bases):  # beside what is scanned
            (place / "signer.crt").write_text(signer[signer.index("-----BEGIN CERTIFICATE"):])
        for name, options in (("report.json", ["--format=json"]), ("stream.jsonl", ["--format=jsonl"])):
            done = self.run(["scan", *options, "--no-wspc", *DEVICE, "bad"], self.bases)
            (self.bases / "json" / name).write_bytes(done.stdout)
        shutil.copy(TOP / "man/examples/imgval-policy.xml", self.bases / "policy/policy.xml")
        shutil.copy(self.bases / "bad/Contoso.Bad.spkg", self.bases / "policy")
        for lane in lanes():
            done = self.run(lane.commands[0], self.bases / lane.name)
            if done.returncode != lane.base:
                sys.exit(f"{lane.name}: {shlex.join(lane.commands[0])}: {done.returncode} before the change: "
                         f"{done.stdout[-500:]} {done.stderr}")

    def run(self, words, where):
        limit = lambda: resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS + 1))
        return subprocess.run([self.program, *words], cwd=where, env=self.env, stdin=subprocess.DEVNULL,
                              capture_output=True, check=False, preexec_fn=limit)

    # ---- what must hold ----

    @staticmethod
    def flaw(words, done):
        """What is wrong with one run by itself; None: nothing."""
        status = done.returncode
        if status < 0 or status > 4:
            return f"ended with {status}"
        if status in (2, 4):
            return None if done.stderr.strip() else "no word on standard error"
        if "--format=json" not in words:
            return None
        try:
            report = json.loads(done.stdout)
        except ValueError:
            return "no JSON"
        if words[0] == "scan" and {0: "pass", 1: "fail", 3: "incomplete"}[status] != report["verdict"]:
            return f"status {status}, and the verdict {report['verdict']}"
        if words[0] in ("scan", "render") and report["verdict"] == "pass":
            findings = [f for s in report["submissions"] for f in s["findings"] if not f.get("waived")]
            if any(f["severity"] == "error" or f["incomplete"] for f in findings):
                return "a pass with an error"
        return None

    def what_failed(self, lane, data, changed, where, chance):
        """(what, words, done) of the first thing that does not hold, or None."""
        words = chance.choice(lane.commands)
        alone = [*words[:1], "-j0", *words[1:]] if words[0] in ("scan", "inspect") else words
        done = self.run(alone, where)
        self.counts[f"status {done.returncode}"] += 1
        flaw = self.flaw(words, done)
        if flaw is None and lane.has_neighbour and words[0] == "scan" and not self.neighbour_stays(done):
            flaw = "the neighbour's fault is gone"
        if flaw is None and words[0] == "scan" and done.returncode == 0 and lane.counts is not None:
            if any(lane.counts(data, at) for at in changed):
                flaw = "passed, and bytes that count were changed"
            elif lane.name == "sealed" and b'"severity"' not in done.stdout and not self.holds_the_same(lane, where):
                flaw = "passed without a word, and holds other files"
        if flaw is None and alone != words and chance.random() < 0.2:
            other = self.run([*words[:1], "-j2", *words[1:]], where)
            self.counts["compared with readers"] += 1
            if (other.returncode, other.stdout) != (done.returncode, done.stdout):
                flaw = f"readers report something else: status {other.returncode}"
        return None if flaw is None else (flaw, alone, done)

    @staticmethod
    def neighbour_stays(done):
        if done.returncode != 1:
            return False
        report = json.loads(done.stdout)
        return any(f["id"] == "STD002" and "Contoso.Bad" in json.dumps(f)
                   for s in report["submissions"] for f in s["findings"])

    def holds_the_same(self, lane, where):
        """Whether another program takes the same files from the cabinet."""
        if shutil.which("cabextract") is None:
            return True
        def files(cabinet):
            with tempfile.TemporaryDirectory(dir=self.place) as out:
                subprocess.run(["cabextract", "-q", "-d", out, cabinet], capture_output=True, check=False)
                found = {str(p.relative_to(out)): p.read_bytes() for p in pathlib.Path(out).rglob("*") if p.is_file()}
            catalog = found.get("content.cat", b"")
            try:  # what lies around the signed part is no claim
                found["content.cat"] = catalog[slice(*signed_part(catalog))]
            except IndexError:
                pass
            return found
        return files(where / lane.file) == files(self.bases / lane.name / lane.file)

    def once(self, lane, seed):
        chance = random.Random(seed)
        base = (self.bases / lane.name / lane.file).read_bytes()
        data = bytearray(base)
        mended = lane.mend is not None and chance.random() < 0.8
        lane.mutate(data, chance, lane.spans(data))
        if lane.mutate is change and chance.random() < 0.03:
            del data[chance.randrange(len(data)):]
        changed = [] if len(data) != len(base) else [i for i, b in enumerate(base) if b != data[i]] \
            if lane.counts is not None else []
        if mended:
            try:
                lane.mend(data)
            except (struct.error, ValueError, IndexError, ZeroDivisionError):
                pass  # what leads there was changed
        where = pathlib.Path(tempfile.mkdtemp(dir=self.place))
        try:
            shutil.copytree(self.bases / lane.name, where, dirs_exist_ok=True)
            (where / lane.file).write_bytes(data)
            self.counts[lane.name] += 1
            failed = self.what_failed(lane, base, changed, where, chance)
            if failed is not None:
                self.report(lane, seed, failed, where)
        finally:
            shutil.rmtree(where)

    def report(self, lane, seed, failed, where):
        what, words, done = failed
        self.failed += 1
        print(f"FAILED {lane.name} {seed}: {what}: imgval {shlex.join(words)}\n"
              f"    status {done.returncode}; {done.stderr[-2000:].decode(errors='replace')}", flush=True)
        if self.keep is not None:
            kept = self.keep / f"{lane.name}-{self.failed}"
            shutil.rmtree(kept, ignore_errors=True)
            shutil.copytree(where, kept)

    def crashers(self):
        """Inputs of all fuzzers, as the program meets them."""
        for file in sorted((TOP / "testdata/crashers").glob("*/*")):
            name = f"{file.name}.{file.parent.name}"
            where = pathlib.Path(tempfile.mkdtemp(dir=self.place))
            shutil.copy(file, where / name)
            for words in (["scan", "-j0", "--no-wspc", "--format=json", *DEVICE, name], ["inspect", "-j0", name],
                          ["scan", "-j0", "--no-wspc", "--format=json", *DEVICE, "."]):
                done = self.run(words, where)
                self.counts["crashers"] += 1
                flaw = self.flaw(words, done)
                if flaw is not None:
                    self.report(Lane(file.parent.name, name, []), file.name, (flaw, words, done), where)
            shutil.rmtree(where)

    def sweep(self, seed, seconds, count, wanted):
        chosen = [lane for lane in lanes() if not wanted or lane.name in wanted]
        until = None if seconds is None else time.monotonic() + seconds
        self.crashers()

        def work(number):
            if until is None or time.monotonic() < until:
                self.once(chosen[number % len(chosen)], f"{seed}:{number}")
                return True
            return False
        with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
            start, goes_on = 0, True
            while goes_on and (count is None or start < count):
                size = 64 if count is None else min(64, count - start)
                goes_on = all(list(pool.map(work, range(start, start + size))))
                start += size


def main():
    options = dict(w[2:].split("=", 1) for w in sys.argv[1:] if w.startswith("--"))
    program, builder, volumes, *wanted = [w for w in sys.argv[1:] if not w.startswith("--")]
    program, builder, volumes = (os.path.abspath(w) for w in (program, builder, volumes))
    seed = options.get("seed", "imgval")
    count = int(options["count"]) if "count" in options else None
    seconds = float(options["seconds"]) if "seconds" in options else None if count is not None else 30
    keep = pathlib.Path(options["keep"]).resolve() if "keep" in options else None
    with tempfile.TemporaryDirectory(prefix="imgval-whole-") as folder:
        fuzz = Fuzz(program, builder, volumes, pathlib.Path(folder), keep)
        fuzz.build()
        fuzz.sweep(seed, seconds, count, wanted)
    print(f"seed {seed}: " + ", ".join(f"{v} {k}" for k, v in sorted(fuzz.counts.items())))
    done = sum(v for k, v in fuzz.counts.items() if k.startswith("status"))
    print(f"{done - fuzz.failed} passed, {fuzz.failed} failed")
    sys.exit(1 if fuzz.failed or done < 10 else 0)


if __name__ == "__main__":
    main()
