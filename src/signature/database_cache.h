// Compiled databases on disk: what took minutes to compile is there at once at the next start. A
// file is for one list of expressions, one mode, one version of Hyperscan and one kind of CPU; its
// name says the hash of these, its head holds them whole, so that a hash met twice harms nobody.
#pragma once

#include <filesystem>
#include <mutex>
#include <string>
#include <vector>

#include <querytap/base/result.h>

#include "program.h"

namespace querytap::signature {

class DatabaseCache {
  public:
    /// Empty: there is no cache, and nothing is ever found.
    explicit DatabaseCache(std::filesystem::path directory) : directory_(std::move(directory)) {}

    /// `content`: all that decides what is compiled. Null when it is not there, or damaged (which
    /// is told). Any thread.
    Database find(const std::string& content);
    /// Written aside and renamed: a reader sees all of it or nothing.
    void keep(const std::string& content, const hs_database_t& database);

    /// What could not be read or written. The rules are in force all the same.
    std::vector<Error> take_faults();

  private:
    void fault(const std::filesystem::path& file, std::string what, std::string hint);

    std::filesystem::path directory_;
    std::mutex mutex_;
    std::vector<Error> faults_;
};

}  // namespace querytap::signature
