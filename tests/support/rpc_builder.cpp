#include "rpc_builder.h"

#include <algorithm>

namespace querytap::test {
namespace {

const ByteVector kCollation{0x09, 0x04, 0xd0, 0x00, 0x34};

/// Latin-1 of what utf16() gives.
ByteVector single_bytes(std::string_view text) {
    const ByteVector wide = utf16(text);
    ByteVector out;
    for (std::size_t i = 0; i < wide.size(); i += 2)
        out.push_back(wide[i + 1] == 0 ? wide[i] : std::uint8_t{'?'});
    return out;
}

void text_value(ByteVector& out, std::string_view text, TextType type) {
    const ByteVector bytes = type == TextType::kVarchar ? single_bytes(text) : utf16(text);
    switch (type) {
        case TextType::kNvarchar:
        case TextType::kVarchar:
            out.push_back(type == TextType::kNvarchar ? 0xe7 : 0xa7);
            le16(out, 8000);
            append(out, kCollation);
            le16(out, bytes.size());
            append(out, bytes);
            return;
        case TextType::kNvarcharMax: {  // PLP: the length of the whole, chunks, an empty chunk
            out.push_back(0xe7);
            le16(out, 0xffff);
            append(out, kCollation);
            le64(out, bytes.size());
            for (std::size_t at = 0; at < bytes.size();) {
                const std::size_t size = std::min<std::size_t>(bytes.size() - at, 7);
                le32(out, size);
                out.insert(out.end(), bytes.begin() + static_cast<std::ptrdiff_t>(at),
                           bytes.begin() + static_cast<std::ptrdiff_t>(at + size));
                at += size;
            }
            le32(out, 0);
            return;
        }
        case TextType::kNtext:
            out.push_back(0x63);
            le32(out, 0x7fffffff);
            append(out, kCollation);
            le32(out, bytes.size());
            append(out, bytes);
            return;
    }
}

void int_value(ByteVector& out, int value) {
    append(out, {0x26, 4, 4});  // INTN
    le32(out, static_cast<std::uint32_t>(value));
}

void call(ByteVector& out, const RpcRequest& request) {
    if (const auto* id = std::get_if<std::uint16_t>(&request.procedure); id != nullptr) {
        le16(out, 0xffff);
        le16(out, *id);
    } else {
        const ByteVector name = utf16(std::get<std::string>(request.procedure));
        le16(out, name.size() / 2);
        append(out, name);
    }
    le16(out, 0);  // OptionFlags
    for (const RpcParameter& parameter : request.parameters) {
        const ByteVector name = utf16(parameter.name);
        out.push_back(static_cast<std::uint8_t>(name.size() / 2));
        append(out, name);
        out.push_back(parameter.output ? 1 : 0);
        if (const int* number = std::get_if<int>(&parameter.value); number != nullptr) {
            int_value(out, *number);
        } else {
            text_value(out, std::get<std::string>(parameter.value), parameter.type);
        }
    }
}

}  // namespace

ByteVector rpc(const std::vector<RpcRequest>& calls, bool all_headers, std::size_t packet_size) {
    ByteVector out;
    if (all_headers) transaction_header(out);
    for (std::size_t i = 0; i < calls.size(); ++i) {
        // BatchFlag: FF since 7.2, 80 before.
        if (i > 0) out.push_back(all_headers ? 0xff : 0x80);
        call(out, calls[i]);
    }
    return packets(0x03, out, packet_size);
}

ByteVector handle_answer(int handle) {
    ByteVector out{0x79};  // RETURNSTATUS
    le32(out, 0);
    out.push_back(0xac);  // RETURNVALUE: ordinal, no name, status, user type, flags
    le16(out, 0);
    append(out, {0, 1});
    le32(out, 0);
    le16(out, 0);
    int_value(out, handle);
    out.push_back(0xfe);  // DONEPROC
    le16(out, 0);
    le16(out, 0xe0);
    le64(out, 0);
    return packets(0x04, out);
}

}  // namespace querytap::test
