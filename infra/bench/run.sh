#!/usr/bin/env bash
# Measures the budgets and writes docs/BENCHMARKS.md.
#
#   run.sh                      everything; builds the release bootstraps with cargo-lambda
#   run.sh --bootstraps DIR     the same with bootstraps that are built already
#   run.sh --quick              capacity, large knowledge and the local runtime only; printed, and the file is left alone
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
mapfile -t functions < <(cd "$root/functions" && printf '%s\n' */ | tr -d /)
yardsticks=(hello hello-put)

quick=false
bootstraps=
command='make bench'
(($# == 0)) || command="infra/bench/run.sh $*"
while (($# > 0)); do
  case $1 in
    --quick) quick=true; shift ;;
    --bootstraps) bootstraps=$(cd "${2:?--bootstraps needs a directory}" && pwd); shift 2 ;;
    *) echo "bench: unknown argument $1" >&2; exit 2 ;;
  esac
done

say() { echo "bench: $*" >&2; }

# What the caller's shell configures must not reach what is measured.
while IFS='=' read -r name _; do
  case $name in AIVA_* | AWS_*) unset "$name" ;; esac
done < <(env)

cd "$root"
target=${CARGO_TARGET_DIR:-$root/target}
say "building the benchmark"
# Optimised for speed, and without the link-time optimisation of the bootstraps, which takes minutes for
# a program that holds the whole product.
CARGO_PROFILE_RELEASE_OPT_LEVEL=3 CARGO_PROFILE_RELEASE_LTO=off \
  CARGO_PROFILE_RELEASE_CODEGEN_UNITS=16 CARGO_PROFILE_RELEASE_STRIP=none \
  cargo build --quiet --release --locked --target-dir "$target/bench" --package aiva-bench --package aiva-eval

if $quick; then
  exec "$target/bench/release/aiva-bench"
fi

# AWS's runtime interface emulator comes with the SAM CLI.
infra/ci/tools.sh sam
emulator=$(find .venv-sam -path '*samcli/local/rapid/aws-lambda-rie-*' -name "*$(uname -m | sed s/aarch64/arm64/)")
[[ -n $emulator ]] || { say "the SAM CLI has no runtime interface emulator for $(uname -m)"; exit 1; }
if [[ -z $bootstraps ]]; then
  # The yardsticks are built in the same invocation, so that they get the same features.
  say "building the release bootstraps"
  packages=(--package aiva-bench-hello)
  for name in "${functions[@]}"; do packages+=(--package "$name"); done
  PATH="$root/.venv-sam/bin:$PATH" cargo lambda build --quiet --release --locked "${packages[@]}"
  bootstraps=$target/lambda
fi
for name in "${yardsticks[@]}" "${functions[@]}"; do
  [[ -x $bootstraps/$name/bootstrap ]] || { say "no bootstrap for $name in $bootstraps"; exit 1; }
done

report=$(mktemp "${TMPDIR:-/tmp}/aiva-bench.XXXXXX")
answers=$(mktemp "${TMPDIR:-/tmp}/aiva-bench.XXXXXX")
trap 'rm -f "$report" "$answers"' EXIT
infra/ci/tools.sh docs
say "asking the questions of the evaluation"
"$target/bench/release/aiva-eval" >"$answers"
"$target/bench/release/aiva-bench" --bootstraps "$bootstraps" --repository "$root" \
  --emulator "$emulator" >"$report"

{
  echo "# Benchmarks"
  echo
  echo "What the budgets are, and what was measured. \`make bench\` writes this file; nothing in it is"
  echo "written by hand. Figures of one run are comparable with each other, not with another machine's."
  echo
  echo "Command: \`$command\`. Compiler: \`$(rustc --version | cut -d ' ' -f 1-2)\`, release profile of the workspace."
  cat "$report"
  echo
  echo "## Answers from real documents"
  echo
  echo "The books that come with this compiler, read as uploaded HTML files are; questions with known"
  echo "answers, and questions that the book does not answer (\`infra/eval/questions/\`). A passage counts"
  echo "where it is of the right page and holds the words that answer. The answers are the extractive"
  echo "model's, from the first five passages. \`make eval\` prints the same table and every miss; the tests"
  echo "fail where a figure over all falls below \`infra/eval/floor.json\`."
  echo
  cat "$answers"
} >docs/BENCHMARKS.md
say "docs/BENCHMARKS.md is written"
grep -F '**missed**' docs/BENCHMARKS.md >&2 || say "every budget is met"
