#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""harmless.py FORMAT FILE...: may each file, a report of this format, be shown, mailed and parsed?

Whatever programs are called: no character that a terminal, a runner of CI or a parser obeys comes from them.
For SARIF also what its schema cannot say, and for JUnit that the counts are right.
"""
import json
import pathlib
import re
import sys
import unicodedata
import xml.etree.ElementTree

LEVELS = {"error", "warning", "note"}


def shown(text, newlines=True):
    """What of a text would not be shown as itself."""
    for char in text:
        if char == "\n" and newlines:
            continue
        if unicodedata.category(char) in ("Cc", "Cs", "Zl", "Zp") or char in "\u202d\u202e\u2066\u2067\u2068\ufeff\uffff":
            yield f"U+{ord(char):04X}"


def lines_only(text):
    yield from shown(text)
    if text and not text.endswith("\n"):
        yield "the last line has no end"


def strings(value):
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for key, item in value.items():
            yield key
            yield from strings(item)
    elif isinstance(value, list):
        for item in value:
            yield from strings(item)


def text(content):
    yield from lines_only(content)
    last = content.splitlines()[-1]
    if not last.startswith("SUMMARY: tshm: "):
        yield f"the last line is {last}"
    if content.count("SUMMARY: tshm: ") != 1 + content.count("\\nSUMMARY: tshm: "):
        yield "another line looks like the summary"


def github(content):
    yield from lines_only(content)
    lines = content.splitlines()
    command = re.compile(r"::(error|warning|notice) (file=[^,:]+,line=\d+,)?title=[^,:]+::\S")
    for line in lines[:-1]:
        if not command.match(line):
            yield f"no annotation: {line}"
    if not lines[-1].startswith("SUMMARY: tshm: "):
        yield f"the last line is {lines[-1]}"


def suppressions(content):
    yield from lines_only(content)


def sarif_result(run, result):
    rules = run["tool"]["driver"]["rules"]
    if rules[result["ruleIndex"]]["id"] != result["ruleId"]:
        yield f"ruleIndex of {result['ruleId']} leads to another rule"
    if result["level"] not in LEVELS:
        yield f"level {result['level']}"
    if not re.fullmatch("[0-9a-f]{32}", result["partialFingerprints"]["tshm/v1"]):
        yield "no fingerprint"
    for place in result["locations"] + result["relatedLocations"]:
        file = place.get("physicalLocation", {}).get("artifactLocation", {})
        uri = file.get("uri")
        if uri is None:
            continue
        if "uriBaseId" in file:
            if file["uriBaseId"] not in run["originalUriBaseIds"] or uri.startswith("/") or ":" in uri:
                yield f"{uri} is not relative to {file['uriBaseId']}"
        elif not uri.startswith("file:///"):
            yield f"{uri} is no absolute URI"
        if not re.fullmatch(r"[A-Za-z0-9\-._~/:%]+", uri):
            yield f"{uri} is no URI"


def sarif(content):
    log = json.loads(content)
    if log["version"] != "2.1.0":
        yield "no SARIF 2.1.0"
    for string in strings(log):
        yield from shown(string, newlines=False)
    for run in log["runs"]:
        for rule in run["tool"]["driver"]["rules"]:
            if not rule["help"]["text"]:
                yield f"{rule['id']} has no help"
        for result in run["results"]:
            yield from sarif_result(run, result)


def any_json(content):
    for string in strings(json.loads(content)):
        yield from (what for what in shown(string) if what == "U+D800")


def junit(content):
    root = xml.etree.ElementTree.fromstring(content.encode())
    yield from shown(content)
    for element in root.iter():
        for string in [element.text or "", *element.attrib.values()]:
            yield from shown(string)
    for suite in root.iter("testsuite"):
        cases = suite.findall("testcase")
        names = [(case.get("classname"), case.get("name")) for case in cases]
        if len(set(names)) != len(names):
            yield "two test cases have one name"
        for count, tag in ("failures", "failure"), ("errors", "error"), ("skipped", "skipped"):
            is_there = sum(case.find(tag) is not None for case in cases)
            for element in root, suite:
                if int(element.get(count)) != is_there:
                    yield f"{count}: {element.get(count)}, but there are {is_there}"
        if int(suite.get("tests")) != len(cases) or not cases:
            yield "tests are not as many as told"


FORMATS = {"text": text, "json": any_json, "baseline": any_json, "junit": junit, "sarif": sarif, "github": github,
           "suppressions": suppressions}


def main(form, paths):
    bad = not paths
    for path in paths:
        try:
            errors = list(FORMATS[form](pathlib.Path(path).read_bytes().decode("utf-8")))
        except (OSError, ValueError, KeyError, xml.etree.ElementTree.ParseError) as error:
            errors = [repr(error)]
        for error in errors:
            print(f"{path}: {form}: {error}", file=sys.stderr)
        bad = bad or bool(errors)
    return 1 if bad else 0


if __name__ == "__main__":
    if len(sys.argv) < 3 or sys.argv[1] not in FORMATS:
        sys.exit(__doc__)
    sys.exit(main(sys.argv[1], sys.argv[2:]))
