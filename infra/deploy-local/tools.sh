#!/usr/bin/env bash
# Makes the two Python environments that building, linting and deploying need, and nothing when they
# are there already. Two, because SAM CLI and MiniStack pin different versions of botocore.
#
#   tools.sh [sam] [ministack]      both when none is named
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../.." && pwd)
python=${PYTHON:-python3}

make_venv() {
  local name=$1
  local venv="$root/.venv-$name"
  local wanted="$here/requirements-$name.txt"
  if cmp -s "$wanted" "$venv/.requirements"; then
    return
  fi
  echo "tools: installing $(tr '\n' ' ' <"$wanted")into .venv-$name"
  "$python" -m venv "$venv"
  "$venv/bin/pip" install --quiet --disable-pip-version-check --requirement "$wanted"
  cp "$wanted" "$venv/.requirements"
}

(($# > 0)) || set -- sam ministack
for name in "$@"; do
  make_venv "$name"
done
