#!/usr/bin/env python3
"""Writes small seed files for the fuzz targets: sound files of every kind the readers know.

usage: make_fuzz_seeds.py FOLDER   (FOLDER/fuzz_idx, FOLDER/fuzz_npz, ... are filled)
Only the standard library is used, so that seeds do not depend on NumPy.
"""

import base64
import gzip
import io
import json
import pathlib
import struct
import sys
import zipfile


# Pictures of 8 x 8 pixels: grey, colour, and colour in scans that refine one another (progressive).
JPEGS = [
    "/9j/4AAQSkZJRgABAQAAAQABAAD/2wBDACgcHiMeGSgjISMtKygwPGRBPDc3PHtYXUlkkYCZlo+AjIqgtObDoKrarYqMyP/L2u71////m8H////6/+b9"
    "//j/wAALCAAIAAgBAREA/8QAFAABAAAAAAAAAAAAAAAAAAAAA//EABcQAAMBAAAAAAAAAAAAAAAAAAADBGH/2gAIAQEAAD8ABUeH/9k=",
    "/9j/4AAQSkZJRgABAQAAAQABAAD/2wBDACgcHiMeGSgjISMtKygwPGRBPDc3PHtYXUlkkYCZlo+AjIqgtObDoKrarYqMyP/L2u71////m8H////6/+b9"
    "//j/2wBDASstLTw1PHZBQXb4pYyl+Pj4+Pj4+Pj4+Pj4+Pj4+Pj4+Pj4+Pj4+Pj4+Pj4+Pj4+Pj4+Pj4+Pj4+Pj4+Pj4+Pj/wAARCAAIAAgDASIAAhEB"
    "AxEB/8QAFQABAQAAAAAAAAAAAAAAAAAAAAL/xAAZEAADAQEBAAAAAAAAAAAAAAAAAQIDBDH/xAAVAQEBAAAAAAAAAAAAAAAAAAAAAf/EABYRAQEBAAAA"
    "AAAAAAAAAAAAAAABMf/aAAwDAQACEQMRAD8Arm54xzemjUzPrYAJtH//2Q==",
    "/9j/4AAQSkZJRgABAQAAAQABAAD/2wBDACgcHiMeGSgjISMtKygwPGRBPDc3PHtYXUlkkYCZlo+AjIqgtObDoKrarYqMyP/L2u71////m8H////6/+b9"
    "//j/2wBDASstLTw1PHZBQXb4pYyl+Pj4+Pj4+Pj4+Pj4+Pj4+Pj4+Pj4+Pj4+Pj4+Pj4+Pj4+Pj4+Pj4+Pj4+Pj4+Pj4+Pj/wgARCAAIAAgDASIAAhEB"
    "AxEB/8QAFQABAQAAAAAAAAAAAAAAAAAAAAH/xAAVAQEBAAAAAAAAAAAAAAAAAAAAAf/aAAwDAQACEAMQAAABoj//xAAWEAEBAQAAAAAAAAAAAAAAAAAC"
    "ARH/2gAIAQEAAQUCJyf/xAAUEQEAAAAAAAAAAAAAAAAAAAAA/9oACAEDAQE/AX//xAAUEQEAAAAAAAAAAAAAAAAAAAAA/9oACAECAQE/AX//xAAWEAAD"
    "AAAAAAAAAAAAAAAAAAAAARH/2gAIAQEABj8CrP/EABYQAQEBAAAAAAAAAAAAAAAAAAEAMf/aAAgBAQABPyEMgL//2gAMAwEAAgADAAAAEAv/xAAUEQEA"
    "AAAAAAAAAAAAAAAAAAAA/9oACAEDAQE/EH//xAAWEQADAAAAAAAAAAAAAAAAAAAAATH/2gAIAQIBAT8QrP/EABYQAQEBAAAAAAAAAAAAAAAAAAEAMf/a"
    "AAgBAQABPxBohoW//9k=",
]


def idx(extents, data):
    return bytes([0, 0, 8, len(extents)]) + struct.pack(f">{len(extents)}I", *extents) + data


def safetensors(entries, data, metadata=None):
    header = {"__metadata__": metadata} if metadata else {}
    header.update({name: {"dtype": dtype, "shape": shape, "data_offsets": offsets} for name, dtype, shape, offsets in entries})
    text = json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + data


def npy(descr, shape, data, fortran=False, version=1):
    text = f"{{'descr': '{descr}', 'fortran_order': {fortran}, 'shape': {shape}, }}\n".encode()
    length = struct.pack("<H" if version == 1 else "<I", len(text))
    return b"\x93NUMPY" + bytes([version, 0]) + length + text + data


def npz(members, method=zipfile.ZIP_STORED, force_zip64=False):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", method) as archive:
        for name, contents in members.items():
            information = zipfile.ZipInfo(name)
            information.compress_type = method
            with archive.open(information, "w", force_zip64=force_zip64) as member:
                member.write(contents)
    return file.getvalue()


def seeds():
    floats = struct.pack("<6f", *range(6))
    arrays = {
        "a.npy": npy("<f4", "(2, 3)", floats),
        "f.npy": npy("<f4", "(2, 3)", floats, fortran=True, version=2),
        "meta.npy": npy("<U2", "()", "{}".encode("utf-32-le")),
    }
    labels = idx([4], bytes(range(4)))
    pictures = idx([2, 3, 3], bytes(range(18)))
    return {
        "fuzz_cifar": [bytes([label, *range(0, 256)]) + bytes(2816 + extra) for label in (0, 9) for extra in (0, 1)],
        "fuzz_jpeg": [base64.b64decode(text) for text in JPEGS],
        "fuzz_idx": [labels, pictures, gzip.compress(labels, mtime=0), gzip.compress(pictures, mtime=0)],
        "fuzz_npz": [
            npz(arrays),
            npz(arrays, zipfile.ZIP_DEFLATED),
            npz(arrays, force_zip64=True),
            *arrays.values(),
            npy("|b1", "(3,)", b"\1\0\1", version=3),
            npy("<i8", "()", bytes(8)),
        ],
        "fuzz_safetensors": [
            safetensors([], b""),
            safetensors([("w", "F32", [2, 3], [0, 24]), ("s", "U8", [], [24, 25])], floats + b"\1", {"k": "v"}),
            safetensors([("d", "F64", [1], [0, 8]), ("i", "I64", [0, 4], [8, 8]), ("h", "BF16", [2], [8, 12])], bytes(12)),
        ],
    }


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    for target, files in seeds().items():
        folder = pathlib.Path(sys.argv[1]) / target
        folder.mkdir(parents=True, exist_ok=True)
        for number, contents in enumerate(files):
            (folder / f"seed-{number}").write_bytes(contents)


if __name__ == "__main__":
    main()
