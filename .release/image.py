#!/usr/bin/env python3
"""image.py ROOT OUT: the files of ROOT as a container image of one layer, an OCI layout in the tar
archive OUT. Names sorted, owner root, times fixed: equal roots give equal bytes.

    skopeo copy oci-archive:OUT docker://...    sends it to a registry
    podman load -i OUT                          uses it here
"""
import argparse
import gzip
import hashlib
import io
import json
import os
import pathlib
import stat
import subprocess
import tarfile
import time

# What a package manager leaves behind, and what differs from one unpacking to the next.
LEFT_OUT = {"var/cache", "var/log", "var/lib/apt", "run", "tmp", "dev", "proc", "sys",
            "usr/share/man", "usr/share/doc-base", "usr/share/lintian", "var/lib/dpkg/lock",
            "var/lib/dpkg/lock-frontend", "var/lib/dpkg/status-old", "etc/resolv.conf",
            "etc/hostname", "etc/machine-id"}
# Folders that a program may expect, and the mode of each.
FOLDERS = {"run": 0o755, "tmp": 0o1777, "dev": 0o755, "proc": 0o555, "sys": 0o555,
           "data": 0o1777}


def entries(root):
    """Paths below root, sorted, parents first."""
    for folder, folders, files in os.walk(root):
        here = os.path.relpath(folder, root)
        here = "" if here == "." else here + "/"
        folders[:] = sorted(name for name in folders if here + name not in LEFT_OUT)
        for name in sorted(folders + files):
            if here + name not in LEFT_OUT:
                yield here + name


def header(root, path, epoch):
    info = tarfile.TarInfo(path)
    status = os.lstat(root / path)
    info.mtime, info.mode = epoch, stat.S_IMODE(status.st_mode)
    if stat.S_ISLNK(status.st_mode):
        info.type, info.linkname, info.mode = tarfile.SYMTYPE, os.readlink(root / path), 0o777
    elif stat.S_ISDIR(status.st_mode):
        info.type = tarfile.DIRTYPE
    else:
        info.size = status.st_size
    return info


def layer(root, epoch):
    """The bytes of the layer, plain."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.GNU_FORMAT) as archive:
        for path in entries(root):
            info = header(root, path, epoch)
            if info.isreg():
                with open(root / path, "rb") as file:
                    archive.addfile(info, file)
            else:
                archive.addfile(info)
        for path, mode in FOLDERS.items():
            info = tarfile.TarInfo(path)
            info.type, info.mode, info.mtime = tarfile.DIRTYPE, mode, epoch
            archive.addfile(info)
    return out.getvalue()


def as_json(value):
    return json.dumps(value, sort_keys=True, separators=(",", ":")).encode()


def digest(data):
    return "sha256:" + hashlib.sha256(data).hexdigest()


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("root", type=pathlib.Path)
    parser.add_argument("out", type=pathlib.Path)
    parser.add_argument("--version", required=True)
    given = parser.parse_args()
    epoch = int(os.environ.get("SOURCE_DATE_EPOCH", time.time()))
    architecture = subprocess.run(["dpkg", "--print-architecture"], capture_output=True, text=True,
                                  check=True).stdout.strip()
    plain = layer(given.root, epoch)
    packed = gzip.compress(plain, 9, mtime=0)
    config = as_json({
        "created": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(epoch)),
        "architecture": architecture,
        "os": "linux",
        "config": {
            "User": "65532:65532",
            "Env": ["PATH=/usr/bin:/bin", "LANG=C.UTF-8", "XDG_DATA_HOME=/data"],
            "Entrypoint": ["imgval"],
            "Cmd": ["--help"],
            "WorkingDir": "/data",
            "Labels": {"org.opencontainers.image.title": "imgval",
                       "org.opencontainers.image.version": given.version,
                       "org.opencontainers.image.licenses": "MIT"},
        },
        "rootfs": {"type": "layers", "diff_ids": [digest(plain)]},
        "history": [{"created_by": "imgval release"}],
    })
    base = "application/vnd.oci.image."
    manifest = as_json({
        "schemaVersion": 2,
        "mediaType": base + "manifest.v1+json",
        "config": {"mediaType": base + "config.v1+json", "digest": digest(config),
                   "size": len(config)},
        "layers": [{"mediaType": base + "layer.v1.tar+gzip", "digest": digest(packed),
                    "size": len(packed)}],
    })
    index = as_json({
        "schemaVersion": 2,
        "manifests": [{"mediaType": base + "manifest.v1+json", "digest": digest(manifest),
                       "size": len(manifest),
                       "platform": {"architecture": architecture, "os": "linux"},
                       "annotations": {"org.opencontainers.image.ref.name": given.version}}],
    })
    files = {"oci-layout": as_json({"imageLayoutVersion": "1.0.0"}), "index.json": index}
    for blob in (config, manifest, packed):
        files["blobs/sha256/" + hashlib.sha256(blob).hexdigest()] = blob
    with tarfile.open(given.out, "w", format=tarfile.GNU_FORMAT) as archive:
        for name, data in sorted(files.items()):
            info = tarfile.TarInfo(name)
            info.size, info.mtime, info.mode = len(data), epoch, 0o644
            archive.addfile(info, io.BytesIO(data))
    print(given.out)


if __name__ == "__main__":
    main()
