#!/usr/bin/env python3
"""Manifests, registry files and answer files, changed at random, read by imgval and by a reader of a
few lines that shares nothing with it (Python's expat for XML): both must find a document fine or not,
and where it is fine see the same name, version, flags and values.

    agree.py DOCREAD [--count=N] [--seed=S] [--keep]

DOCREAD is the program tests/documents/docread. The seed is printed; the same one makes the same
documents. With IMGVAL_REAL, or files in ../shared/real beside the checkout, its manifests and
registry files are read and changed as well. --keep writes the documents that are read differently
into the folder disagree."""
import os
import pathlib
import random
import re
import subprocess
import sys
import time
import xml.parsers.expat

TOP = pathlib.Path(__file__).resolve().parent.parent.parent
IU = "http://schemas.microsoft.com/embedded/2004/10/ImageUpdate"
ASM = ("urn:schemas-microsoft-com:asm.v3", "urn:schemas-microsoft-com:cbs")
OWNER_TYPES = ("microsoft", "oem", "siliconvendor", "mobileoperator")
NAMES = """PhoneFirmwareRevision PhoneManufacturer PhoneManufacturerModelName PhoneMobileOperatorName
PhoneHardwareVariant PhoneModelName PhoneROMLanguage PhoneHardwareRevision PhoneROMVersion PhoneSOCVersion
PhoneRadioHardwareRevision PhoneRadioSoftwareRevision PhoneBootLoaderVersion PhoneManufacturerDisplayName
PhoneMobileOperatorDisplayName PhoneSupportPhoneNumber PhoneSupportLink PhoneOEMSupportLink
RoamingSupportPhoneNumber""".split()
KNOWN = {name.lower(): name for name in NAMES}
BLANKS = " \t\r\n"
SEPARATOR = "\x01"  # in no document: XML does not allow it


class Bad(Exception):
    """The document has no one meaning."""


# ---- the other reader: XML ----

class Element:
    def __init__(self, space, name, attributes):
        self.space, self.name, self.attributes = space, name, attributes
        self.text, self.children = "", []

    def all(self, spaces, name):
        return [c for c in self.children if c.space in spaces and c.name == name]

    def one(self, spaces, name):
        found = self.all(spaces, name)
        if len(found) > 1:
            raise Bad(f"<{name}> twice")
        return found[0] if found else None


def parse(data):
    root, stack = [], []
    parser = xml.parsers.expat.ParserCreate(namespace_separator=SEPARATOR)

    def start(name, attributes):
        space, _, local = name.rpartition(SEPARATOR)
        element = Element(space, local, {k: v for k, v in attributes.items() if SEPARATOR not in k})
        (stack[-1].children if stack else root).append(element)
        stack.append(element)

    def text(chars):
        if stack:
            stack[-1].text += chars

    def doctype(*_):
        raise Bad("a document type")

    parser.StartElementHandler = start
    parser.EndElementHandler = lambda name: stack.pop()
    parser.CharacterDataHandler = text
    parser.StartDoctypeDeclHandler = doctype
    try:
        parser.Parse(data, True)
    except (xml.parsers.expat.ExpatError, LookupError) as error:  # LookupError: an encoding
        raise Bad(str(error)) from error
    return root[0]


def trimmed(text):
    text = (text or "").strip(BLANKS)
    return text or None


def boolean(text):
    if text in ("true", "1"):
        return True
    if text in ("false", "0"):
        return False
    raise Bad(f"boolean {text!r}")


def part(text):
    if text is None or not re.fullmatch("[0-9]+", text, re.A) or int(text) > 65535:
        raise Bad(f"version part {text!r}")
    return text


def owner_type(text):
    if text is not None and text.lower() not in OWNER_TYPES:
        raise Bad(f"owner type {text!r}")
    return text


def once(element, spaces, names):
    for name in names:
        element.one(spaces, name)


