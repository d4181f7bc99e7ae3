#pragma once

namespace tacet {

/// Sets a flag as long as it lives: while a task or a function runs, however it ends.
class Flagged {
public:
  explicit Flagged(bool& flag) : flag_(flag) { flag_ = true; }
  ~Flagged() { flag_ = false; }
  Flagged(const Flagged&) = delete;
  Flagged& operator=(const Flagged&) = delete;

private:
  bool& flag_;
};

}  // namespace tacet
