#!/usr/bin/env bash
# Deploys the very template.yaml to MiniStack on this machine, with IAM enforced, and runs the
# end-to-end suite against the deployed API; then deploys it with every switch the other way. Needs Rust
# and Python; no Docker, no AWS account.
#
#   run.sh                      build release bootstraps, deploy, test, stop
#   run.sh --bootstraps DIR     deploy DIR/<function>/bootstrap instead of building
#   run.sh --keep               leave the stack running until Ctrl-C
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../.." && pwd)
mapfile -t functions < <(cd "$root/functions" && printf '%s\n' */ | tr -d /)
stack=aiva-local
region=eu-central-1

bootstraps=
keep=false
while (($# > 0)); do
  case $1 in
    --bootstraps) bootstraps=$(cd "${2:?--bootstraps needs a directory}" && pwd); shift 2 ;;
    --keep) keep=true; shift ;;
    *) echo "deploy-local: unknown argument $1" >&2; exit 2 ;;
  esac
done

say() { echo "deploy-local: $*"; }
die() { echo "deploy-local: $*" >&2; exit 1; }

case $(uname -m) in
  x86_64) architecture=x86_64 ;;
  aarch64 | arm64) architecture=arm64 ;;
  *) die "no Lambda architecture for $(uname -m)" ;;
esac

work=$(mktemp -d "${TMPDIR:-/tmp}/aiva-deploy-local.XXXXXX")
emulator=
finish() {
  local status=$?
  trap - EXIT INT TERM
  if [[ -n $emulator ]]; then
    kill -TERM "$emulator" 2>/dev/null || true
    # Its functions are in its process group and end a little later than it does.
    for _ in $(seq 50); do
      kill -0 -- "-$emulator" 2>/dev/null || break
      sleep 0.1
    done
    kill -KILL -- "-$emulator" 2>/dev/null || true
    wait "$emulator" 2>/dev/null || true
  fi
  if ((status != 0)) && [[ -s $work/ministack.log ]]; then
    mkdir -p "$root/.aws-sam"
    cp "$work/ministack.log" "$root/.aws-sam/ministack.log"
    say "the emulator's log is .aws-sam/ministack.log; its last lines:"
    tail -n 40 "$work/ministack.log"
  fi
  rm -rf "$work"
  exit "$status"
}
trap finish EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

"$root/infra/ci/tools.sh" sam ministack
export PATH="$root/.venv-sam/bin:$PATH" SAM_CLI_TELEMETRY=0 PYTHONDONTWRITEBYTECODE=1

if [[ -z $bootstraps ]]; then
  # One build for all, so that each dependency is compiled once.
  say "building release bootstraps for $architecture"
  packages=()
  for name in "${functions[@]}"; do packages+=(--package "$name"); done
  (cd "$root" && cargo lambda build --release --locked "${packages[@]}")
  bootstraps="${CARGO_TARGET_DIR:-$root/target}/lambda"
fi

# CodeUri of the template is functions/<name>/, relative to the template: beside an untouched copy of
# it those folders hold the bootstrap instead of its source.
mkdir -p "$work/stage/infra"
cp "$root/template.yaml" "$work/stage/"
cp "$root"/infra/*.yaml "$work/stage/infra/"
for name in "${functions[@]}"; do
  [[ -f $bootstraps/$name/bootstrap ]] || die "no bootstrap for $name in $bootstraps"
  mkdir -p "$work/stage/functions/$name"
  install -m 755 "$bootstraps/$name/bootstrap" "$work/stage/functions/$name/bootstrap"
done

port=$("$root/.venv-ministack/bin/python" -c \
  'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
endpoint="http://127.0.0.1:$port"

# The emulator hands its whole environment to the functions, hence env -i; AUTH enforces IAM; job
# control (-m) gives it a process group of its own.
say "starting MiniStack on $endpoint"
mkdir -p "$work/tmp"
set -m
env -i PATH=/usr/bin:/bin HOME="$work/tmp" TMPDIR="$work/tmp" LANG=C.UTF-8 \
  GATEWAY_PORT="$port" BIND_HOST=127.0.0.1 MINISTACK_HOST=localhost MINISTACK_REGION="$region" \
  AWS_ENDPOINT_URL="$endpoint" AUTH=true IOT_MTLS_ENABLED=0 SFTP_ENABLED=0 \
  "$root/.venv-ministack/bin/ministack" >"$work/ministack.log" 2>&1 &
emulator=$!
set +m

ready=false
for _ in $(seq 300); do
  kill -0 "$emulator" 2>/dev/null || die "MiniStack ended before it was ready"
  if curl --silent --fail --max-time 2 --output /dev/null "$endpoint/_ministack/health"; then
    ready=true
    break
  fi
  sleep 0.1
done
$ready || die "MiniStack was not ready within 30 s"

export AWS_ENDPOINT_URL=$endpoint AWS_ACCESS_KEY_ID=test AWS_SECRET_ACCESS_KEY=test \
  AWS_DEFAULT_REGION=$region AWS_REGION=$region AWS_EC2_METADATA_DISABLED=true
unset AWS_PROFILE AWS_SESSION_TOKEN

say "deploying $stack"
(cd "$work/stage" && timeout 300 sam deploy --template-file template.yaml --stack-name "$stack" \
  --resolve-s3 --capabilities CAPABILITY_IAM CAPABILITY_AUTO_EXPAND --no-confirm-changeset --no-progressbar \
  --parameter-overrides "Architecture=$architecture" Model=extractive LocalDeployment=true \
  DeletionProtection=false LogRetentionDays=1 CallbackRetrySeconds=1,2,4 \
  "MailIdentityArn=arn:aws:ses:$region:000000000000:identity/example.com" \
  MailFrom=help@example.com) \
  >"$work/deploy.log" 2>&1 || { tail -n 60 "$work/deploy.log"; die "sam deploy failed"; }
say "deployed: $("$root/.venv-ministack/bin/python" "$here/suite.py" --url "$stack")"

status=0
timeout 600 "$root/.venv-ministack/bin/python" "$here/suite.py" "$stack" || status=$?
if ! $keep; then
  # Its functions are left as they are: what is looked at is what the template makes.
  say "deploying what the first deployment leaves off"
  (cd "$work/stage" && timeout 300 "$root/.venv-ministack/bin/python" "$here/switches.py" "$stack") || status=$?
fi
if $keep; then
  say "the stack stays until Ctrl-C; endpoint $endpoint, log $work/ministack.log"
  wait "$emulator" || true
fi
exit "$status"