def read_dsm(data):
    root, spaces = parse(data), (IU,)
    if root.space != IU or root.name != "Package":
        raise Bad("root")
    get = lambda element, name: trimmed(getattr(element.one(spaces, name), "text", None))
    once(root, spaces, ("BuildString", "TargetGroups"))
    identity = root.one(spaces, "Identity")
    files = root.one(spaces, "Files")
    facts = {"release_type": get(root, "ReleaseType"), "owner_type": owner_type(get(root, "OwnerType")),
             "culture": get(root, "Culture"), "resolution": get(root, "Resolution"),
             "partition": get(root, "Partition"), "name": None, "identifier": None, "version": None}
    once(root, spaces, ("BuildType", "CpuType", "Platform", "GroupingKey"))
    flags = {}
    for flag, name in (("removal", "IsRemoval"), ("binary", "IsBinaryPartition")):
        element = root.one(spaces, name)
        flags[flag] = element is not None and boolean(trimmed(element.text))
    if identity is None:
        raise Bad("no identity")
    for key, name in (("owner", "Owner"), ("component", "Component"), ("sub", "SubComponent")):
        facts[key] = get(identity, name)
    if facts["owner"] is None or facts["component"] is None:
        raise Bad("no name")
    version = identity.one(spaces, "Version")
    if version is not None:
        facts["version"] = ".".join(part(version.attributes.get(name))
                                    for name in ("Major", "Minor", "QFE", "Build"))
    entries = files.all(spaces, "FileEntry") if files is not None else []
    for entry in entries:
        once(entry, spaces, ("DevicePath", "CabPath", "Attributes", "SourcePackage", "FileSize",
                             "CompressedFileSize", "StagedFileSize"))
        early = get(entry, "Type")
        kind = get(entry, "FileType") or early
        flags["binary"] |= (kind or "").lower() == "binarypartition"
    return facts, flags, len(entries)


def read_mum(data):
    root = parse(data)
    if root.space not in ASM or root.name != "assembly":
        raise Bad("root")
    identity, package = root.one(ASM, "assemblyIdentity"), root.one(ASM, "package")
    if identity is None or package is None:
        raise Bad("no identity or package")
    get = lambda element, name: trimmed(element.attributes.get(name))
    language = get(identity, "language")
    version = identity.attributes.get("version")
    if version is not None:
        parts = version.split(".")
        if len(parts) != 4:
            raise Bad("version")
        for one in parts:
            part(one)
    facts = {"name": get(identity, "name"), "version": version, "identifier": get(package, "identifier"),
             "partition": get(package, "targetPartition"), "resolution": None,
             "culture": None if (language or "").lower() in ("neutral", "*") else language}
    if facts["name"] is None:
        raise Bad("no name")
    flag = package.attributes.get("binaryPartition")
    flags = {"removal": package.one(ASM, "recall") is not None,
             "binary": flag is not None and boolean(flag.strip(BLANKS).lower())}
    custom = package.one(ASM, "customInformation")
    phone = custom.one(ASM, "phoneInformation") if custom is not None else None
    for key, name in (("owner", "phoneOwner"), ("component", "phoneComponent"), ("sub", "phoneSubComponent"),
                      ("owner_type", "phoneOwnerType"), ("release_type", "phoneRelease")):
        facts[key] = get(phone, name) if phone is not None else None
    owner_type(facts["owner_type"])
    files = custom.all(ASM, "file") if custom is not None else []
    for one in files:
        paths = {trimmed(one.attributes[name]) for name in ("cabpath", "cabPath") if name in one.attributes}
        if len(paths - {None}) > 1:
            raise Bad("two cabinet paths")
    return facts, flags, len(files)


def read_answer(data):
    root, spaces = parse(data), (IU,)
    if root.space != IU or root.name != "ImageCustomizations":
        raise Bad("root")
    once(root, spaces, ("Targets",))
    imports = root.one(spaces, "Imports")
    for one in imports.all(spaces, "Import") if imports is not None else []:
        if trimmed(one.attributes.get("Source")) is None:
            raise Bad("import")
    values, variants, named = [], 0, set()
    for block in root.children:
        if block.space != IU or block.name not in ("Static", "Variant"):
            continue
        group = None
        if block.name == "Variant":
            variants += 1
            name = block.attributes.get("Name")
            group = f"d: {name}" if name else f"d: variant {variants}"
            if group in named:
                group += f" (variant {variants})"
            elif name:
                named.add(group)
        for settings in block.all(spaces, "Settings"):
            for setting in settings.all(spaces, "Setting"):
                name = setting.attributes.get("Name")
                if name is None or name.lower() not in KNOWN:
                    continue
                if name not in NAMES or "Value" not in setting.attributes:
                    raise Bad("setting")
                values.append((name, group, setting.attributes["Value"]))
    return values


