#include "transport/http/http_transfers.hpp"

#include <doctest/doctest.h>

#include "dns/edns.hpp"

using namespace tacet;

namespace {

std::unique_ptr<HttpTransfer> make() { return std::make_unique<HttpTransfer>(); }

HttpTransfer& taken(HttpTransfers& transfers) {
  HttpTransfer& transfer = transfers.next(make);
  transfers.take();
  return transfer;
}

}  // namespace

TEST_CASE("A transfer that was given back is the next to be used") {
  HttpTransfers transfers;
  HttpTransfer& first = taken(transfers);
  HttpTransfer& second = taken(transfers);
  CHECK(transfers.in_use() == 2);
  transfers.give_back(first);
  transfers.give_back(second);
  CHECK(transfers.in_use() == 0);
  CHECK(&taken(transfers) == &second);
  CHECK(&taken(transfers) == &first);
}

TEST_CASE("What a burst left over is freed when it was not needed from one call to the next, and nothing else") {
  HttpTransfers transfers;
  std::vector<HttpTransfer*> burst;
  for (int i = 0; i < 20; ++i) burst.push_back(&taken(transfers));
  CHECK(transfers.are_many());
  for (HttpTransfer* each : burst) transfers.give_back(*each);
  transfers.free_spare();
  CHECK(transfers.end() - transfers.begin() == 20);
  HttpTransfer& used = taken(transfers);
  transfers.free_spare();
  CHECK(transfers.end() - transfers.begin() == 1);
  CHECK(transfers.begin()->get() == &used);
  CHECK(transfers.in_use() == 1);
  CHECK_FALSE(transfers.are_many());
}

TEST_CASE("A request's question is the one that its query was made for") {
  for (const char* name : {".", "www.example.com", "wWw.eXample.com"}) {
    const Question asked{.name = *Name::from_text(name), .type = Type::https};
    const Message query = upstream_query(asked, true, false);
    const DohRequest request{.query = {query.wire().begin(), query.wire().end()}};
    CHECK(request.question() == asked);
    CHECK(request.question().name.wire().size() == asked.name.wire().size());
  }
}
