#!/bin/sh
# Makes .venv: the locked versions of everything that tests and demo need, and shinso itself.
#
# It may be run from any state. A finished .venv bears a stamp; one whose stamp is missing was never
# finished and is made anew, one whose stamp is old is brought up to date in place.
# PYTHON names the interpreter to use; a package index of your own, configured for uv or for pip, is
# honoured, and so is UV_TORCH_BACKEND=cpu (torch without CUDA: 1 GB instead of 6).
set -eu
cd -P "$(dirname "$0")/.."

lock=requirements.lock
venv=$(pwd)/.venv
stamp=$venv/.shinso-setup
# What a CPU build of torch has other hashes of, or does without.
torch_family='^(torch|torchvision|triton|(nvidia|cuda)-[a-z0-9-]+)=='

# An activated .venv is neither to be made from itself nor trusted to be whole.
PATH=$(printf '%s\n' "$PATH" | sed "s|$venv/bin:||g")

main() {
    started=$(date +%s)
    if is_current; then
        say "up to date"
        return
    fi
    check_machine
    if [ -f "$stamp" ] && is_alive; then
        say "bringing .venv up to date"
    else
        say "making .venv with $("$python" --version) ($(command -v "$python"))"
        rm -rf "$venv"
        "$python" -m venv "$venv"
    fi
    rm -f "$stamp"
    read_pip_configuration
    find_uv
    install_lock
    say "installing shinso itself"
    install --no-deps --no-build-isolation --editable .
    fingerprint > "$stamp"
    say "done in $(($(date +%s) - started)) s"
}

say() { echo "setup: $*"; }

fail() {
    echo "setup: error: $*" >&2
    exit 2
}

# ------------------------------------------------------------------ what is there

fingerprint() { { pwd; cat "$lock" pyproject.toml; } | cksum; }

is_current() {
    [ -f "$lock" ] && [ "$(cat "$stamp" 2> /dev/null)" = "$(fingerprint)" ] &&
        "$venv/bin/python" -c 'import pip' 2> /dev/null
}

# Its Python runs, has pip, and is here: a copy of another folder's .venv would write over there.
is_alive() {
    case $("$venv/bin/pip" --version 2> /dev/null) in
        *" from $venv/"*) is_supported "$venv/bin/python" ;;
        *) false ;;
    esac
}

is_supported() {
    "$1" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 14))' 2> /dev/null
}

check_machine() {
    [ -f "$lock" ] || fail "$lock is missing: get it back with 'git checkout $lock'"
    command -v make > /dev/null || fail "make is missing: apt-get install make"
    find_python
    "$python" -c 'import venv, ensurepip' 2> /dev/null ||
        fail "$python has no venv module: apt-get install $(basename "$python")-venv"
}

find_python() {
    for python in ${PYTHON:-python3 python3.14 python3.13 python3.12 python3.11}; do
        if is_supported "$python"; then return; fi
    done
    if found=$("${PYTHON:-python3}" --version 2> /dev/null); then
        fail "$found is not between 3.11 and 3.14: apt-get install python3.11 python3.11-venv," \
            "or name another one with PYTHON=..."
    fi
    fail "${PYTHON:-python3} is missing: apt-get install python3 python3-venv"
}

# ------------------------------------------------------------------ where packages come from

# uv reads nothing of pip's configuration, so addresses and certificate are handed over.
read_pip_configuration() {
    export PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_USER=0
    unset PYTHONHOME PYTHONPATH
    configuration=$("$venv/bin/pip" config list)
    pip_index=$(pip_setting index-url)
    pip_extra=$(pip_setting extra-index-url)
    hand_over UV_DEFAULT_INDEX "${UV_DEFAULT_INDEX:-${UV_INDEX_URL:-$pip_index}}"
    hand_over UV_INDEX "${UV_INDEX:-${UV_EXTRA_INDEX_URL:-$pip_extra}}"
    hand_over PIP_INDEX_URL "${pip_index:-$(without_names "${UV_DEFAULT_INDEX:-}")}"
    hand_over PIP_EXTRA_INDEX_URL "${pip_extra:-$(without_names "${UV_INDEX:-}")}"
    hand_over SSL_CERT_FILE "${SSL_CERT_FILE:-$(pip_setting cert)}"
    own_index=${UV_DEFAULT_INDEX:-}${UV_INDEX:-}${UV_TORCH_BACKEND:-}
    if [ -n "$own_index" ]; then  # the best match of all indexes, as pip has it
        export UV_INDEX_STRATEGY="${UV_INDEX_STRATEGY:-unsafe-best-match}"
    fi
}

pip_setting() {
    for section in :env: install global; do
        value=$(printf '%s\n' "$configuration" | sed -n "s/^$section\.$1='\(.*\)'\$/\1/p")
        if [ -n "$value" ]; then
            # Several lines of a file are shown as one with \n in it.
            printf '%s\n' "$value" | sed -E 's/(\\n| )+/ /g; s/^ //'
            return
        fi
    done
}

hand_over() { if [ -n "$2" ]; then export "$1=$2"; fi; }

# uv's indexes may be written `name=address`.
without_names() { printf '%s\n' "$1" | sed -E 's/(^| )[A-Za-z0-9_.-]+=/\1/g'; }

# ------------------------------------------------------------------ installing

find_uv() {
    uv=$(command -v uv) && return
    uv=
    locked '^uv==' > "$venv/uv.lock"
    if pip_install --no-deps --require-hashes -r "$venv/uv.lock"; then uv=$venv/bin/uv; fi
}

# The lock is complete, so nothing but its own entries is ever asked for (--no-deps). A build of
# torch from the user's own index cannot have the lock's hashes: it comes by version, and what it
# needs beyond the lock (CUDA's libraries, or nothing) comes with it.
install_lock() {
    if [ -z "$own_index" ]; then
        say "installing what $lock holds (6 GB)"
        install --no-deps --require-hashes -r "$lock"
        return
    fi
    say "installing what $lock holds, except torch"
    locked_except "$torch_family" > "$venv/rest.lock"
    install --no-deps --require-hashes -r "$venv/rest.lock"
    versions=$(locked '^(torch|torchvision)==' | awk '/==/ { print $1 }')
    say "installing" $versions "from your own package index, by version"
    install $versions
}

# The lock's entries, each a line with a name and lines of hashes, by a pattern of the first line.
locked() { awk -v pattern="$1" '/^[a-z0-9]/ { wanted = $0 ~ pattern } wanted' "$lock"; }

locked_except() { awk -v pattern="$1" '/^[a-z0-9]/ { wanted = $0 !~ pattern } wanted' "$lock"; }

# By uv, which is quick; what it cannot do (a proxy or a login that only pip knows) pip may.
install() {
    if [ -n "$uv" ]; then
        # Compiled now, as pip does it, and not at the first start of every verb.
        "$uv" pip install --compile-bytecode --python "$venv/bin/python" $(off_terminal -q) "$@" &&
            return
        say "uv could not do it, trying pip"
    fi
    pip_install "$@"
}

pip_install() { "$venv/bin/python" -m pip install $(off_terminal -qq) "$@"; }

# Progress bars are for a terminal; elsewhere only errors are told.
off_terminal() { [ -t 2 ] || echo "$1"; }

main
