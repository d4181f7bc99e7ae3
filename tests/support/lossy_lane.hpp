#pragma once
#include <algorithm>
#include <cmath>
#include <functional>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "base/scheduler.hpp"
#include "tacet/upstream.hpp"

namespace tacet {

/// Calls functions later, in the order of their times.
class Later {
public:
  explicit Later(Scheduler& scheduler) : scheduler_(scheduler), alarm_(scheduler, [this] { run(); }) {}
  void after(Duration delay, std::function<void()> what) {
    queue_.emplace(scheduler_.now() + delay, std::move(what));
    alarm_.arm(queue_.begin()->first);
  }

private:
  void run() {
    while (!queue_.empty() && queue_.begin()->first <= scheduler_.now()) queue_.extract(queue_.begin()).mapped()();
    if (!queue_.empty()) alarm_.arm(queue_.begin()->first);
  }
  Scheduler& scheduler_;
  Alarm alarm_;
  std::multimap<Instant, std::function<void()>> queue_;
};

/// A path on which each packet is lost with the same probability, and now and then all are late, as where somebody
/// else uses the line: a pause of two to `longest_pause` about ten times a second (zero: never).
struct LossyPath {
  LossyPath(Scheduler& on, Later& when, std::mt19937& source, Duration latency, double probability, Duration pause)
      : scheduler(on),
        later(when),
        random(source),
        one_way(latency),
        loss(probability),
        longest_pause(pause) {}
  Scheduler& scheduler;
  Later& later;
  std::mt19937& random;
  Duration one_way;
  double loss;
  Duration longest_pause{};
  Duration jitter{};  // each packet is late by up to this, so one may overtake another
  Duration least_wait = std::chrono::milliseconds(200);  // of the client's kernel for an acknowledgement

  bool lost() { return std::uniform_real_distribution(0.0, 1.0)(random) < loss; }
  /// How long a packet that leaves now is under way.
  Duration transit() {
    const Instant arrives = scheduler.now() + one_way;
    if (jitter > Duration::zero())
      return one_way + Duration(std::uniform_int_distribution<Duration::rep>(0, jitter.count())(random));
    if (longest_pause == Duration::zero()) return one_way;
    while (pause_ends_ <= arrives) draw_pause();
    return arrives >= pause_begins_ ? pause_ends_ - scheduler.now() : one_way;
  }

private:
  void draw_pause() {
    const double between = std::exponential_distribution(10.0)(random);
    pause_begins_ = std::max(pause_ends_, scheduler.now()) + std::chrono::nanoseconds(std::llround(1e9 * between));
    const double length = std::uniform_real_distribution(2e6, static_cast<double>(longest_pause.count()))(random);
    pause_ends_ = pause_begins_ + std::chrono::nanoseconds(std::llround(length));
  }
  Instant pause_begins_{}, pause_ends_{};
};

/// One direction of a TCP connection, as Linux does it where it matters to us: what arrives is delivered in order; a
/// hole is told of at once, and mended a quarter of a round trip after the news; the last one of several is sent again
/// after two round trips, a lone one only after a round trip and 200 ms, doubling; what is received in order is
/// acknowledged by what is sent the other way, or 40 ms later.
class LossyPipe {
public:
  /// `least_wait`: how long the sender waits for an acknowledgement beyond a round trip. Linux: 200 ms, if not told.
  explicit LossyPipe(LossyPath& path, Duration least_wait = std::chrono::milliseconds(200))
      : path_(path),
        least_wait_(least_wait) {}

  void send(std::function<void()> deliver) {
    segments_.push_back({std::move(deliver), {}});
    backoff_ = 1;
    transmit(segments_.size() - 1);
  }
  bool unacknowledged() const { return acknowledged_ < segments_.size(); }
  /// Something is sent the other way, and carries what is still to be acknowledged.
  void carry_acknowledgement() {
    if (std::exchange(pending_, false)) acknowledge();
  }

private:
  struct Segment {
    std::function<void()> deliver;
    Instant sent;
    bool arrived = false;
  };

  void transmit(std::size_t number) {
    segments_[number].sent = path_.scheduler.now();
    if (!path_.lost()) path_.later.after(path_.transit(), [this, number] { arrive(number); });
    watch();
  }