OEM_SPACES = (IU, "http://schemas.microsoft.com/embedded/2019/06/ImageUpdate")
LAYOUT_SPACES = (IU, IU + "/v2")


def read_oem(data):
    root = parse(data)
    if root.space not in OEM_SPACES or root.name != "OEMInput":
        raise Bad("root")
    spaces = (root.space,)
    get = lambda name: trimmed(getattr(root.one(spaces, name), "text", None))
    facts = {key: get(name) for key, name in (("product", "Product"), ("soc", "SOC"), ("device", "Device"),
                                              ("release_type", "ReleaseType"), ("build_type", "BuildType"))}
    facts["soc"] = get("DeviceLayoutType") or facts["soc"]
    features = root.one(spaces, "Features")
    if features is not None:
        once(features, spaces, ("Microsoft", "OEM"))
    files = root.one(spaces, "PackageFiles")
    files = files.all(spaces, "PackageFile") if files is not None else []
    return facts, sum(trimmed(file.text) is not None for file in files)


def read_layout(data):
    root = parse(data)
    if root.space not in LAYOUT_SPACES or root.name != "DeviceLayout":
        raise Bad("root")
    spaces, claims = (root.space,), []
    once(root, spaces, ("SectorSize",))
    stores = root.one(spaces, "Stores")
    blocks = [(root, b) for b in [root.one(spaces, "Partitions")] if b is not None]
    for store in stores.all(spaces, "Store") if stores is not None else []:
        blocks += [(store, b) for b in [store.one(spaces, "Partitions")] if b is not None]
    for _, block in blocks:
        for one in block.all(spaces, "Partition"):
            once(one, spaces, ("Type", "Id", "TotalSectors"))
            get = lambda name, one=one: trimmed(getattr(one.one(spaces, name), "text", None))
            rest = one.one(spaces, "UseAllSpace") is not None and boolean(get("UseAllSpace") or "")
            bare = lambda text: text[1:-1] if text and len(text) > 2 and text[0] + text[-1] == "{}" else text
            if get("Name") is not None:
                claims.append((bare(get("Name")), bare(get("FileSystem")), rest))
    return claims


def is_key(key):
    """1: DeviceTargetingInfo, 2: a key that holds it."""
    parts = [p for p in key.lower().rstrip("\\").split("\\")]
    if parts[:2] in (["hkey_local_machine", "system"], ["hklm", "system"]):
        parts = parts[2:]
    elif parts[:1] == ["$(hklm.system)"]:
        parts = parts[1:]
    else:
        return 0
    return 1 if parts == ["platform", "devicetargetinginfo"] else 2 if parts in ([], ["platform"]) else 0


def read_manifest(data):
    root, values = parse(data), {}
    if root.space not in ASM or root.name != "assembly":
        raise Bad("root")
    for keys in root.all(ASM, "registryKeys"):
        for key in keys.all(ASM, "registryKey"):
            if is_key(key.attributes.get("keyName", "")) != 1:
                continue
            for value in key.all(ASM, "registryValue"):
                name = KNOWN.get(value.attributes.get("name", "").lower())
                if name is None:
                    continue
                kind = value.attributes.get("valueType", "REG_SZ").upper()
                if kind not in ("REG_SZ", "REG_EXPAND_SZ") or "value" not in value.attributes:
                    raise Bad("type")
                if value.attributes.get("operationHint", "replace").lower() != "replace":
                    raise Bad("operationHint")
                if values.get(name, value.attributes["value"]) != value.attributes["value"]:
                    raise Bad("two values")
                values[name] = value.attributes["value"]
    return [(name, None, text) for name, text in values.items()]


# ---- the other reader: registry text ----

def decode(data):
    if data[:2] == b"\xff\xfe" or data[1:2] == b"\0":
        code, data = "utf-16-le", data.removeprefix(b"\xff\xfe")
    elif data[:2] == b"\xfe\xff" or data[:1] == b"\0":
        code, data = "utf-16-be", data.removeprefix(b"\xfe\xff")
    else:
        return data.removeprefix(b"\xef\xbb\xbf").decode("latin-1")
    try:
        text = data.decode(code)
    except UnicodeDecodeError as error:
        raise Bad("UTF-16") from error
    if "\0" in text:
        raise Bad("NUL")
    return text.encode("utf-8").decode("latin-1")


