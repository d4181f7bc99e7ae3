#pragma once

namespace tacet {

/// A list whose elements hold their own places: joining and leaving allocate nothing. The element that joined first is
/// the front. It must be empty when destroyed.
template <class T>
class Ring {
public:
  /// One element's place in one ring. The element leaves when the place is destroyed.
  class Place {
  public:
    explicit Place(T& element) : element_(&element) {}
    ~Place() { leave(); }
    Place(const Place&) = delete;
    Place& operator=(const Place&) = delete;

    /// Joins at the end. Pre: the place is in no ring.
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
  /// Pre: not empty.
  T& front() const { return *sentinel_.next_->element_; }

private:
  Place sentinel_;
};

}  // namespace tacet
