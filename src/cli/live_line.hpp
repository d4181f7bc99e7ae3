#pragma once
#include <condition_variable>
#include <mutex>
#include <string>
#include <thread>

namespace tacet {

/// A line that says what a person waits for, and how long already: on the terminal of standard error, from the second
/// second on, until its end removes it. Without a terminal it does nothing.
class LiveLine {
public:
  /// `words` as in "asking the upstream".
  explicit LiveLine(std::string words);
  ~LiveLine();
  LiveLine(const LiveLine&) = delete;
  LiveLine& operator=(const LiveLine&) = delete;

private:
  void show();

  std::string words_;
  std::mutex mutex_;
  std::condition_variable ended_;
  bool over_ = false;
  std::thread thread_;
};

}  // namespace tacet