def read_reg(data):
    text = decode(data)
    if "\0" in text:
        raise Bad("NUL")
    lines = re.split("\r\n|\n|\r", text)
    values, inside, seen, narrow, stray = {}, False, False, False, False
    at = 0
    while at < len(lines):
        line = lines[at].lstrip(" \t")
        while line.startswith("\xef\xbb\xbf"):
            line = line[3:].lstrip(" \t")
        at += 1
        if line == "" or line[0] == ";":
            continue
        if line[0] == "[":
            seen, inside = True, False
            body = line[1:]
            last = body.rfind("]")
            if last < 0:
                if "devicetargetinginfo" in body.lower():
                    raise Bad("no bracket")
                continue
            deleted = body[0] == "-"
            names = [body[deleted:last], body[deleted:body.find("]")]]
            place = next((p for p in map(is_key, names) if p), 0)
            if deleted and place:
                values.update({name: None for name in NAMES})
            inside = not deleted and place == 1
            continue
        if line[0] in "\"@":
            match = re.match(r'(?:"((?:\\["\\]|[^"])*)"|@)[ \t]*(=?)[ \t]*(.*)', line, re.S)
            if match is None:
                raise Bad("name without end")
            name = re.sub(r'\\(["\\])', r"\1", match[1] or "")
            known = KNOWN.get(name.lower()) if inside else None
            if not match[2]:
                if inside:
                    raise Bad("no =")
                continue
            rest = match[3]
            if rest.startswith('"'):
                string = re.match(r'"((?:\\["\\]|[^"])*)"[ \t]*(;.*)?$', rest, re.S)
                if string is None:
                    raise Bad("string")  # also one that runs over lines: none is made here
                if known:
                    values[known] = re.sub(r'\\(["\\])', r"\1", string[1])
                continue
            while rest.rstrip(" \t").endswith("\\") and at < len(lines):
                rest = rest.rstrip(" \t")[:-1] + lines[at].lstrip(" \t")
                at += 1
            rest = rest.rstrip(" \t").removesuffix("\\") if rest.rstrip(" \t").endswith("\\") else rest.rstrip(" \t")
            if known is None:
                continue
            if re.fullmatch(r"-[ \t]*(;.*)?", rest, re.S):
                values[known] = None
                continue
            match = re.fullmatch(r"hex\([12]\):(.*)", rest, re.I | re.S)
            if match is None:
                raise Bad("type")
            values[known] = hexadecimal(match[1], narrow)
            continue
        header = line.lower()
        if header.startswith("windows registry editor") or header.startswith("regedit4"):
            seen, narrow = True, header.startswith("regedit4")
        elif inside:
            raise Bad("rubbish")
        elif not seen:
            stray = True
    if stray and not seen:
        raise Bad("no registry text")
    return [(name, None, value) for name, value in values.items()]


def hexadecimal(text, narrow):
    fields = [f.strip(" \t") for f in text.split(",")]
    if fields[-1] == "":
        fields.pop()
    if not all(re.fullmatch("[0-9a-fA-F]{1,2}", f) for f in fields):
        raise Bad("hex")
    data = bytes(int(f, 16) for f in fields)
    unit = 1 if narrow else 2
    while len(data) >= unit and data[-unit:] == bytes(unit):
        data = data[:-unit]
    if narrow:
        if 0 in data:
            raise Bad("NUL")
        return data.decode("latin-1")
    try:
        text = data.decode("utf-16-le")
    except UnicodeDecodeError as error:
        raise Bad("UTF-16") from error
    if "\0" in text:
        raise Bad("NUL")
    return text.encode("utf-8").decode("latin-1")


READERS = {"dsm": read_dsm, "mum": read_mum, "answer": read_answer, "manifest": read_manifest, "reg": read_reg,
           "oem": read_oem, "layout": read_layout}


