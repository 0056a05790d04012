// The ways in which a client can send the same SQL: as a batch or through one of the procedures
// that take a statement, in one packet or in hundreds, alone or beside other requests.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "rpc_builder.h"
#include "tcp_builder.h"

namespace querytap::test {

/// What is said in one conversation.
struct Speech {
    std::vector<std::string> sql;          ///< statements, one after the other
    std::vector<RpcRequest> calls;         ///< instead of them: calls of one RPC message
    std::vector<std::string> results;      ///< values that the server answers with
    std::vector<RpcParameter> parameters;  ///< of the statement, where the way takes some
};

/// Names of all ways, for error messages and for a test that each is used.
std::vector<std::string_view> ways();

struct Delivered {
    std::vector<Turn> turns;
    Cutting cutting;
};

/// Throws std::invalid_argument for a way that does not exist.
Delivered deliver(const Speech& speech, std::string_view way, Timestamp begin);

}  // namespace querytap::test
