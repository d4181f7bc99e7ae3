#pragma once
#include <exception>
#include <functional>
#include <list>
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
#include "listen/stream_listener.hpp"
#include "listen/udp_listener.hpp"
#include "observe/path_watch.hpp"
#include "observe/site_watch.hpp"
#include "privacy/exposure_log.hpp"
#include "privacy/exposure_report.hpp"
#include "report/snapshot.hpp"
#include "resolve/policy.hpp"
#include "resolve/resolver.hpp"
#include "transport/network/netwatch.hpp"
#include "transport/network/own_network_watch.hpp"

namespace tacet {

/// The objects that all workers share.
struct SharedParts {
  const Clock& clock;
  std::shared_ptr<const Settings> settings;  ///< at the start
  Cache& cache;
  ExposureLog& exposure;
  PathWatch& path;
  SiteWatch& sites;
  std::shared_ptr<LadderMemory> ladder_memory = std::make_shared<LadderMemory>();
  std::shared_ptr<LogGates> gates = std::make_shared<LogGates>();
};

/// One thread with its loop, its listeners and its own connections upstream. Everything in it belongs to that thread.
class Worker {
public:
  /// `query_log` takes its queries for the query log; null: there is no log.
  Worker(const SharedParts& shared, std::vector<ListenSockets> sockets, QueryTap* query_log);
  ~Worker();

  /// Begins to serve, on a thread of its own.
  void start();
  /// Takes no more queries, answers the waiting ones for at most a second, and ends. Any thread.
  void stop() { stop_.post(); }
  /// Waits until it has ended.
  void join() { thread_.join(); }

  /// The clock jumped: forgets what is known about zones. Any thread but the worker's; waits.
  void forget_verdicts() {
    ask_and_wait([this] { resolver_.forget_verdicts(); });
  }

  /// Gives it the hosts table. Any thread.
  void use(std::shared_ptr<const Hosts> hosts);
  /// The result of work on the worker's thread: its exception, or null.
  using Outcome = Handover<std::exception_ptr>;
  /// Makes all objects that it needs for these settings; wait for it by await(). Only while it runs; on the same thread
  /// as use().
  Outcome prepare(std::shared_ptr<const Settings> settings);
  /// Returns when the work is done, or throws its exception.
  static void await(Outcome outcome);
  /// Serves by the settings that were prepared last, and waits until it does. It still answers earlier queries. It
  /// cannot fail, so that all workers change or none.
  void use_prepared();
  /// Waits until the worker's thread has made a turn. Needs no memory. Any other thread, one at a time.
  void await_turn();

  /// Adds this worker's numbers to a snapshot: asks the worker's thread and waits. Any other thread.
  void add_to(Snapshot& snapshot);
  /// The same for the worker's exposure.
  void add_to(ExposureReport& report);
  /// Explains what would answer a question.
  AnswerExplanation explanation(const Question& question);
  /// Makes the exposure ledger forget all names.
  void forget_names();
  /// Calls Resolver::examine() and waits.
  Result<NameExposure> examine(const Name& name);

private:
  void add_listeners(const ListenSockets& listen);
  bool is_ready();
  void take_no_more();
  void drain(Instant deadline);
  UpstreamsContext upstreams_context();
  /// Everything that a change of settings needs memory for.
  struct Change {
    std::shared_ptr<const Settings> settings;
    Upstreams::Change upstreams;
    Routes::Change routes;
    RebindGuard rebind;
    Admission admission;
    std::string nsid;
  };
  Change change_to(std::shared_ptr<const Settings> settings);
  void make(Change change);
  void add_zones_to(Snapshot& snapshot);
  Outcome ask(std::move_only_function<void()> work);
  void ask_and_wait(std::move_only_function<void()> work);
  using Examined = Handover<Result<NameExposure>>;
  Task<void> examine(Name name, Examined::Sender sender);

  ExposureLog& exposure_;
  PathWatch& path_;
  SiteWatch& sites_;
  std::optional<std::string> present_network_;  // its identity, once a server has named itself there
  std::shared_ptr<LadderMemory> ladder_memory_;
  std::shared_ptr<LogGates> gates_;
  std::shared_ptr<const Settings> settings_;
  std::vector<ListenSockets> sockets_;
  Loop loop_;
  Metrics metrics_;
  Admission admission_;
  std::string nsid_;  // of the settings
  // The members are destroyed from below: listeners, resolver, upstreams. The tasks are cancelled before.
  TaskGroup tasks_;
  Upstreams upstreams_;
  Resolver resolver_;
  NetWatch network_;
  OwnNetworkWatch own_network_;
  std::list<Designate> designate_;  // one for each plain listener
  std::vector<std::unique_ptr<UdpListener>> udp_;
  std::vector<std::unique_ptr<StreamListener>> streams_;
  std::optional<Change> change_;  // prepared
  AsyncCall make_change_, pulse_, stop_;
  std::binary_semaphore changed_{0}, had_a_turn_{0};
  Alarm drained_;
  Instant drain_deadline_{};
  std::thread thread_;
};

using Workers = std::vector<std::unique_ptr<Worker>>;

}  // namespace tacet
