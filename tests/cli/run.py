#!/usr/bin/python3
"""run.py: ./run asks for packages only where one for this machine is missing. dpkg, apt-get and cmake
are stand-ins, as nothing is to be installed or built here."""
import os
import pathlib
import subprocess
import sys
import tempfile

import support

# what dpkg-query prints of each package: whether ./run has to install it
LISTED = {
    "installed amd64": False,
    "installed all": False,
    "installed amd64\\ninstalled i386": False,
    "not-installed amd64\\ninstalled i386": True,
    "config-files amd64": True,
    "installed i386": True,
}


def stand_in(folder, name, body):
    path = folder / name
    path.write_text("#!/bin/sh\n" + body + "\n", encoding="utf-8")
    path.chmod(0o755)


def main():
    checks = support.Checks()
    for listed, installs in LISTED.items():
        with tempfile.TemporaryDirectory(prefix="imgval-run-") as place:
            top = pathlib.Path(place)
            for name in ("bin", "build"):
                (top / name).mkdir()
            stand_in(top / "bin", "dpkg", "echo amd64")
            stand_in(top / "bin", "dpkg-query", f"printf '{listed}\\n'")
            stand_in(top / "bin", "apt-get", f"echo \"$@\" >>'{top}/asked'")
            stand_in(top / "bin", "sudo", 'exec "$@"')
            stand_in(top / "bin", "cmake", "exit 0")
            stand_in(top / "build", "imgval", "echo ran \"$@\"")
            env = {**os.environ, "PATH": f"{top}/bin:{os.environ['PATH']}", "IMGVAL_BUILD": str(top / "build")}
            env.pop("IMGVAL_NO_INSTALL", None)
            done = subprocess.run([support.TOP / "run", "scan", "x"], env=env, capture_output=True, text=True,
                                  check=False)
            checks.same((done.returncode, done.stdout), (0, "ran scan x\n"), f"{listed}: {done.stderr}")
            checks.same((top / "asked").exists(), installs, f"{listed}: whether apt is asked")
    return checks.close()


if __name__ == "__main__":
    sys.exit(main())
