#pragma once

namespace tacet {

/// A list whose places are parts of what stands in it: joining and leaving allocate nothing. The first place in is the
/// front. It must be empty when destroyed.
template <class T>
class Ring {
public:
  /// One element's place in one ring; left when destroyed.
  class Place {
  public:
    explicit Place(T& element) : element_(&element) {}
    ~Place() { leave(); }
    Place(const Place&) = delete;
    Place& operator=(const Place&) = delete;

    /// Goes to the end. Only from nowhere.
    void join(Ring& ring) {
      previous_ = ring.sentinel_.previous_;
      next_ = &ring.sentinel_;
      previous_->next_ = next_->previous_ = this;
    }
    bool taken() const { return next_ != nullptr; }
    void leave() {
      if (next_ == nullptr) return;
      previous_->next_ = next_;
      next_->previous_ = previous_;
      previous_ = next_ = nullptr;
    }

  private:
    friend class Ring;
    Place() : previous_(this), next_(this) {}  // the sentinel
    T* element_ = nullptr;
    Place* previous_ = nullptr;
    Place* next_ = nullptr;
  };

  bool empty() const { return sentinel_.next_ == &sentinel_; }
  /// Only if not empty.
  T& front() const { return *sentinel_.next_->element_; }

private:
  Place sentinel_;
};

}  // namespace tacet
