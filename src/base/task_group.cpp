#include "base/task_group.hpp"

#include "base/log.hpp"

namespace tacet {

/// The outermost coroutine of a spawned task. It is linked into its group from its start to its end.
struct TaskGroup::Root {
  struct promise_type : Link {
    TaskGroup& group;

    promise_type(TaskGroup& owner, Task<void>&) : group(owner) {
      next = &group.tasks_;
      previous = group.tasks_.previous;
      previous->next = next->previous = this;
      ++group.size_;
    }
    static void* operator new(std::size_t size) { return detail::FramePool::allocate(size); }
    static void operator delete(void* memory, std::size_t size) noexcept { detail::FramePool::release(memory, size); }
    promise_type(const promise_type&) = delete;
    promise_type& operator=(const promise_type&) = delete;
    ~promise_type() {
      previous->next = next;
      next->previous = previous;
      --group.size_;
    }
    Root get_return_object() { return {}; }
    std::suspend_never initial_suspend() noexcept { return {}; }
    std::suspend_never final_suspend() noexcept { return {}; }
    void return_void() {}
    void unhandled_exception() { group.report(); }
  };
};

TaskGroup::TaskGroup() { tasks_.previous = tasks_.next = &tasks_; }

TaskGroup::Root TaskGroup::run(TaskGroup&, Task<void> task) { co_await std::move(task); }

void TaskGroup::spawn(Task<void> task) { run(*this, std::move(task)); }

void TaskGroup::cancel() {
  while (tasks_.next != &tasks_) {
    auto& promise = static_cast<Root::promise_type&>(*tasks_.next);
    std::coroutine_handle<Root::promise_type>::from_promise(promise).destroy();
  }
}

void TaskGroup::report() noexcept {
  ++escaped_;
  log::escaped("a task");
}

}  // namespace tacet
