// RPC requests (MS-TDS 2.2.6.6): procedures and their parameters, several to a message.
#pragma once

#include <cstdint>

#include "all_headers.h"
#include "procedures.h"
#include "tvp.h"
#include "value.h"

namespace querytap::tds {

class RpcParser {
  public:
    explicit RpcParser(ColumnTable& columns) noexcept : columns_(&columns) {}

    bool running() const noexcept;
    std::size_t run(Bytes bytes, const MessageScope& scope);
    Step unit(Reader& reader, const MessageScope& scope);

    /// `whole`: the message ended where its sender ended it; ends within a parameter are then bad.
    void finish(bool whole, bool pending, const MessageScope& scope);

  private:
    enum class Phase : std::uint8_t {
        kHeaders,
        kProcedure,
        kParameter,  ///< or a separator, or the end
        kValue,
        kTable,
        kCipherInfo,
    };

    Step headers(Reader& reader, const MessageScope& scope);
    Step procedure(Reader& reader, const MessageScope& scope);
    Step parameter(Reader& reader, const MessageScope& scope);
    Step cipher_info(Reader& reader);
    void take_number(std::int64_t number, const MessageScope& scope);
    void value_read() noexcept;
    bool is_separator(std::uint8_t byte) const noexcept;

    ColumnTable* columns_;
    Phase phase_ = Phase::kHeaders;
    bool has_headers_ = false;
    bool encrypted_ = false;                ///< of the current parameter
    const Procedure* procedure_ = nullptr;  ///< of the current call, when it is a known one
    std::uint16_t call_ = 0;
    std::uint16_t parameter_ = 0;
    ValueReader value_;
    TvpReader table_;
};

}  // namespace querytap::tds
