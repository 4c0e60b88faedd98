#!/usr/bin/env bash
# Checks the templates with cfn-lint and SAM; needs neither an account nor a region.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../.." && pwd)

"$root/infra/ci/tools.sh" sam
cd "$root"
.venv-sam/bin/cfn-lint template.yaml infra/*.yaml
SAM_CLI_TELEMETRY=0 .venv-sam/bin/sam validate --lint