def theirs(kind, data):
    """The line that docread should print; only "bad" where the document is."""
    def shown(text, code="utf-8"):
        return "-" if text is None else text.encode(code).hex()
    try:
        read = READERS[kind](data)
    except Bad:
        return "bad"
    if kind in ("dsm", "mum"):
        facts, flags, files = read
        order = "owner component sub culture resolution name identifier version partition owner_type release_type"
        return "\t".join(["fine"] + [f"{name}={shown(facts[name])}" for name in order.split()] +
                         [f"removal={flags['removal']:d}", f"binary={flags['binary']:d}", f"files={files}"])
    if kind == "oem":
        order = "product soc device release_type build_type"
        return "\t".join(["fine"] + [f"{name}={shown(read[0][name])}" for name in order.split()] + [f"packages={read[1]}"])
    if kind == "layout":
        return "\t".join(["fine"] + [f"name={shown(name)}\tfile_system={shown(system)}\trest={rest:d}"
                                     for name, system, rest in read])
    code = "latin-1" if kind == "reg" else "utf-8"
    fields = [f"{name}/{shown(group)}={shown(value, code)}" for name, group, value in read]
    return "\t".join(["fine"] + (fields if kind == "answer" else sorted(fields)))


# ---- documents ----

DSM = f"""<?xml version="1.0" encoding="utf-8"?>
<Package xmlns="{IU}">
  <Identity><Owner>Contoso</Owner><Component>Boot</Component><SubComponent>SBL1</SubComponent><Version Major="3" Minor="1" QFE="12" Build="4001" /></Identity>
  <ReleaseType>Production</ReleaseType><OwnerType>OEM</OwnerType><BuildType>Retail</BuildType><CpuType>ARM</CpuType>
  <Culture>en-US</Culture><Partition>MainOS</Partition><Platform>DCD6000</Platform><GroupingKey /><IsRemoval>false</IsRemoval>
  <Files>
    <FileEntry><FileType>Catalog</FileType><DevicePath>\\Windows\\x.cat</DevicePath><CabPath>content.cat</CabPath><Attributes>Archive</Attributes></FileEntry>
    <FileEntry><FileType>Regular</FileType><DevicePath>\\Windows\\a.dll</DevicePath><CabPath>2_a.dll</CabPath><FileSize>17</FileSize></FileEntry>
    <FileEntry><Type>BinaryPartition</Type><DevicePath>\\MainOS.bin</DevicePath><CabPath>3_b.bin</CabPath><FileSize>17</FileSize></FileEntry>
  </Files>
</Package>
"""
MUM = """<?xml version="1.0" encoding="utf-8" standalone="yes"?>
<assembly xmlns="urn:schemas-microsoft-com:asm.v3" xmlns:c="urn:schemas-microsoft-com:cbs" xmlns:a="urn:schemas-microsoft-com:asm.v3" manifestVersion="1.0">
  <assemblyIdentity name="Contoso.Boot" version="3.1.12.4001" processorArchitecture="arm" language="neutral" buildType="release" publicKeyToken="628844477771337a" />
  <package identifier="Contoso.Boot" releaseType="Feature Pack" targetPartition="MainOS" binaryPartition="false">
    <customInformation><phoneInformation phoneRelease="Production" phoneOwner="Contoso" phoneOwnerType="OEM" phoneComponent="Boot" phoneSubComponent="" />
      <file name="\\Windows\\a.dll" size="17" cabpath="1_a.dll" /><file name="\\Windows\\b.dll" size="18" cabPath="2_b.dll" />
      <declareCapability><capability><featurePackage><package binaryPartition="true"><assemblyIdentity name="No.Such" version="0.0.0.0" /></package></featurePackage></capability></declareCapability>
    </customInformation>
    <recall><assemblyIdentity name="Contoso.Old" version="1.0.0.0" /></recall>
  </package>
</assembly>
"""
ANSWER = f"""<ImageCustomizations xmlns="{IU}" Name="D" Owner="C" OwnerType="OEM">
  <Imports><Import Source="x.xml" /></Imports><Targets><Target Id="t"><TargetState><Condition Name="MCC" Value="310" /></TargetState></Target></Targets>
  <Static><Settings Path="DeviceInfo/Static"><Setting Name="PhoneManufacturer" Value="CONTOSO" /><Setting Name="PhoneFirmwareRevision" Value="3012.0.1610.4" /></Settings></Static>
  <Variant Name="v"><TargetRefs><TargetRef Id="t" /></TargetRefs><Settings Path="DeviceInfo/Variant"><Setting Name="PhoneMobileOperatorName" Value="000-11" /><Setting Name="PhoneManufacturerModelName" Value="CT-100_NA" /></Settings></Variant>
  <Variant><Settings Path="DeviceInfo/Variant"><Setting Name="PhoneMobileOperatorName" Value="ATT-US" /><Setting Name="Other" Value="1" /></Settings></Variant>
</ImageCustomizations>
"""
MANIFEST = """<assembly xmlns="urn:schemas-microsoft-com:asm.v3" xmlns:c="urn:schemas-microsoft-com:cbs" manifestVersion="1.0">
  <registryKeys>
    <registryKey keyName="HKEY_LOCAL_MACHINE\\SYSTEM\\Platform\\DeviceTargetingInfo"><registryValue name="PhoneManufacturer" valueType="REG_SZ" value="CONTOSO" operationHint="replace" /><registryValue name="PhoneModelName" valueType="REG_EXPAND_SZ" value="Model 1" /></registryKey>
    <registryKey keyName="$(hklm.system)\\Platform\\Other"><registryValue name="PhoneManufacturer" valueType="REG_DWORD" value="1" /></registryKey>
    <registryKey keyName="$(hklm.system)\\platform\\DeviceTargetingInfo"><registryValue name="phoneROMLanguage" value="0409" /></registryKey>
  </registryKeys>
</assembly>
"""
REG = """Windows Registry Editor Version 5.00

; made for a test
[HKEY_LOCAL_MACHINE\\SYSTEM\\Platform\\DeviceTargetingInfo]
@="default"
"PhoneManufacturer"="CONTOSO"
"PhoneManufacturerModelName"="CT-100"
"PhoneMobileOperatorName"=hex(1):30,00,30,00,30,00,2d,00,\\
  38,00,38,00,00,00
"PhoneModelName"="a\\\\b \\"c\\""
"Counter"=dword:00000001
[HKEY_LOCAL_MACHINE\\SOFTWARE\\Other]
"PhoneFirmwareRevision"="9.9.9.9"
[hklm\\System\\Platform\\DEVICETARGETINGINFO]
"PhoneFirmwareRevision"="3012.0.1610.4"
"""

