// The token stream of a server's response (MS-TDS 2.2.7), and of a bulk load, which is one too.
#pragma once

#include <cstdint>

#include "columns.h"
#include "value.h"

namespace querytap::tds {

inline constexpr std::uint8_t kRowToken = 0xd1;  // MS-TDS 2.2.7.20

class TokenParser {
  public:
    /// `values`: kResult, or kParameter for a bulk load.
    TokenParser(ColumnTable& columns, Target values) noexcept
        : columns_(&columns), values_(values) {}

    bool running() const noexcept;
    std::size_t run(Bytes bytes, const MessageScope& scope);
    Step unit(Reader& reader, const MessageScope& scope);

    /// `rest`: the beginning of a unit that the message ended in.
    void finish(bool whole, Bytes rest, const MessageScope& scope);

  private:
    enum class Phase : std::uint8_t {
        kToken,
        kSkip,
        kKeys,      ///< CekTable of COLMETADATA
        kKeyValue,  ///< EncryptionKeyValue
        kColumn,
        kAltColumn,
        kNullBitmap,
        kValue,        ///< of a row's column; it is under way, or will be begun
        kReturnValue,  ///< the value of a RETURNVALUE
        kFeature,
        kState,   ///< SESSIONSTATE, and the same within FEATUREEXTACK
        kLabels,  ///< DATACLASSIFICATION: labels and information types
        kClassified,
    };

    // tokens.cpp
    Step one_unit(Reader& reader, const MessageScope& scope);
    Step token(Reader& reader, const MessageScope& scope);
    Step sized(Reader& reader, const MessageScope& scope, std::uint8_t token);
    Step done(Reader& reader, const MessageScope& scope, std::uint8_t token);
    Step count_done(const Done& done, const MessageScope& scope);
    void skip(std::uint64_t size, Phase then) noexcept;

    // session_tokens.cpp
    Step feature(Reader& reader, const MessageScope& scope);
    Step session_state(Reader& reader, const MessageScope& scope);
    void begin_states(std::uint32_t size, Phase then) noexcept;
    Step state(Reader& reader, const MessageScope& scope);
    Step federation(Reader& reader, const MessageScope& scope);

    // rows.cpp
    class Gathered;
    Step row(bool with_bitmap);
    Step alt_row(Reader& reader);
    Step null_bitmap(Reader& reader) noexcept;
    Step return_value(Reader& reader, const MessageScope& scope);
    void begin_row() noexcept;
    bool stands_before_value() noexcept;
    void value_read() noexcept;
    bool row_at_hand(Reader& reader, Gathered& gathered);
    Step values_at_hand(Reader& reader, const MessageScope& scope);

    // metadata.cpp
    Step column_metadata(Reader& reader, const MessageScope& scope);
    Step keys(Reader& reader);
    Step key_value(Reader& reader);
    void key_read() noexcept;
    Step column(Reader& reader, const MessageScope& scope);
    Step alt_metadata(Reader& reader, const MessageScope& scope);
    Step alt_column(Reader& reader, const MessageScope& scope);

    // classification.cpp
    Step classification(Reader& reader);
    Step labels(Reader& reader, const MessageScope& scope);
    Step classified(Reader& reader, const MessageScope& scope);

    ColumnTable* columns_;
    Target values_;
    Phase phase_ = Phase::kToken;
    Phase after_skip_ = Phase::kToken;
    Phase after_states_ = Phase::kToken;
    bool metadata_omitted_ = false;  ///< NoMetaData: rows are read by what is remembered
    bool nulls_set_ = false;         ///< by an NBCROW; a ROW has none
    bool second_list_ = false;       ///< DATACLASSIFICATION: the information types
    std::uint16_t column_ = 0;
    std::uint16_t columns_left_ = 0;  ///< descriptions still to come
    std::uint16_t left_ = 0;          ///< the same of keys, labels, classified columns
    std::uint16_t inner_ = 0;         ///< the same of a key's values, a column's properties
    std::uint64_t skip_left_ = 0;
    std::uint32_t states_left_ = 0;  ///< bytes of a set of session states
    std::uint32_t features_ = 0;     ///< acknowledged, a bit for each FeatureId below 32
    ValueReader value_;
    ResultSummary summary_;
};

}  // namespace querytap::tds
