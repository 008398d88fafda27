#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""validate.py REPORT.json...: does each report follow tshm-report-1.schema.json?

Also what a schema cannot say: references lead somewhere, and the summary counts
what is there.  0: all do; 1: one does not; 77: python3-jsonschema is missing.
"""
import json
import pathlib
import sys

try:
    import jsonschema
except ImportError:
    print("SKIP: python3-jsonschema is missing", file=sys.stderr)
    sys.exit(77)

SCHEMA = pathlib.Path(__file__).with_name("tshm-report-1.schema.json")


def strict(pairs):
    """An object whose keys come once: the last of two would hide the first."""
    keys = [key for key, _ in pairs]
    if len(keys) != len(set(keys)):
        raise ValueError(f"a key comes twice among {keys}")
    return dict(pairs)


def no_constant(name):
    raise ValueError(f"{name} is no JSON")


def broken_references(report):
    images = {p["image"] for p in report["processes"]}
    objects = {o["id"] for o in report["objects"]}
    sites = {(s["image"], s["id"]) for s in report["sites"]}
    if len(images) != len(report["processes"]):
        yield "two processes have the same image"
    if len(objects) != len(report["objects"]):
        yield "two objects have the same id"
    for o in report["objects"]:
        creator = o["creator"]
        for image in [h["image"] for h in o["holders"]] + ([creator["image"]] if creator else []):
            if image not in images:
                yield f"object {o['id']}: no process has the image {image}"
        if creator and creator["site"] and (creator["image"], creator["site"]) not in sites:
            yield f"object {o['id']}: its creator has no site {creator['site']}"
    for h in report.get("cuda_ipc", []):
        for party in ([h["exporter"]] if h["exporter"] else []) + h["importers"]:
            if party["image"] not in images:
                yield f"cuda_ipc {h['handle'][:16]}: no process has the image {party['image']}"
    handles = {h["handle"] for h in report.get("cuda_ipc", [])}
    for f in report["findings"]:
        if f.get("handle") is not None and f["handle"] not in handles:
            yield f"finding {f['rule']}: there is no handle {f['handle'][:16]}"
        if f["image"] is not None and f["image"] not in images:
            yield f"finding {f['rule']}: no process has the image {f['image']}"
        if f["object"] is not None and f["object"] not in objects:
            yield f"finding {f['rule']}: there is no object {f['object']}"
        if f["leaf"] >= max(1, len(f["stack"])):
            yield f"finding {f['rule']}: its leaf is not in its stack"


def wrong_counts(report):
    for key, severity in ("errors", "error"), ("warnings", "warning"), ("notes", "note"):
        there = sum(f["severity"] == severity and f["suppressed_by"] is None and not f.get("known") for f in report["findings"])
        if report["summary"][key] != there:
            yield f"summary: {report['summary'][key]} {key}, but there are {there}"
    if report["summary"]["processes"] > len(report["processes"]):
        yield "summary: more processes than there are"


def main(paths):
    validator = jsonschema.Draft7Validator(json.loads(SCHEMA.read_text(encoding="utf-8")))
    validator.check_schema(validator.schema)
    bad = not paths
    for path in paths:
        try:
            text = pathlib.Path(path).read_text(encoding="utf-8")
            report = json.loads(text, object_pairs_hook=strict, parse_constant=no_constant)
        except (OSError, ValueError) as error:
            print(f"{path}: {error}", file=sys.stderr)
            bad = True
            continue
        errors = [f"{'/'.join(map(str, e.absolute_path))}: {e.message}" for e in validator.iter_errors(report)]
        errors = errors or [*broken_references(report), *wrong_counts(report)]
        for error in errors:
            print(f"{path}: {error}", file=sys.stderr)
        bad = bad or bool(errors)
    return 1 if bad else 0


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    sys.exit(main(sys.argv[1:]))
