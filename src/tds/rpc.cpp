#include "rpc.h"

#include "exchange.h"
#include "text.h"

namespace querytap::tds {
namespace {

constexpr std::uint16_t kProcIdSwitch = 0xffff;
constexpr std::size_t kNameMax = 523;  // characters; 1,046 bytes

enum ParameterStatus : std::uint8_t { kByRef = 0x01, kEncrypted = 0x08 };

}  // namespace

bool RpcParser::running() const noexcept {
    return (phase_ == Phase::kValue && value_.running()) ||
           (phase_ == Phase::kTable && table_.running());
}

std::size_t RpcParser::run(Bytes bytes, const MessageScope& scope) {
    if (phase_ == Phase::kTable) return table_.run(bytes, scope, *columns_);
    const std::size_t size = value_.run(bytes, scope);
    if (value_.done()) value_read();
    return size;
}

Step RpcParser::unit(Reader& reader, const MessageScope& scope) {
    switch (phase_) {
        case Phase::kHeaders:
            return headers(reader, scope);
        case Phase::kProcedure:
            return procedure(reader, scope);
        case Phase::kParameter:
            return parameter(reader, scope);
        case Phase::kValue: {
            const Step step = value_.unit(reader, scope);
            if (step == Step::kDone && value_.done()) value_read();
            return step;
        }
        case Phase::kTable: {
            const Step step = table_.unit(reader, scope, *columns_);
            if (step == Step::kDone && table_.done()) value_read();
            return step;
        }
        case Phase::kCipherInfo:
            return cipher_info(reader);
    }
    return Step::kBad;
}

Step RpcParser::headers(Reader& reader, const MessageScope& scope) {
    const Step step = read_all_headers(reader, scope, has_headers_);
    if (step == Step::kDone) phase_ = Phase::kProcedure;
    return step;
}

Step RpcParser::procedure(Reader& reader, const MessageScope& scope) {
    const std::uint16_t size = reader.u16le();
    const bool by_id = size == kProcIdSwitch;
    const std::uint16_t id = by_id ? reader.u16le() : std::uint16_t{0};
    if (!by_id && size > kNameMax) return Step::kBad;
    const Bytes name = reader.bytes(by_id ? 0 : 2U * size);
    const std::uint16_t options = reader.u16le();
    if (!reader.ok()) return Step::kMore;

    const Narrowed<kNameMax> text(name);
    procedure_ = by_id ? find_procedure(id) : find_procedure(text.view());
    const std::string_view known = procedure_ != nullptr ? procedure_->name : "";
    const std::string_view shown = by_id ? known : text.view();
    scope.exchange.begin_call(call_, procedure_, scope.facts);
    scope.handler.on_rpc(
        scope.info, {.procedure = shown, .procedure_id = id, .options = options, .index = call_});
    ++call_;
    parameter_ = 0;
    phase_ = Phase::kParameter;
    return Step::kDone;
}

/// BatchFlag or NoExecFlag. As the length of a parameter's name these are impossible, but for 80,
/// which is a name of the greatest length where ALL_HEADERS says that the version is 7.2.
bool RpcParser::is_separator(std::uint8_t byte) const noexcept {
    return byte >= 0xfe || (byte == 0x80 && !has_headers_);
}

Step RpcParser::parameter(Reader& reader, const MessageScope& scope) {
    if (is_separator(reader.at(reader.position(), 1)[0])) {
        reader.skip(1);
        phase_ = Phase::kProcedure;
        return Step::kDone;
    }
    const Bytes name = read_b_varchar(reader);
    const std::uint8_t status = reader.u8();
    const Bytes token = reader.at(reader.position(), 1);
    if (!reader.ok()) return Step::kMore;
    TypeInfo type;
    const bool table = token[0] == kTvpType;
    if (table) {
        type.token = reader.u8();
    } else if (!read_type_info(reader, scope.facts.dialect, TypeUse::kRpc, type)) {
        return Step::kBad;
    }
    const bool integer = IntegerAtHand::may_be(type);
    IntegerAtHand number;
    if (integer) number.read(reader, type);
    if (!reader.ok()) return Step::kMore;

    const Narrowed<255> text(name);
    scope.handler.on_parameter(scope.info, {.name = text.view(),
                                            .index = parameter_,
                                            .type = type.token,
                                            .output = (status & kByRef) != 0});
    encrypted_ = (status & kEncrypted) != 0;
    if (table) {
        phase_ = Phase::kTable;
        table_.begin(*columns_);
        return Step::kDone;
    }
    if (integer) {
        if (!number.null) take_number(number.value, scope);
        value_read();
        return Step::kDone;
    }
    const bool is_sql = procedure_ != nullptr && procedure_->statement >= 0 &&
                        (parameter_ == procedure_->statement || names_statement(text.view()));
    const Target target = is_sql ? Target::kStatement : Target::kParameter;
    if (ValueAtHand value; value.read(reader, type.form)) {
        if (value.shown) deliver_request(scope, target, value.chunk);
        value_read();
        return Step::kDone;
    }
    phase_ = Phase::kValue;
    value_.begin(type.form, target, false);
    if (value_.done()) value_read();
    return Step::kDone;
}

void RpcParser::take_number(std::int64_t number, const MessageScope& scope) {
    const bool handle = parameter_ == 0 && procedure_ != nullptr &&
                        procedure_->handles.takes != Statements::Kind::kNone;
    if (handle) {
        scope.exchange.use_handle(*procedure_, static_cast<std::uint32_t>(number), scope);
    } else {
        scope.handler.on_parameter_number(scope.info, number);
    }
}

void RpcParser::value_read() noexcept {
    if (phase_ == Phase::kTable) columns_->clear();
    ++parameter_;
    phase_ = encrypted_ ? Phase::kCipherInfo : Phase::kParameter;
}

/// ParamCipherInfo of Always Encrypted.
Step RpcParser::cipher_info(Reader& reader) {
    TypeInfo type;
    if (!read_type_info(reader, Dialect::k72, TypeUse::kRpc, type)) return Step::kBad;
    const std::uint8_t algorithm = reader.u8();
    if (reader.ok() && algorithm == 0) read_b_varchar(reader);  // a custom algorithm has a name
    reader.skip(1 + 4 + 4 + 4 + 8 + 1);  // kind, database, key, its version and metadata, norm
    if (!reader.ok()) return Step::kMore;
    phase_ = Phase::kParameter;
    return Step::kDone;
}

void RpcParser::finish(bool whole, bool pending, const MessageScope& scope) {
    const bool between =
        !pending && (phase_ == Phase::kParameter || (phase_ == Phase::kProcedure && call_ > 0));
    if (whole && !between) scope.anomaly(Anomaly::kBadRpc);
    value_.cut(scope);
    table_.cut(scope);
}

}  // namespace querytap::tds