# ---- changes ----

WORDS = ["true", "false", "1", "0", "True", "TRUE", "yes", "", " ", " true ", "\tfalse\n", "MainOS", " MainOS ", "EFIESP",
         "BinaryPartition", "binarypartition", "Regular", "Microsoft", "microsoft", "OEM", "SiliconVendor",
         "MobileOperator", "Invalid", "0.0.0.0", "1.2.3.4", "1.2.3", "01.002.0003.00000000000000004", "65535", "65536",
         "000000000000000000065535", "-1", "+1", " 1", "\u0661", "&#65;", "&amp;", "<!-- c -->", "<![CDATA[x]]>", "\u00e9"]


def tokens(text):
    return re.findall(r"<[^>]*>|[^<]+", text)


def change_xml(rng, text):
    parts = tokens(text)
    tags = [i for i, p in enumerate(parts) if re.match(r"</?[\w:]", p)]
    if not tags:
        return text
    i = rng.choice(tags)
    attributes = list(re.finditer(r'[\w:]+="[^"]*"', parts[i]))
    kind = rng.randrange(12)
    if kind == 0:  # an element twice, or its start alone
        end = i + 1
        name = re.match(r"</?([\w:]+)", parts[i])[1]
        if not parts[i].startswith("</") and not parts[i].endswith("/>"):
            depth = 1
            while end < len(parts) and depth:
                if re.match(rf"<{name}[\s>]", parts[end]) and not parts[end].endswith("/>"):
                    depth += 1
                depth -= parts[end] == f"</{name}>"
                end += 1
        at = rng.choice([end, end, rng.choice(tags)])
        parts[at:at] = parts[i:end]
    elif kind == 1:  # an element left out
        name = re.match(r"</?([\w:]+)", parts[i])[1]
        end = i + 1
        if not parts[i].startswith("</") and not parts[i].endswith("/>") and f"</{name}>" in parts[i:]:
            end = parts.index(f"</{name}>", i) + 1
        del parts[i:end]
    elif kind == 2 and attributes:  # another value
        one = rng.choice(attributes)
        name = one[0].split("=")[0]
        word = rng.choice(WORDS)
        word = re.sub("[<>]", "", word)
        parts[i] = parts[i][:one.start()] + f'{name}="{word}"' + parts[i][one.end():]
    elif kind == 3 and attributes:  # left out, twice, or under another name
        one = rng.choice(attributes)
        name, value = one[0].split("=", 1)
        new = rng.choice(["", one[0] + " " + one[0], f"{name.lower()}={value}", f"{name.upper()}={value}",
                          f"c:{name}={value}", one[0] + f" {name.swapcase()}={value}"])
        parts[i] = parts[i][:one.start()] + new + parts[i][one.end():]
    elif kind == 4:  # another name or prefix
        parts[i] = re.sub(r"(</?)([\w:]+)", lambda m: m[1] + rng.choice(
            [m[2].lower(), m[2].upper(), "c:" + m[2], "a:" + m[2], m[2] + "x", m[2]]), parts[i], count=1)
    elif kind in (5, 6):  # another text
        texts = [k for k, p in enumerate(parts) if not p.startswith("<")]
        if texts:
            parts[rng.choice(texts)] = rng.choice(WORDS)
    elif kind == 7:  # a prefix for an element and its end
        name = re.match(r"</?([\w:]+)", parts[i])[1]
        prefix = rng.choice(["c", "a"])
        text = "".join(parts)
        return re.sub(rf"(</?){name}(?=[\s/>])", rf"\1{prefix}:{name}", text)
    elif kind == 8:
        parts.insert(i, rng.choice(["<!-- <Package> -->", "<?p i?>", "x", "<x/>", "<x><Owner>no</Owner></x>", "&lt;"]))
    elif kind == 9:  # elements change places
        k = rng.choice(tags)
        parts[i], parts[k] = parts[k], parts[i]
    elif kind == 10:
        text = "".join(parts)
        return text[:rng.randrange(len(text))]
    else:
        text = "".join(parts)
        at = rng.randrange(text.find("?>") + 2, len(text) + 1)  # a declaration is another matter
        return text[:at] + rng.choice("<>&\"'/= aA0\t") + text[at + rng.randrange(2):]
    return "".join(parts)


