#!/bin/sh
# Installs the packages of the build and the tests, then checks everything: format, warnings (they are errors), unit tests
# with AddressSanitizer and UBSan, the code that several workers share with ThreadSanitizer, unit and integration tests
# without optimisation, and all tests of the program with the release build. Stops at the first fault. (tests/sanitize.sh
# runs more tests with each sanitizer.)
#
#   packaging/test.sh                the tests that every change must pass
#   packaging/test.sh --long         the tests labelled `long` as well
#   packaging/test.sh --configure    only installs and configures: shows that no package is missing
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

presets='asan tsan dev release'

# Configures all of them at once, so that a missing package shows before the first build. The release preset may have been
# configured without tests, by run.sh. Its build is for the tests of the program: the others run the unit tests.
configure() {
  for preset in $presets; do
    unit_tests=ON
    [ "$preset" != release ] || unit_tests=OFF
    cmake --preset "$preset" -DTACET_TESTS=ON -DTACET_UNIT_TESTS="$unit_tests"
  done
}

# build PRESET [OPTION OF THE BUILD...]
build() {
  preset=$1
  shift
  cmake --build --preset "$preset" "$@"
}

# Fails if a tacet of this tree still runs: it would disturb the next test.
check_nothing_runs() {
  for process in /proc/[0-9]*; do
    case $(readlink "$process/exe" 2>/dev/null) in
      "$root"/build/*/tacet | "$root"/build/*/tacet' (deleted)')
        fail "still running after the tests: process ${process#/proc/}: $(tr '\0' ' ' <"$process/cmdline")" ;;
    esac
  done
}

skipped='^long$'
only_configure=''
case ${1-} in
  '') ;;
  --long) skipped='^$' ;;
  --configure) only_configure=yes ;;
  *) fail "what is '$1'? usage: packaging/test.sh [--long | --configure]" ;;
esac

packaging/install-packages.sh tests
use_ccache
configure
[ -z "$only_configure" ] || exit 0
check_format
build asan --target library_tests
ctest --preset asan --no-tests=error --tests-regex '^(unit|fuzz)\.' --label-exclude "$skipped" --parallel "$(nproc)"
build tsan --target tacet base_tests resolve_tests control_tests daemon_tests listen_tests report_tests
ctest --preset tsan --no-tests=error --parallel "$(nproc)" \
  --tests-regex '^(unit\.(base|resolve|listen|report|control|daemon)|integration\.(cache|exposure|hosts|in_flight|reload(_load|_refused)?|tcp|zones))$'
# The optimiser hides faults: a destructor that is inlined is the right one, whichever the linker kept.
build dev
# These wait more than they work.
ctest --preset dev --no-tests=error --tests-regex '^(unit|integration|conformance)\.' --label-exclude "$skipped|^performance$" \
  --parallel "$(nproc)"
build release
ctest --preset release --no-tests=error --tests-regex '^integration\.' --label-exclude "$skipped|^performance$" \
  --parallel "$(nproc)"
# One test at a time: these measure, and two cores are too few for two resolvers with their upstreams and clients.
status=0
ctest --preset release --no-tests=error --exclude-regex '^integration\.' --label-exclude "$skipped" || status=$?
ctest --preset release --no-tests=error --tests-regex '^integration\.' --label-regex '^performance$' || status=$?
check_nothing_runs
exit "$status"
