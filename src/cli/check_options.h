// What `querytap check` was asked, and its parts.
#pragma once

#include <filesystem>
#include <string>

#include <querytap/signature/ruleset.h>

namespace querytap::cli {

struct CheckOptions {
    std::filesystem::path directory;  ///< of the *.rules files
    std::string config;
    std::string sql;
    bool has_sql = false;
    std::string policy;
    std::string explain;          ///< a conversation
    std::string profile;          ///< a capture
    signature::LoadOptions load;  ///< how signatures are read
    bool strict = false;
};

/// Each returns an exit status.
int check_sql(const CheckOptions& options);
int check_policy(const CheckOptions& options);
int check_profile(const CheckOptions& options);

}  // namespace querytap::cli