def change_reg(rng, text):
    lines = text.split("\n")
    i = rng.randrange(len(lines))
    kind = rng.randrange(12)
    name = rng.choice(NAMES + ["Other", "PhoneManufacturer", "PHONEMANUFACTURER"])
    key = rng.choice(["HKLM\\SYSTEM\\Platform\\DeviceTargetingInfo", "hkey_local_machine\\System\\platform",
                      "$(hklm.system)\\Platform\\DeviceTargetingInfo", "HKLM\\SYSTEM\\Platform\\DeviceTargetingInfo\\x",
                      "HKLM\\RTSYSTEM\\Platform\\DeviceTargetingInfo", "HKEY_LOCAL_MACHINE\\SYSTEM", "HKCU\\x",
                      "HKLM\\SYSTEM\\Platform\\DeviceTargetingInfo\\"])
    value = rng.choice(['"A"', '"A" ; c', "-", "- ; c", "dword:00000041", "hex:41,00", "hex(1):41,00,00,00", "hex(2):41,00",
                        "hex(7):41,00,00,00,00,00", "hex(1):41", "hex(1):4x,00", "hex(1):", '""', '"a\\\\b\\"c"', "A"])
    if kind == 0:
        lines.insert(i, f'"{name}"={value}')
    elif kind == 1:
        lines.insert(i, f"[{key}]")
    elif kind == 2:
        lines.insert(i, f"[-{key}]")
    elif kind == 3:
        del lines[i]
    elif kind == 4:
        lines.insert(i, lines[rng.randrange(len(lines))])
    elif kind == 5:
        lines[i] = rng.choice([" ", "\t", "    "]) + lines[i] + rng.choice(["", " ", " ; comment"])
    elif kind == 6:
        lines[i] = lines[i].swapcase()
    elif kind == 7:
        lines.insert(i, rng.choice(["; comment", "rubbish", "Windows Registry Editor Version 5.00", "REGEDIT4", "\u00e9"]))
    elif kind == 8:
        lines[i] = lines[i].replace("=", rng.choice([" = ", "", "=="]), 1)
    elif kind == 9:
        lines[i] = lines[i].replace("]", rng.choice(["", "] ; ]", "]]"]), 1)
    else:
        lines.insert(i, f'"{name}"={value}')
    return "\n".join(lines)


