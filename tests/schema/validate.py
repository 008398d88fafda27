#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""validate.py REPORT.json...: does each report follow the schema that it names?

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

SCHEMAS = "tshm-report/1", "tshm-system/1"


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


def wrong_system(report):
    system = report["system"]
    names, totals, reap = system["names"], system["totals"], system["reap"]
    going = [n for n in names if n["can_go"] == "yes"]
    sums = {"names": len(names), "bytes": sum(n["used"] for n in names),
            "can_go": len(going), "can_go_bytes": sum(n["used"] for n in going)}
    for key, there in sums.items():
        if totals[key] != there:
            yield f"totals: {totals[key]} {key}, but there are {there}"
    whole = [n["name"] for n in names if "\ufffd" not in n["name"]]
    if len(set(whole)) != len(whole):
        yield "two names are the same"
    owners = {w["whose"] for w in system["whose"]}
    for n in names:
        if n["whose"] is not None and n["whose"] not in owners:
            yield f"{n['name']}: whose has no {n['whose']}"
        if (n["outcome"] is None) != (reap is None):
            yield f"{n['name']}: outcome {n['outcome']}"
    if reap:
        for key, words in ("removed", ("removed", "would-remove")), ("refused", ("refused",)):
            there = sum(n["outcome"] in words for n in names)
            if reap[key] != there:
                yield f"reap: {reap[key]} {key}, but there are {there}"


def validator_of(schema):
    """Its file is called as it is."""
    path = pathlib.Path(__file__).with_name(schema.replace("/", "-") + ".schema.json")
    validator = jsonschema.Draft7Validator(json.loads(path.read_text(encoding="utf-8")))
    validator.check_schema(validator.schema)
    return validator


def more(report):
    """What the schema cannot say."""
    if report["schema"] == "tshm-system/1":
        return [*wrong_system(report)]
    return [*broken_references(report), *wrong_counts(report)]


def main(paths):
    validators = {schema: validator_of(schema) for schema in SCHEMAS}
    bad = not paths
    for path in paths:
        try:
            text = pathlib.Path(path).read_text(encoding="utf-8")
            report = json.loads(text, object_pairs_hook=strict, parse_constant=no_constant)
        except (OSError, ValueError) as error:
            print(f"{path}: {error}", file=sys.stderr)
            bad = True
            continue
        schema = report.get("schema") if isinstance(report, dict) else None
        validator = validators.get(schema, validators[SCHEMAS[0]])
        errors = [f"{'/'.join(map(str, e.absolute_path))}: {e.message}" for e in validator.iter_errors(report)]
        errors = errors or more(report)
        for error in errors:
            print(f"{path}: {error}", file=sys.stderr)
        bad = bad or bool(errors)
    return 1 if bad else 0


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    sys.exit(main(sys.argv[1:]))
