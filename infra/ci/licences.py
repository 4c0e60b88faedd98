#!/usr/bin/env python3
"""Checks every dependency that is built against deny.toml: licences, banned crates, registries.

`cargo deny check` reads the same file and says more; this needs nothing but cargo and Python.
"""

import json
import pathlib
import re
import subprocess
import sys
import tomllib

ROOT = pathlib.Path(__file__).resolve().parents[2]


def version(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall(r"\d+", text.split("-")[0])[:3])


def banned(rule: str, package: dict) -> bool:
    name, _, bound = rule.partition(":<")
    if package["name"] != name:
        return False
    return not bound or version(package["version"]) < version(bound)


def allowed(expression: str, licences: set[str]) -> bool:
    """Whether an SPDX expression can be met with the allowed licences."""
    expression = expression.replace("/", " OR ")
    words = re.findall(r"\(|\)|[A-Za-z0-9.+-]+", expression)
    out, index = [], 0
    while index < len(words):
        word = words[index]
        if word in {"(", ")"}:
            out.append(word)
        elif word in {"AND", "OR"}:
            out.append(word.lower())
        else:
            name = word
            if index + 2 < len(words) and words[index + 1] == "WITH":
                name = f"{word} WITH {words[index + 2]}"
                index += 2
            out.append(str(name in licences))
        index += 1
    return bool(eval(" ".join(out), {"__builtins__": {}}))  # only True/False/and/or/()


def built(metadata: dict) -> set[str]:
    """Ids of the packages that the workspace builds or tests with on this machine."""
    nodes = {node["id"]: node for node in metadata["resolve"]["nodes"]}
    seen: set[str] = set()
    queue = list(metadata["workspace_members"])
    while queue:
        package = queue.pop()
        if package not in seen:
            seen.add(package)
            queue += nodes[package]["dependencies"]
    return seen


def main() -> int:
    rules = tomllib.loads((ROOT / "deny.toml").read_text())
    licences = set(rules["licenses"]["allow"])
    host = re.search(r"host: (\S+)", subprocess.check_output(["rustc", "-vV"], text=True)).group(1)
    command = ["cargo", "metadata", "--format-version=1", "--locked", "--filter-platform", host]
    metadata = json.loads(subprocess.check_output(command, cwd=ROOT))
    used = built(metadata)
    faults = []
    packages = [package for package in metadata["packages"] if package["id"] in used and package["source"]]
    for package in packages:
        label = f"{package['name']} {package['version']}"
        expression = package["license"]
        if not expression or not allowed(expression, licences):
            faults.append(f"{label}: licence {expression or 'unknown'} is not allowed")
        for rule in rules["bans"]["deny"]:
            if banned(rule["crate"], package) and "wrappers" not in rule:
                faults.append(f"{label}: is banned ({rule['crate']})")
        if not package["source"].startswith("registry+"):
            faults.append(f"{label}: comes from {package['source']}")
    for fault in faults:
        print(f"licences: {fault}", file=sys.stderr)
    print(f"licences: {len(packages)} dependencies looked at, {len(faults)} faults")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
