#!/usr/bin/python3
"""looking.py PROGRAM MKFIXTURE SHIM [GROUP...]: an error while looking is never "nothing there".

Each look at a name, each step of a directory and each read of a file fails once, and once from
there on, over submissions whose verdict depends on what is found. What may come then: the same
report as without the fault, an incomplete one (3), or trouble (4). Never another verdict, and no
error that is not there without the fault.
"""
import errno
import importlib.util
import os
import pathlib
import struct
import subprocess
import sys
import zipfile

TESTS = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(TESTS / "cli"))
from support import run_groups  # noqa: E402

# What fails, how, and whether all that comes after fails as well.
PLANS = [("open", errno.EIO, False), ("open", errno.ENOTDIR, False), ("open", errno.EMFILE, True),
         ("list", errno.EIO, False), ("list", errno.ENOMEM, True),
         ("read", errno.EIO, False), ("read", errno.EIO, True)]
DEVICE = ["--firmware-version=1.0.0.1", "--manufacturer=CONTOSO", "--model=CT-100",
          "--operator=000-88"]
SCAN = ["scan", "--no-wspc", "--format=json", "-j1"]

TREE = """\
spkg tree/Contoso.A.spkg component=A
spkg tree/sub/Contoso.B.spkg component=B
cbs tree/sub/Contoso.C.cab name=Contoso.C
spkg tree/odd/Contoso.Zero.spkg component=Zero version=0.0.0.0
"""
# Two versions, of which the second one lost a package. Together they would lack nothing.
SEVERAL = "".join(
    f"spkg all/v{n}/Contoso.{name}.spkg component={name}\n" for n, name in ((1, "A"), (1, "B"), (2, "A"))
) + "".join(f"file all/v{n}/OEMSettings.reg <<END\nWindows Registry Editor Version 5.00\nEND\n" for n in (1, 2))
GOOD = """\
spkg tree/Contoso.A.spkg component=A
spkg tree/sub/Contoso.B.spkg component=B
file tree/sub/notes.txt fill=10
"""

IMAGE = """\
%dsm main/Windows/Packages/DsmFiles Contoso.A
%volume fat12 2M main main.img
ffu fw/phone.ffu platform=Contoso.QC8960.P1 {
  store size=4M
  partition MainOS file=../parts/main.img
}
file fw/UpdateHistory.xml <<END
<UpdateHistory xmlns="http://schemas.microsoft.com/embedded/2004/10/ImageUpdate"><UpdateEvents>
<UpdateEvent><Sequence>1</Sequence><DateTime>2016-03-01T10:00:00Z</DateTime>
<UpdateOSOutput><OverallResult>0</OverallResult><UpdateState>Update Complete</UpdateState><Packages>
<Package><Identity><Owner>Contoso</Owner><Component>B</Component>
<Version Major="1" Minor="0" QFE="0" Build="1"/></Identity>
<ReleaseType>Production</ReleaseType><OwnerType>OEM</OwnerType><BuildType>Retail</BuildType>
<CpuType>ARM</CpuType><Partition>MainOS</Partition><IsRemoval>false</IsRemoval>
<PackageFile>C:\\out\\Contoso.B.spkg</PackageFile></Package>
</Packages></UpdateOSOutput></UpdateEvent>
</UpdateEvents></UpdateHistory>
END
"""


def build_images(p):
    """img/fw: an image, and a history that names a package which the image lacks."""
    spec = importlib.util.spec_from_file_location("run_cases", TESTS / "cases/run_cases.py")
    cases = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(cases)
    volumes = os.path.join(os.path.dirname(p.builder), "mkvolume")
    cases.build(IMAGE, p.builder, volumes, p.path)
    os.rename(p.path / "tree", p.path / "img")
    (p.path / "img/alone").mkdir()
    os.link(p.path / "img/fw/phone.ffu", p.path / "img/alone/phone.ffu")


def errors_of(done):
    return {(f["id"], f.get("path")) for f in done.findings() if f["severity"] == "error"}


def judge(c, plain, done, what):
    """No other verdict, and no error that is not there without the fault."""
    if done.status == plain.status and done.out == plain.out:
        return c.that(True, what)
    good = done.status in (3, 4) or (done.status == 1 and errors_of(done) <= errors_of(plain))
    return c.that(good, what, f"exit status {done.status}, {done.err[-200:]!r}, "
                  f"{errors_of(done) if done.status == 1 else ''}")


