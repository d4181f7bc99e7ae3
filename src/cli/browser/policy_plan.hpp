#pragma once
#include <string>
#include <vector>

#include "cli/browser/browsers.hpp"
#include "cli/browser/change_record.hpp"

namespace tacet {

/// A policy file and the text that it shall have.
struct PolicyFile {
  std::string browser;  ///< Browser::name
  std::string path;     ///< below the root
  std::string text;
};

/// What the set-up does for the browsers of a machine, before it does anything.
struct PolicyPlan {
  std::vector<PolicyFile> files;
  std::vector<std::string> left_alone;  ///< a line for each browser that needs nothing, or that tacet cannot reach
  std::vector<std::string> obstacles;   ///< a line for each browser that needs the administrator first
};

/// How to plan.
struct PolicyWish {
  std::string root;       ///< "" is this machine
  std::string authority;  ///< its certificate, DER in base64
  bool firefox = false;   ///< whether Firefox gets a policy, too
};

/// The path of our policy file for a browser, below the root; empty if it takes none.
std::string policy_path(const Browser& browser);

/// Reads the policies that are there, and plans. Policies of the administrator stay as they are: where one of them sets
/// a key of ours, or somebody changed our file, the browser is among the obstacles.
PolicyPlan plan_policies(const PolicyWish& wish, const ChangeRecord& record);

}  // namespace tacet
