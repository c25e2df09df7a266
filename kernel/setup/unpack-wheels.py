"""Unpacks from wheels what the engine needs: shared libraries, C headers, CUDA's compiler, licences.

    python unpack-wheels.py FOLDER WHEEL...     unpacks, removes each wheel, prints {"files": n, "bytes": n}
    python unpack-wheels.py --metadata WHEEL    prints the wheel's METADATA
"""

import json
import os
import re
import shutil
import sys
import zipfile

INCLUDE = "tensorflow/include/"
WANTED = re.compile(
    r"tensorflow/lib[^/]+\.(so[.\d]*|[.\d]*dylib)$|tensorflow(_cpu)?\.libs/"
    r"|tensorflow/THIRD_PARTY_NOTICES\.txt$|[^/]+\.dist-info/(METADATA$|licenses/|License)"
    r"|nvidia/[^/]+/lib/[^/]+\.so[.\d]*$|nvidia/cuda_nvcc/(bin|nvvm)/"
)


def headers(archive, names):
    """TensorFlow's C headers and what they include, however far down."""
    found = set()
    ahead = [name for name in names if name.startswith(INCLUDE + "tensorflow/c/") and name.endswith(".h")]
    while ahead:
        name = ahead.pop()
        if name in found:
            continue
        found.add(name)
        text = archive.read(name).decode("utf-8", "replace")
        for included in re.findall(r'^\s*#\s*include\s*[<"]([^>"]+)[>"]', text, re.MULTILINE):
            beside = name.rsplit("/", 1)[0] + "/" + included
            ahead += [path for path in (INCLUDE + included, beside) if path in names]
    return found


def unpack(wheel, folder):
    files = size = 0
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
        for name in sorted(headers(archive, names) | {name for name in names if WANTED.match(name)}):
            if name.endswith("/") or ".." in name.split("/"):
                continue
            member = archive.getinfo(name)
            path = os.path.join(folder, *name.split("/"))
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with archive.open(member) as source, open(path, "wb") as target:
                shutil.copyfileobj(source, target, 1 << 20)
            mode = member.external_attr >> 16 & 0o777
            os.chmod(path, 0o755 if mode & 0o100 or "/bin/" in name else 0o644)
            files, size = files + 1, size + member.file_size
    return files, size


def main(arguments):
    if arguments[0] == "--metadata":
        with zipfile.ZipFile(arguments[1]) as archive:
            name = next(name for name in archive.namelist() if re.fullmatch(r"[^/]+\.dist-info/METADATA", name))
            sys.stdout.write(archive.read(name).decode("utf-8"))
        return
    folder, *wheels = arguments
    total = [0, 0]
    for wheel in wheels:
        files, size = unpack(wheel, folder)
        total = [total[0] + files, total[1] + size]
        os.remove(wheel)
    print(json.dumps({"files": total[0], "bytes": total[1]}))


main(sys.argv[1:])
