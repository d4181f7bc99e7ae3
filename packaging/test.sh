#!/bin/sh
# Installs what the build and the tests need, then checks everything: format, warnings (they are errors), unit tests
# under AddressSanitizer and UBSan, and all tests against the release build. Stops at the first fault.
#
#   packaging/test.sh            what every change must pass
#   packaging/test.sh --long     the tests labelled `long` as well
set -eu

root=$(CDPATH='' cd "$(dirname "$0")/.." && pwd)
cd "$root"
PATH=$PATH:/usr/sbin:/sbin # where unbound and ip are, also for those who are not root

fail() {
  echo "test: $*" >&2
  exit 1
}

use_ccache() {
  command -v ccache >/dev/null || return 0
  export TACET_LAUNCHER="${TACET_LAUNCHER-ccache}"
  export CCACHE_BASEDIR="$root" CCACHE_NOHASHDIR=1 # what one clone compiled serves the next
}

check_format() {
  find include src tests -name '*.[ch]pp' -print0 | xargs -0 clang-format-19 --dry-run -Werror
}

# The release preset may have been configured without tests, by run.sh.
build() {
  cmake --preset "$1" -DTACET_TESTS=ON
  cmake --build --preset "$1"
}

# Fails if a tacet of this tree still runs: a test that forgot it would disturb the next one.
check_nothing_runs() {
  for process in /proc/[0-9]*; do
    case $(readlink "$process/exe" 2>/dev/null) in
      "$root"/build/*/tacet | "$root"/build/*/tacet' (deleted)')
        fail "still running after the tests: process ${process#/proc/}: $(tr '\0' ' ' <"$process/cmdline")" ;;
    esac
  done
}

skipped='^long$'
case ${1-} in
  '') ;;
  --long) skipped='^$' ;;
  *) fail "what is '$1'? usage: packaging/test.sh [--long]" ;;
esac

packaging/install-packages.sh tests
use_ccache
check_format
build asan
ctest --preset asan --no-tests=error --tests-regex '^(unit|fuzz)\.' --label-exclude "$skipped" --parallel "$(nproc)"
build release
# One at a time: some measure, and two cores are not enough for a resolver, its upstream and its clients twice.
status=0
ctest --preset release --no-tests=error --label-exclude "$skipped" || status=$?
check_nothing_runs
exit "$status"
