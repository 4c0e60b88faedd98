#!/usr/bin/env bash
# Installs what the checks need, and nothing that is there already.
#
#   tools.sh [nextest] [moto] [node] [go] [curl] [axios] [requests] [docs] [sam] [ministack]
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
say() { echo "tools: $*"; }

need_cargo() {
  command -v cargo >/dev/null || {
    say "Rust is missing: install it from https://rustup.rs and run this again"
    exit 1
  }
}

# A C compiler builds SQLite and the TLS library.
need_compiler() {
  command -v cc >/dev/null && return
  command -v apt-get >/dev/null || { say "a C compiler (cc) is missing"; exit 1; }
  say "installing a C compiler"
  apt-get update -qq && apt-get install -y -qq build-essential
}

install_nextest() {
  cargo nextest --version >/dev/null 2>&1 && return
  say "installing cargo-nextest"
  cargo install --quiet --locked cargo-nextest
}

# The documentation's commands and its receivers are run as they stand.
install_package() {
  local command=$1 package=$2
  command -v "$command" >/dev/null && return
  command -v apt-get >/dev/null || { say "$command is missing"; exit 1; }
  say "installing $package"
  apt-get update -qq && apt-get install -y -qq "$package"
}

# On Debian, Python comes without what makes virtual environments.
need_python() {
  install_package python3 python3
  python3 -c 'import ensurepip' 2>/dev/null && return
  command -v apt-get >/dev/null || { say "python3 lacks its module venv"; exit 1; }
  say "installing python3-venv"
  apt-get update -qq && apt-get install -y -qq python3-venv
}

# The reference that the embedded queue is compared with.
install_moto() {
  local wanted='moto[server]==5.2.5' venv="$root/.venv-moto"
  [[ -x $venv/bin/moto_server && $(cat "$venv/.wanted" 2>/dev/null) == "$wanted" ]] && return
  need_python
  say "installing $wanted into .venv-moto"
  python3 -m venv "$venv"
  "$venv/bin/pip" install --quiet --disable-pip-version-check "$wanted"
  echo "$wanted" >"$venv/.wanted"
}

# The documents that the evaluation asks questions about come with the compiler.
install_docs() {
  [[ -d $(rustc --print sysroot)/share/doc/rust/html/book ]] && return
  command -v rustup >/dev/null || { say "the compiler's documentation (rust-docs) is missing"; exit 1; }
  say "installing rust-docs"
  rustup component add rust-docs
}

# The programs that the dialects' documents print import these two.
install_axios() {
  local wanted='axios@1.21.1'
  [[ $(cat "$root/node_modules/.wanted" 2>/dev/null) == "$wanted" ]] && return
  install_package npm npm
  say "installing $wanted into node_modules"
  npm install --prefix "$root" --no-save --no-package-lock --no-audit --no-fund --ignore-scripts \
    --loglevel=error "$wanted"
  echo "$wanted" >"$root/node_modules/.wanted"
}

install_requests() {
  local wanted='requests==2.34.2' venv="$root/.venv-programs"
  [[ -x $venv/bin/python && $(cat "$venv/.wanted" 2>/dev/null) == "$wanted" ]] && return
  need_python
  say "installing $wanted into .venv-programs"
  python3 -m venv "$venv"
  "$venv/bin/pip" install --quiet --disable-pip-version-check "$wanted"
  echo "$wanted" >"$venv/.wanted"
}

# One at a time: tests call this too, all at once.
exec 9<"${BASH_SOURCE[0]}"
flock 9

need_cargo
need_compiler
for tool in "$@"; do
  case $tool in
    nextest) install_nextest ;;
    moto) install_moto ;;
    node) install_package node nodejs ;;
    go) install_package go golang-go ;;
    curl) install_package curl curl ;;
    axios) install_axios ;;
    requests) install_requests ;;
    docs) install_docs ;;
    sam | ministack) need_python && "$root/infra/deploy-local/tools.sh" "$tool" ;;
    *) say "unknown tool: $tool"; exit 2 ;;
  esac
done
