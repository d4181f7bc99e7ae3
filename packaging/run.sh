#!/bin/sh
# Installs the build's packages, builds a release, and runs the resolver in the foreground. Ctrl-C stops it.
#
#   packaging/run.sh                                on 127.0.0.1:53 and [::1]:53
#   packaging/run.sh 127.0.0.1:5353                 on this address; needs no privileges
#   packaging/run.sh [ADDRESS:PORT] [OPTION...]     options are those of `tacet run`; see `tacet run --help`
#   packaging/run.sh --configure                    only installs and configures: shows that no package is missing
set -eu

root=$(CDPATH='' cd "$(dirname "$0")/.." && pwd)
here=$(pwd)

fail() {
  echo "run: $*" >&2
  exit 1
}

configure() {
  "$root/packaging/install-packages.sh"
  if command -v ccache >/dev/null; then
    export TACET_LAUNCHER="${TACET_LAUNCHER-ccache}"
  fi
  cd "$root" # where the presets are
  cmake --preset release -DTACET_TESTS=OFF -DTACET_BENCH=OFF
}

build() {
  cmake --build --preset release --target tacet
  cd "$here" # paths among the arguments are the caller's
}

# Succeeds if the port of every given address needs no privileges.
ports_are_open() {
  first_open=$(cat /proc/sys/net/ipv4/ip_unprivileged_port_start 2>/dev/null || echo 1024)
  asked=''
  for word in "$@"; do
    case $word in --listen=*) word="--listen ${word#--listen=}" ;; esac
    case ${previous-} in --listen) word="--listen $word" ;; esac
    case $word in
      '--listen '*)
        asked=yes
        [ "${word##*:}" -ge "$first_open" ] 2>/dev/null || return 1
        ;;
    esac
    previous=$word
  done
  [ -n "$asked" ] || [ "$first_open" -le 53 ]
}

# Runs as the calling user with the one capability that port 53 needs, and changes nothing on the disk.
run_privileged() {
  command -v sudo >/dev/null ||
    fail 'port 53 needs root: run this as root, or name another address: packaging/run.sh 127.0.0.1:5353'
  echo 'Port 53 needs a privilege: sudo may ask for your password.' >&2
  user=$(id -u) group=$(id -g)
  sudo install -d -o "$user" -g "$group" -m 750 /run/tacet # of the control socket
  exec sudo setpriv --reuid="$user" --regid="$group" --init-groups --no-new-privs \
    --inh-caps=-all,+net_bind_service --ambient-caps=-all,+net_bind_service --bounding-set=-all,+net_bind_service \
    "$@"
}

case ${1-} in
  --configure)
    configure
    exit 0
    ;;
  '' | -*) ;;
  *)
    address=$1
    shift
    set -- --listen "$address" "$@"
    ;;
esac
configure
build
if [ "$(id -u)" = 0 ] || ports_are_open "$@"; then
  exec "$root/build/release/tacet" run "$@"
fi
run_privileged "$root/build/release/tacet" run "$@"
