#include "fuzz/property.hpp"
#include "resolve/policy.hpp"

using namespace tacet;
using namespace tacet::fuzz;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* octets, std::size_t size) {
  Choices choices({octets, size});
  Config config;
  config.answer_chaos = choices.chance();
  const auto type = static_cast<Type>(choices.u16());
  const auto qclass = choices.chance() ? Class::in : static_cast<Class>(choices.u8());
  const Bytes rest = choices.rest();
  const auto name = Name::from_text(std::string(rest.begin(), rest.end()));
  if (!name) return 0;
  const Policy policy(config);
  const Question question{*name, type, qclass};
  const auto answer = policy.local_answer(question);
  require(!answer || policy.might_answer(name->wire(), type, qclass), "the cheap look misses nothing");
  if (!answer) return 0;
  const Message message = Message::parse(copy_of(answer->wire)).value();
  require(message.question() == question, "an answer has its question");
  require(message.index().has(flag::qr | flag::ra), "an answer is a response");
  for (const ResourceRecord& record : message.records())
    require(record.rclass == qclass || answer->wire.empty(), "records are of the class that was asked for");
  return 0;
}