  void arrive(std::size_t number) {
    const bool in_order = number == delivered_;
    segments_[number].arrived = true;
    while (delivered_ < segments_.size() && segments_[delivered_].arrived) segments_[delivered_++].deliver();
    if (!in_order) return acknowledge();
    if (std::exchange(pending_, true)) return;
    path_.later.after(std::chrono::milliseconds(40), [this] { carry_acknowledgement(); });
  }

  void acknowledge() {
    if (path_.lost()) return;
    std::size_t top = delivered_;
    for (std::size_t i = delivered_; i < segments_.size(); ++i)
      if (segments_[i].arrived) top = i;
    path_.later.after(path_.transit(), [this, upto = delivered_, top] { acknowledged(upto, top); });
  }

  void acknowledged(std::size_t upto, std::size_t top) {
    if (upto > acknowledged_) {
      acknowledged_ = upto;
      backoff_ = 1;
      watch();
    }
    for (std::size_t hole = acknowledged_; hole < top; ++hole) {
      if (segments_[hole].arrived || segments_[hole].sent >= segments_[top].sent) continue;
      path_.later.after(path_.one_way / 2, [this, hole, sent = segments_[hole].sent] {
        if (hole >= acknowledged_ && segments_[hole].sent == sent) transmit(hole);
      });
    }
  }

  /// What to do when nothing is heard.
  void watch() {
    const std::size_t in_flight = segments_.size() - acknowledged_;
    if (in_flight == 0) return;
    const bool probes = in_flight > 1 && backoff_ == 1;
    const Duration patience = (2 * path_.one_way + least_wait_) * backoff_;
    path_.later.after(probes ? std::min(patience, 4 * path_.one_way) : patience, [this, watched = ++watched_, probes] {
      if (watched != watched_ || !unacknowledged()) return;
      backoff_ *= 2;
      transmit(probes ? segments_.size() - 1 : acknowledged_);
    });
  }

  LossyPath& path_;
  Duration least_wait_;
  std::vector<Segment> segments_;
  std::size_t delivered_ = 0, acknowledged_ = 0;  // how many of them
  bool pending_ = false;                          // an acknowledgement is due
  int backoff_ = 1;
  std::uint64_t watched_ = 0;
};

/// An upstream behind one TCP connection of a lossy path. A cold one connects in two round trips when it is asked.
class LossyLane final : public Upstream {
public:
  /// `service_time` says how long a query takes upstream.
  LossyLane(LossyPath& path, std::string id, std::function<Duration(const Message&)> service_time)
      : path_(path),
        id_(std::move(id)),
        service_time_(std::move(service_time)),
        up_(path, path.least_wait),
        down_(path) {}

  Task<Result<Response>> exchange(const Message& query, Instant deadline) override {
    const auto call = std::make_shared<OneShot<Result<Response>>>(path_.scheduler);
    const Instant begun = path_.scheduler.now();
    if (is_warm_) {
      ask(query, begun, call);
    } else {
      path_.later.after(4 * path_.one_way, [this, query, begun, call] {
        is_warm_ = true;
        ask(query, begun, call);
      });
    }
    std::optional<Result<Response>> answer = co_await call->wait(deadline);
    if (!answer) co_return fail(Fault::timeout);
    co_return std::move(*answer);
  }

  std::string_view id() const override { return id_; }
  bool warm() const override { return is_warm_; }
  bool held_up() const override { return up_.unacknowledged(); }
  void prepare() override { is_warm_ = true; }
  UpstreamState state() const override { return {}; }
  void network_changed() override {}

private:
  using Call = std::shared_ptr<OneShot<Result<Response>>>;

  void ask(const Message& query, Instant begun, const Call& call) {
    down_.carry_acknowledgement();
    up_.send([this, query, begun, call] {
      path_.later.after(service_time_(query), [this, query, begun, call] {
        up_.carry_acknowledgement();
        down_.send([this, query, begun, call] {
          const Duration took = path_.scheduler.now() - begun;
          call->deliver(Response{query, {id_, facts_, took}});
        });
      });
    });
  }

  LossyPath& path_;
  std::string id_;
  std::function<Duration(const Message&)> service_time_;
  LossyPipe up_, down_;
  bool is_warm_ = false;
  std::shared_ptr<const ConnectionFacts> facts_ = std::make_shared<const ConnectionFacts>();
};

}  // namespace tacet
