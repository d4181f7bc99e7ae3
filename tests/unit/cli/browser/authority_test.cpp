#include "cli/browser/authority.hpp"

#include <doctest/doctest.h>

#include <chrono>

using namespace tacet;
using namespace std::chrono_literals;

namespace {

constexpr WallTime now = std::chrono::sys_days(std::chrono::year(2026) / 11 / 28) + 12h;

}  // namespace

TEST_CASE("A leaf is valid for this machine from an hour ago for 90 days, and by its own authority only") {
  const auto authority = make_authority(now).value();
  const auto leaf = make_leaf(authority, now).value();
  CHECK(vouches_for(authority.certificate, leaf.certificate, now));
  CHECK(vouches_for(authority.certificate, leaf.certificate, now - 59min));
  CHECK(vouches_for(authority.certificate, leaf.certificate, now + 90 * 24h - 1min));
  CHECK_FALSE(vouches_for(authority.certificate, leaf.certificate, now - 61min));
  CHECK_FALSE(vouches_for(authority.certificate, leaf.certificate, now + 90 * 24h + 1min));
  CHECK_FALSE(vouches_for(make_authority(now)->certificate, leaf.certificate, now));
  CHECK(read_certificate(leaf.certificate)->ends == now + 90 * 24h);
  CHECK(read_certificate(authority.certificate)->ends == now + 20 * 365 * 24h);
}

TEST_CASE("A renewed leaf has another key, and the same authority vouches for it") {
  const auto authority = make_authority(now).value();
  const auto first = make_leaf(authority, now).value();
  const auto second = make_leaf(authority, now + 60 * 24h).value();
  CHECK(first.key != second.key);
  CHECK(vouches_for(authority.certificate, second.certificate, now + 100 * 24h));
}

TEST_CASE("A key that is not the authority's makes no leaf") {
  const auto authority = make_authority(now).value();
  const auto other = make_authority(now).value();
  CHECK(make_leaf({authority.certificate, other.key}, now).error().fault == Fault::malformed);
  CHECK(make_leaf({}, now).error().fault == Fault::malformed);
}

TEST_CASE("What is no certificate is malformed, and nothing vouches for it") {
  CHECK(read_certificate("").error().fault == Fault::malformed);
  CHECK(read_certificate("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n").error().fault ==
        Fault::malformed);
  CHECK_FALSE(vouches_for(make_authority(now)->certificate, "", now));
}

TEST_CASE("The DER form in base64 is the text of the PEM form without its lines") {
  const auto authority = make_authority(now).value();
  std::string body = authority.certificate.substr(authority.certificate.find('\n') + 1);
  body.resize(body.find("-----END"));
  std::erase(body, '\n');
  CHECK(read_certificate(authority.certificate)->base64 == body);
}
