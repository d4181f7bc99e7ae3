#pragma once
#include <string>

namespace CLI {
class App;
class Error;
}  // namespace CLI

namespace tacet {

/// What is wrong with a command line, in words for a person, with the nearest verb or option if a word is none; and
/// which --help tells more. For CLI::App::failure_message().
std::string usage_fault(const CLI::App* app, const CLI::Error& error);

}  // namespace tacet
