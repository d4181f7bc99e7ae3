#!/bin/sh
# Installs the Debian packages that building tacet needs; with `tests`, those of its tests as well; with `arm64`, those of
# building it for arm64 (see arm64.sh). Does nothing, and needs neither root nor a network, when all of them are there.
#
#   packaging/install-packages.sh [tests | arm64]
set -eu

build_packages='g++ cmake ninja-build pkg-config ca-certificates
  libasio-dev libcurl4-openssl-dev libnghttp2-dev libssl-dev libc-ares-dev libldns-dev libyaml-cpp-dev libcli11-dev
  nlohmann-json3-dev libspdlog-dev libpsl-dev libidn2-dev libseccomp-dev
  file dpkg-dev' # these two for the package: cpack asks them which libraries it depends on
# unbound is the DoH and DoT server of the tests; systemd is here for systemd-analyze, and is not made the init system.
test_packages='doctest-dev libbenchmark-dev clang-format-19 shellcheck systemd
  groff-base mandoc debootstrap systemd-container dnsmasq-base rpm ruby
  bind9-dnsutils knot-dnsutils unbound microsocks tinyproxy-bin dnsperf curl openssl iproute2 nftables
  python3 python3-dnspython python3-h2 python3-cryptography python3-jsonschema python3-yaml
  ldnsutils libc-ares-dev musl-tools valgrind'

cross_packages='g++-aarch64-linux-gnu qemu-user-static' # the build runs the program that it has made

policy=/usr/sbin/policy-rc.d
kept_policy=$policy.before-tacet

fail() {
  echo "install-packages: $*" >&2
  exit 1
}

installed() {
  [ "$(dpkg-query --show --showformat='${db:Status-Status}' "$1" 2>/dev/null)" = installed ]
}

missing_of() {
  for package in "$@"; do
    installed "$package" || printf '%s ' "$package"
  done
}

as_root() {
  if [ "$(id -u)" = 0 ]; then
    "$@"
  else
    command -v sudo >/dev/null || fail "needs root to install: $missing- run it as root, or install sudo"
    sudo "$@"
  fi
}

apt() {
  as_root env DEBIAN_FRONTEND=noninteractive apt-get -o Dpkg::Use-Pty=0 "$@"
}

# A freshly installed unbound starts at once, takes port 53 and starts at every boot: the tests only want its program.
# Debian asks policy-rc.d before it starts a service: ours says no for unbound and asks the machine's own for the rest.
hold_unbound() {
  [ ! -e $policy ] || [ -e $kept_policy ] || as_root mv $policy $kept_policy
  as_root tee $policy >/dev/null <<-POLICY
	#!/bin/sh
	case " \$* " in *" unbound"*) exit 101 ;; esac
	[ ! -x $kept_policy ] || exec $kept_policy "\$@"
	POLICY
  as_root chmod 755 $policy
}

release_unbound() {
  as_root rm -f $policy
  [ ! -e $kept_policy ] || as_root mv $kept_policy $policy
  installed unbound || return 0
  if command -v systemctl >/dev/null; then
    as_root systemctl --quiet disable unbound.service unbound-resolvconf.service
  else
    as_root update-rc.d unbound disable
  fi
}

install_missing() {
  as_root true
  case " $missing" in *' unbound '*)
    trap release_unbound EXIT
    trap 'exit 130' INT HUP TERM
    hold_unbound
    ;;
  esac
  # A list that cannot be refreshed may still serve, from a cache or a local mirror: the installation decides.
  apt update -qq || echo 'install-packages: the package lists could not be refreshed; trying those that are here' >&2
  # shellcheck disable=SC2086  # one word per package
  apt install -qq -y --no-install-recommends $missing ||
    fail "apt-get could not install: $missing- see its message above"
}

# The build's packages with the libraries of arm64. Two of them are headers, the same for every machine.
packages_for_arm64() {
  for package in $build_packages; do
    case $package in
      libasio-dev | libcli11-dev) echo "$package" ;;
      lib*) echo "$package:arm64" ;;
      *) echo "$package" ;;
    esac
  done
}

packages=$build_packages
case ${1-} in
  '') ;;
  tests) packages="$build_packages $test_packages" ;;
  arm64) packages="$(packages_for_arm64) $cross_packages" ;;
  *) fail "what is '$1'? usage: packaging/install-packages.sh [tests | arm64]" ;;
esac
command -v dpkg-query >/dev/null ||
  fail "this is not a Debian system. Install the like of: $(echo "$packages" | tr -s '\n ' ' ')"
# shellcheck disable=SC2086  # one word per package
missing=$(missing_of $packages)
if [ -n "$missing" ]; then
  [ "${1-}" != arm64 ] || as_root dpkg --add-architecture arm64
  echo "Installing $missing" >&2
  install_missing
fi
