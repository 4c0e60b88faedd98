#!/usr/bin/env python3
"""Builds or deploys a section of samconfig.toml, with what the command line adds to its parameters.

    sam.py build|deploy [SECTION] [NAME=VALUE…]     runs SAM
    sam.py --show SECTION [NAME=VALUE…]             prints the parameters, one a line

SAM itself forgets a section's parameter_overrides as soon as one is given on its command line.
"""

import os
import pathlib
import shlex
import sys
import tomllib

ROOT = pathlib.Path(__file__).resolve().parents[2]


def parameters(section, added):
    """The section's overrides and those that were added; of one name the last counts."""
    config = tomllib.loads((ROOT / "samconfig.toml").read_text())
    if section not in config:
        known = ", ".join(name for name in config if name != "version")
        sys.exit(f"sam.py: samconfig.toml has no [{section}], only {known}")
    merged = {}
    for pair in shlex.split(config[section]["deploy"]["parameters"]["parameter_overrides"]) + added:
        name, equals, value = pair.partition("=")
        if not equals or not name.isalnum():
            sys.exit(f"sam.py: {pair!r} is no NAME=VALUE")
        merged[name] = value
    return merged


def quoted(value):
    """A value as SAM reads it: an empty one, and one with blanks, stands in quotes."""
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'


def main(verb, section="default", *added):
    wanted = parameters(section, list(added))
    if verb == "--show":
        print("\n".join(f"{name}={value}" for name, value in wanted.items()))
        return
    if verb not in ("build", "deploy"):
        sys.exit(__doc__)
    # What is built depends on the architecture alone.
    names = ["Architecture"] if verb == "build" else list(wanted)
    pairs = [f"{name}={quoted(wanted[name])}" for name in names if name in wanted]
    command = ["sam", verb, "--config-env", section, "--parameter-overrides", *pairs]
    os.chdir(ROOT)
    os.environ["PATH"] = f"{ROOT}/.venv-sam/bin:{os.environ['PATH']}"
    os.execvp("sam", command)


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    main(*sys.argv[1:])
