// RPC messages for tests (MS-TDS 2.2.6.6): any procedure, by name or number, with text parameters
// of the types that drivers use for SQL.
#pragma once

#include <string>
#include <variant>
#include <vector>

#include "tds_builder.h"

namespace querytap::test {

enum class TextType : std::uint8_t { kNvarchar, kNvarcharMax, kVarchar, kNtext };

struct RpcParameter {
    std::string name;  ///< with '@'; empty: by position
    std::variant<std::string, int> value;
    TextType type = TextType::kNvarchar;
    bool output = false;
};

struct RpcRequest {
    std::variant<std::uint16_t, std::string> procedure;
    std::vector<RpcParameter> parameters;
};

/// One message with one or more calls. ALL_HEADERS as TDS 7.2 and later want them.
ByteVector rpc(const std::vector<RpcRequest>& calls, bool all_headers = true,
               std::size_t packet_size = 4096);

/// The answer to sp_prepare or sp_prepexec: RETURNVALUE with the handle.
ByteVector handle_answer(int handle);

}  // namespace querytap::test
