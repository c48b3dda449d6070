#!/usr/bin/env python3
"""Prints the prefix of the oneDNN wheel that this interpreter has, or nothing if it has none."""

import importlib.metadata

try:
    files = importlib.metadata.files("onednn-devel-cpu-gomp") or []
except importlib.metadata.PackageNotFoundError:
    files = []
for file in files:
    if file.name == "dnnl-config.cmake":
        print(file.locate().resolve().parents[3])
