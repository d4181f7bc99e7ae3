#pragma once
#include <cstddef>
#include <cstdint>

#include "tacet/task.hpp"

namespace tacet {

/// Owns detached coroutines of one thread: nothing spawned here outlives the group.
class TaskGroup {
public:
  TaskGroup();
  TaskGroup(const TaskGroup&) = delete;
  TaskGroup& operator=(const TaskGroup&) = delete;
  ~TaskGroup() { cancel(); }

  /// Runs `task` at once up to its first wait; later events resume it. An exception that leaves the task is logged and
  /// counted, and ends only that task. Throws std::bad_alloc if the task could not start.
  void spawn(Task<void> task);

  /// Destroys every task that has not ended. Do not call it from inside one of them.
  void cancel();

  std::size_t size() const { return size_; }
  std::uint64_t escaped_exceptions() const { return escaped_; }

private:
  struct Link {
    Link* previous = nullptr;
    Link* next = nullptr;
  };
  struct Root;
  static Root run(TaskGroup& group, Task<void> task);
  void report() noexcept;

  Link tasks_;  // sentinel of a circular list of the roots' promises
  std::size_t size_ = 0;
  std::uint64_t escaped_ = 0;
};

}  // namespace tacet
