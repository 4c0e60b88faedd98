#!/usr/bin/env bash
# Lints the template with SAM CLI and cfn-lint; both work without a network and without credentials.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
"$root/infra/deploy-local/tools.sh" sam
exec "$root/infra/deploy-local/lint.sh"