def encoded(rng, kind, text):
    """The bytes of a document, in an encoding and with line ends that all readers know."""
    if kind == "reg":
        text = text.replace("\n", rng.choice(["\n", "\r\n", "\r\n"]))
        return rng.choice([text.encode("utf-8"), b"\xef\xbb\xbf" + text.encode("utf-8"),
                           b"\xff\xfe" + text.encode("utf-16-le"), b"\xfe\xff" + text.encode("utf-16-be"),
                           text.encode("utf-16-le")])
    if "encoding=" in text or rng.randrange(4):
        return rng.choice([b"", b"\xef\xbb\xbf"]) + text.encode("utf-8")
    return rng.choice([b"\xff\xfe" + text.encode("utf-16-le"), b"\xfe\xff" + text.encode("utf-16-be")])


def real_files():
    place = pathlib.Path(os.environ.get("IMGVAL_REAL") or TOP.parent / "shared/real")
    for path in sorted((place / "mum").glob("*.mum")):
        yield "mum", path.read_bytes()
    for path in sorted((place / "reg").glob("*.reg")):
        yield "reg", path.read_bytes()
    for path in sorted(place.glob("xml-*/*.xml")):
        for kind, root in (("oem", b"<OEMInput"), ("layout", b"<DeviceLayout")):
            if root + b" " in path.read_bytes() or root + b"\r" in path.read_bytes():
                yield kind, path.read_bytes()


def documents(rng, count):
    seeds = [("dsm", DSM), ("mum", MUM), ("answer", ANSWER), ("manifest", MANIFEST), ("reg", REG)]
    for kind, text in seeds:
        yield kind, text.encode("utf-8")
    real = list(real_files())
    yield from real
    small = [(kind, data.decode("utf-8-sig")) for kind, data in real if kind != "reg" and len(data) < 8192]
    for i in range(count):
        kind, text = rng.choice(small) if small and rng.randrange(10) == 0 else seeds[i % len(seeds)]
        for _ in range(rng.choice([1, 1, 1, 2, 2, 3, 5])):
            text = change_reg(rng, text) if kind == "reg" else change_xml(rng, text)
            if text == "":
                break
        if text:
            yield kind, encoded(rng, kind, text)


def main():
    options = dict(word[2:].partition("=")[::2] for word in sys.argv[2:])
    count = int(options.get("count") or 20000)
    seed = int(options.get("seed") or time.time())
    print(f"{count} documents, seed {seed}")
    rng = random.Random(seed)
    made = list(documents(rng, count))
    feed = b"".join(f"{kind} {len(data)}\n".encode() + data for kind, data in made)
    done = subprocess.run([os.path.abspath(sys.argv[1])], input=feed, capture_output=True, check=False)
    lines = done.stdout.decode("ascii").split("\n")[:-1]
    if done.returncode != 0 or len(lines) != len(made):
        print(f"docread ended with {done.returncode} after {len(lines)} of {len(made)} documents")
        return 1
    fine, different = 0, []
    for (kind, data), line in zip(made, lines):
        wanted = theirs(kind, data)
        if line.startswith("bad"):
            line = "bad"
        elif kind in ("reg", "manifest"):
            line = "\t".join(["fine"] + sorted(line.split("\t")[1:]))
        fine += wanted != "bad"
        if line != wanted:
            different.append((kind, data, line, wanted))
    for kind, data, line, wanted in different[:10]:
        print(f"--- {kind}\n{data.decode('utf-8', 'replace')}\n  imgval: {line}\n  other:  {wanted}")
    if "keep" in options:
        pathlib.Path("disagree").mkdir(exist_ok=True)
        for i, (kind, data, *_) in enumerate(different):
            pathlib.Path(f"disagree/{i}.{kind}").write_bytes(data)
    print(f"{len(made)} documents, {fine} fine, {len(different)} read differently")
    return 1 if different or fine < len(made) // 20 else 0


if __name__ == "__main__":
    sys.exit(main())