def sweep(c, p, words, wanted, what):
    """Every call of each kind, one after the other."""
    state = p.path / "state"
    plain = p.run(*words, *DEVICE)
    c.status(plain, wanted, f"{what}: without a fault")
    faults = 0
    for call, error, on in PLANS:
        for at in range(1, 1000):
            state.write_bytes(bytes(8))
            env = {"LD_PRELOAD": os.environ["IMGVAL_SHIM"], "FAILING_CALL": call,
                   "FAILING_AT": at, "FAILING_ERROR": error, "FAILING_STATE": state,
                   "FAILING_ON": "1" if on else None}
            done = p.run(*words, *DEVICE, env=env)
            if struct.unpack("II", state.read_bytes())[1] == 0:
                break
            faults += 1
            judge(c, plain, done,
                  f"{what}: {call} {at}{' and on' if on else ''}: {os.strerror(error)}")
    c.that(faults > 0, f"{what}: calls were made to fail")
    print(f"{what}: {faults} faults")


def check_tree(c, p):
    p.build(GOOD, "good")
    sweep(c, p, [*SCAN, "good/tree"], 0, "a tree that passes")
    p.build(TREE, "bad")
    sweep(c, p, [*SCAN, "bad/tree"], 1, "a tree with a violation")


def check_file(c, p):
    p.build("spkg Contoso.A.spkg component=A\n", "one")
    sweep(c, p, [*SCAN, "one/Contoso.A.spkg"], 0, "a package file")


def check_image(c, p):
    """The history beside an image names a package that the image lacks: never a pass."""
    build_images(p)
    sweep(c, p, [*SCAN, "img/fw"], 3, "a folder with an image and a history")
    sweep(c, p, [*SCAN, "img/fw/phone.ffu"], 3, "an image file with a history beside it")
    sweep(c, p, [*SCAN, "img/alone/phone.ffu"], 0, "an image that passes")


def check_several(c, p):
    """Several submissions in one folder or archive are refused, and never judged as one set."""
    p.build(SEVERAL, "several")
    with zipfile.ZipFile(p.path / "several.zip", "w") as archive:
        for file in sorted((p.path / "several").rglob("*")):
            archive.write(file, file.relative_to(p.path / "several"))
    sweep(c, p, [*SCAN, "several"], 2, "a folder of two submissions")
    sweep(c, p, [*SCAN, "several.zip"], 2, "an archive of two submissions")


def check_few_descriptors(c, p):
    build_images(p)
    for count in range(3, 24):
        for path in ("img/fw", "img/fw/phone.ffu"):
            process = subprocess.run(
                ["prlimit", f"--nofile={count}", p.program, *SCAN, *DEVICE, path], cwd=p.path,
                env=p.env, capture_output=True, check=False)
            c.that(process.returncode not in (0, 1, 2), f"{path} with {count} descriptors",
                   (process.returncode, process.stderr[-200:], process.stdout[-300:]))


def check_not_listed(c, p):
    """A folder that may be entered and not listed: the side files of the stem are found by name."""
    build_images(p)
    before = None
    if os.geteuid() == 0: # whom permissions do not bind
        def before():
            os.setgroups([])
            os.setgid(65534)
            os.setuid(65534)
        if subprocess.run([p.program, "--version"], preexec_fn=before, capture_output=True,
                          check=False, cwd="/").returncode != 0:
            c.skip("a folder that may not be listed", "another user may not run the program")
            return
        os.chmod(p.path, 0o755)
        os.chown(p.path / "img/fw", 65534, 65534)
    for mode in (0o111, 0):
        os.chmod(p.path / "img/fw", mode)
        done = p.run(*SCAN, *DEVICE, "img/fw/phone.ffu", before=before)
        if mode != 0:
            c.status(done, 3, "the image itself")
            c.that(done.findings("IMG004"), "it says that the folder was not listed", done.out)
            c.that(done.findings("IMG010"), "and the history was found by name", done.out)
        else:
            c.status(done, 4, "an image that cannot be reached")
        c.status(p.run(*SCAN, *DEVICE, "img/fw", before=before), (3, 4), "the folder")


GROUPS = (check_tree, check_file, check_image, check_several, check_few_descriptors, check_not_listed)


def main():
    if len(sys.argv) < 4:
        sys.exit("usage: looking.py PROGRAM MKFIXTURE SHIM [GROUP...]")
    os.environ["IMGVAL_SHIM"] = os.path.abspath(sys.argv[3])
    return run_groups(GROUPS, sys.argv[4:], sys.argv[1], sys.argv[2])


if __name__ == "__main__":
    sys.exit(main())
