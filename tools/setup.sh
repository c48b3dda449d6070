#!/usr/bin/env bash
# Installs what is missing to build (build), to build the Python package (python), to run the tutorials as notebooks
# (notebooks), to train (train), to run every test (test) or to build the documentation site (docs); quick when nothing is.
#
# Debian packages come through apt, oneDNN 3 from the system where it has it and else from PyPI into .venv.
# Set PCXX_SETUP=skip to leave the machine as it is.
set -euo pipefail
cd "$(dirname "$0")/.."

purpose=${1:-build}
[ "${PCXX_SETUP:-}" = skip ] && exit 0

packages=(g++ cmake ninja-build ccache python3 libhwy-dev libcli11-dev libtomlplusplus-dev
  nlohmann-json3-dev libfmt-dev zlib1g-dev libjpeg-dev libgtest-dev libbenchmark-dev)
case $purpose in
  build) ;;
  python) packages+=(graphviz python3-venv) ;;
  notebooks) packages+=(dataset-fashion-mnist graphviz python3-venv) ;;
  train) packages+=(dataset-fashion-mnist) ;;
  test) packages+=(dataset-fashion-mnist clang graphviz python3-venv) ;;
  docs) packages+=(doxygen graphviz python3-venv) ;;
  *) echo "[setup] unknown purpose '$purpose'; known: build, python, notebooks, train, test, docs" >&2; exit 2 ;;
esac
site=(sphinx furo breathe myst-parser myst-nb sphinx-copybutton)
wheels=(onednn-devel-cpu-gomp==2023.2.0 onednn-cpu-gomp==2023.2.0)  # oneDNN 3.2.0 with GNU OpenMP
python_wheels=(nanobind==3.1.0 numpy pytest mypy matplotlib tqdm jupytext nbclient ipykernel)

say() { echo "[setup] $*" >&2; }
fail() { say "$*"; exit 1; }

# Prints those of the named packages that are not installed.
missing_packages() {
  local installed
  installed=$(dpkg-query -W -f '${db:Status-Status} ${Package}\n' "$@" 2>/dev/null | sed -n 's/^installed //p') || true
  local package
  for package in "$@"; do
    grep -qxF -- "$package" <<<"$installed" || echo "$package"
  done
}

# Succeeds if a prefix that CMake will search holds oneDNN 3 with OpenMP threads.
has_onednn() {
  local prefix config
  local prefixes
  IFS=':;' read -ra prefixes <<<"${CMAKE_PREFIX_PATH:-}"
  for prefix in "${prefixes[@]}" .venv /usr/local /usr; do
    for config in "$prefix"/lib/cmake/dnnl "$prefix"/lib64/cmake/dnnl "$prefix"/lib/*/cmake/dnnl; do
      [ -f "$config/dnnl-config-version.cmake" ] || continue
      grep -qE 'set\(PACKAGE_VERSION "3\.' "$config/dnnl-config-version.cmake" || continue
      grep -q 'set(DNNL_CPU_RUNTIME "OMP")' "$config/dnnl-config.cmake" && return 0
    done
  done
  return 1
}

# Runs a command as root: directly, or through sudo.
as_root() {
  if [ "$(id -u)" = 0 ]; then
    "$@"
  else
    sudo "$@"
  fi
}

can_be_root() {
  [ "$(id -u)" = 0 ] && return 0
  command -v sudo >/dev/null || return 1
  sudo -n true 2>/dev/null || [ -t 0 ]
}

apt_install() {
  as_root env DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=300 -qq -y \
    install --no-install-recommends "$@" </dev/null >/dev/null
}

# Installs the named packages; refreshes the package lists only where they do not know them, or are stale.
install_packages() {
  if ! can_be_root; then
    fail "missing: $*; neither root nor sudo is at hand; have an administrator run: apt-get install $*"
  fi
  say "installing $*"
  local known
  known=$(apt-cache policy "$@" 2>/dev/null | grep -c 'Candidate: [^(]' || true)
  if [ "$known" -eq $# ] && apt_install "$@"; then
    return
  fi
  as_root apt-get -o DPkg::Lock::Timeout=300 -qq update </dev/null ||
    fail "missing: $*; apt-get update failed (see above); connect this machine to its package mirror and try again"
  apt_install "$@" ||
    fail "missing: $*; apt-get install failed (see above); Debian 12 and Ubuntu 24.04 or newer have all of them"
}

# Succeeds if the package lists offer oneDNN 3.
system_offers_onednn() {
  [[ $(apt-cache policy libdnnl-dev 2>/dev/null) == *"Candidate: 3."* ]]
}

# Installs packages from PyPI into .venv.
pip_install() {
  [ -x .venv/bin/python ] && .venv/bin/python -m pip --version >/dev/null 2>&1 || python3 -m venv .venv
  .venv/bin/python -m pip install --quiet --disable-pip-version-check "$@" </dev/null
}

# What the Python package is built and tested with, and the interpreter's headers.
install_python_wheels() {
  if ! .venv/bin/python -c 'import ipykernel, jupytext, matplotlib, mypy, nanobind, nbclient, numpy, pytest, tqdm' 2>/dev/null; then
    say "installing ${python_wheels[*]} from PyPI into .venv"
    pip_install "${python_wheels[@]}" ||
      fail "could not install ${python_wheels[*]} (see above); where there is no network, name a Python that has them: make PYTHON=..."
  fi
  if ! .venv/bin/python -c 'import os, sysconfig; os.stat(sysconfig.get_path("include") + "/Python.h")' 2>/dev/null; then
    install_packages python3-dev
  fi
}

install_onednn_wheels() {
  if [ "$(uname -m)" != x86_64 ]; then
    fail "oneDNN 3 is missing and PyPI has it for x86_64 only; build it from source and set CMAKE_PREFIX_PATH"
  fi
  say "installing oneDNN 3.2 from PyPI into .venv"
  pip_install "${wheels[@]}" ||
    fail "could not install ${wheels[*]} (see above); where there is no network, set CMAKE_PREFIX_PATH to a prefix with oneDNN 3"
}

if ! command -v dpkg-query >/dev/null || ! command -v apt-get >/dev/null; then
  say "this is not Debian or Ubuntu: install by hand what corresponds to ${packages[*]} and oneDNN 3"
  exit 0
fi

mapfile -t missing < <(missing_packages "${packages[@]}")
if [ ${#missing[@]} -gt 0 ]; then
  install_packages "${missing[@]}"
fi
if ! has_onednn && system_offers_onednn; then
  install_packages libdnnl-dev
fi
if ! has_onednn; then
  mapfile -t missing < <(missing_packages python3-venv)
  if [ ${#missing[@]} -gt 0 ]; then
    install_packages "${missing[@]}"
  fi
  install_onednn_wheels
  has_onednn || fail "oneDNN 3 was installed but is not where CMake looks; set CMAKE_PREFIX_PATH to its prefix"
fi
if [ "$purpose" = python ] || [ "$purpose" = test ] || [ "$purpose" = docs ]; then
  install_python_wheels
fi
if [ "$purpose" = docs ] && ! .venv/bin/python -c "import breathe, furo, myst_nb, myst_parser, sphinx_copybutton" 2>/dev/null; then
  say "installing ${site[*]} from PyPI into .venv"
  pip_install "${site[@]}" || fail "could not install ${site[*]} (see above)"
fi
