#pragma once
#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <semaphore>
#include <thread>
#include <vector>

#include "base/handover.hpp"
#include "base/loop.hpp"
#include "base/task_group.hpp"
#include "daemon/settings.hpp"
#include "daemon/upstreams.hpp"
#include "listen/admission.hpp"
#include "listen/bind.hpp"
#include "listen/tcp_listener.hpp"
#include "listen/udp_listener.hpp"
#include "privacy/exposure_log.hpp"
#include "privacy/exposure_report.hpp"
#include "report/snapshot.hpp"
#include "resolve/policy.hpp"
#include "resolve/resolver.hpp"
#include "transport/network/netwatch.hpp"
#include "transport/network/own_network_watch.hpp"

namespace tacet {

/// What all workers share.
struct SharedParts {
  const Clock& clock;
  std::shared_ptr<const Settings> settings;  ///< to begin with
  Cache& cache;
  ExposureLog& exposure;
};

/// One thread with its loop, its listeners and its own connections upstream. Everything in it belongs to that thread.
class Worker {
public:
  /// `query_log`: where its queries are left for whoever writes them down; null: nobody does.
  Worker(const SharedParts& shared, std::vector<ListenSockets> sockets, QueryTap* query_log);
  ~Worker();

  /// Begins to serve, on a thread of its own.
  void start();
  /// Takes no more queries, answers those that wait, for at most a second, and ends. Any thread.
  void stop() { stop_.post(); }
  /// Waits until it has ended.
  void join() { thread_.join(); }

  /// Gives it what this machine knows by itself. Any thread.
  void use(std::shared_ptr<const Hosts> hosts);
  /// What has come of work on the worker's thread: the exception by which it failed, or null.
  using Outcome = Handover<std::exception_ptr>;
  /// Makes what it needs to serve by these settings, to be waited for by await(). Only while it runs; the same thread
  /// as use().
  Outcome prepare(std::shared_ptr<const Settings> settings);
  /// Returns when the work is done, or throws what it has thrown.
  static void await(Outcome outcome);
  /// Serves by what was prepared last from now on; waits until it does. What was begun before is still answered. Cannot
  /// fail, so that all workers change or none.
  void use_prepared();
  /// Waits until the worker's thread has had a turn. Needs no memory. Any other thread, one at a time.
  void await_turn();

  /// Adds what this worker has to a snapshot: asks the worker's thread and waits. Any other thread.
  void add_to(Snapshot& snapshot);
  /// The same for what this worker knows of exposure.
  void add_to(ExposureReport& report);
  /// What would answer a question, services included.
  AnswerExplanation explanation(const Question& question);
  /// Makes the exposure ledger forget all names.
  void forget_names();
  /// Resolver::examine(), waited for.
  Result<NameExposure> examine(const Name& name);

private:
  void take_no_more();
  void drain(Instant deadline);
  Upstreams::Parts upstream_parts();
  /// All that a change of settings needs memory for.
  struct Change {
    std::shared_ptr<const Settings> settings;
    Upstreams::Change upstreams;
    Routes::Change routes;
    RebindGuard rebind;
    Admission admission;
  };
  Change change_to(std::shared_ptr<const Settings> settings);
  void make(Change change);
  void add_zones_to(Snapshot& snapshot);
  Outcome ask(std::move_only_function<void()> work);
  void ask_and_wait(std::move_only_function<void()> work);
  using Examined = Handover<Result<NameExposure>>;
  Task<void> examine(Name name, Examined::Sender sender);

  ExposureLog& exposure_;
  std::shared_ptr<const Settings> settings_;
  std::vector<ListenSockets> sockets_;
  Loop loop_;
  Metrics metrics_;
  Admission admission_;
  // Destroyed from below: listeners before the resolver, that before the upstreams; the tasks are cancelled first.
  TaskGroup tasks_;
  Upstreams upstreams_;
  Resolver resolver_;
  NetWatch network_;
  OwnNetworkWatch own_network_;
  std::vector<std::unique_ptr<UdpListener>> udp_;
  std::vector<std::unique_ptr<TcpListener>> tcp_;
  std::optional<Change> change_;  // prepared
  AsyncCall make_change_, pulse_, stop_;
  std::binary_semaphore changed_{0}, had_a_turn_{0};
  Alarm drained_;
  Instant drain_deadline_{};
  std::thread thread_;
};

using Workers = std::vector<std::unique_ptr<Worker>>;

}  // namespace tacet
