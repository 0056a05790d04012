// The examples of MS-TDS section 4, byte for byte, against the fields that the specification prints
// beside them. They stand with the captures made by others; without those the test is skipped.
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include <gtest/gtest.h>

#include "sessions.h"

namespace querytap::tds::test {
namespace {

struct Example {
    const char* file;
    const char* expected;
};

const Example kExamples[] = {
    {"01-pre-login-request.hex",
     R"(> begin prelogin
> prelogin version=090000000000 encryption=1 options=5 mars
> end prelogin size=39
)"},
    {"02-login-request.hex",
     R"(> begin login7
> login tds=72090002 packet=4096 program=07000000 pid=256 flags=e0030000 id=00508be2b78f host=skostov1 user=sa app=OSQL-32 library=ODBC
> end login7 size=136
)"},
    {"03-login-request-federated-auth.hex",
     R"(> begin login7
> login tds=74000004 packet=4096 program=07000000 pid=14144 flags=e0030010 id=00155d71e742 host=DANBENED3-XGZUO app=SQLCMD server=cloud.dev.mscds.com,1435 library=ODBC fedauth
> end login7 size=2056
)"},
    {"04-login-response.hex",
     R"(< begin tabular_result
< env 1 'master'
< info 5701/2/0 'Changed database context to 'master'.' server= procedure=
< env 7 '0904d00034'
< env 2 'us_english'
< env 4 '4096'
< info 5703/1/0 'Changed language setting to us_english.' server= procedure=
< login_ack tds=72090002 'Microsoft SQL Server' version=00000000
< result rows=0 affected=0 columns=0 errors=0 sets=0
< end tabular_result size=345
)"},
    {"05-login-response-federated-auth.hex",
     R"(< begin tabular_result
< env 1 'master'
< info 5701/2/0 'Changed database context to 'master'.' server=cloud procedure=
< env 7 '0904d00034'
< env 2 'us_english'
< info 5703/1/0 'Changed language setting to us_english.' server=cloud procedure=
< login_ack tds=74000004 'Microsoft SQL Server' version=0b0008cb
< env 4 '4096'
< result rows=0 affected=0 columns=0 errors=0 sets=0
< end tabular_result size=436
)"},
    {"06-sql-batch-client-request.hex",
     R"(> begin sql_batch
> sql: 
select 'foo' as 'bar'
        
> end sql_batch size=84
)"},
    {"07-sql-batch-server-response.hex",
     R"(< begin tabular_result
< column 0 'bar' type=a7
< row
< result(8): foo
< result rows=1 affected=1 columns=1 errors=0 sets=1
< end tabular_result size=43
)"},
    {"08-rpc-client-request.hex",
     R"(> begin rpc
> rpc 0 'foo3' id=0 options=0
> param 0 '' type=26
> end rpc size=39
)"},
    {"09-rpc-server-response.hex",
     R"(< begin tabular_result
< result rows=0 affected=1 columns=0 errors=0 sets=0
< end tabular_result size=31
)"},
    {"10-attention-request.hex",
     R"(> begin attention
> end attention size=0
)"},
    {"11-sspi-message.hex",
     R"(> begin sspi
> ntlm authenticate domain= user= workstation=
> end sspi size=86
)"},
    {"12-bulk-load.hex",
     R"(> begin bulk_load
> column 0 'c1' type=32
> row
> end bulk_load size=30
)"},
    {"13-transaction-manager-request.hex",
     R"(> begin transaction_manager
> end transaction_manager size=24
)"},
    {"14-tvp-insert-statement.hex",
     R"(> begin rpc
> rpc 0 'foo' id=0 options=0
> param 0 '' type=f3
> end rpc size=74
)"},
    {"15-sparse-column-select.hex",
     R"(< begin tabular_result
< column 0 'id' type=26
< column 1 'sparsePropertySet' type=f1
< row
< result: <sparseProp1>1000</sparseProp1><sparseProp2>foo</sparseProp2>
< row
< result: <sparseProp1>1000</sparseProp1>
< row
< result: <sparseProp2>abcd</sparseProp2>
< row
< row
< row
< row
< row
< row
< row
< result rows=10 affected=10 columns=2 errors=0 sets=1
< end tabular_result size=433
)"},
    {"16-featureext-sessionrecovery.hex",
     R"(> begin login7
> login tds=74000004 packet=4096 program=07000000 pid=256 flags=e0030010 id=00508be2b78f user=sa app=OSQL-32 library=ODBC database=tempdb password
> end login7 size=261
)"},
    {"17-featureextack-sessionrecovery.length-406-of-407.hex",
     R"(< begin tabular_result
< env 1 'master'
< info 5701/2/0 'Changed database context to 'master'.' server= procedure=
< env 7 '0904d00034'
< ! bad-token-stream
< result rows=0 affected=0 columns=0 errors=0 sets=0
< end tabular_result size=398
)"},
    {"18-table-response-sessionstate.hex",
     R"(< begin tabular_result
< result rows=0 affected=0 columns=0 errors=0 sets=0
< end tabular_result size=42
)"},
    {"20-featureext-azuresqlsupport.hex",
     R"(> begin login7
> login tds=74000004 packet=8000 program=06000000 pid=7574 flags=e0032010 id=c2cc3d20b7ab host=ZLIN6CLIENT2 user=cloudsa app=.Net SqlClient Data Provider server=e2f8876ad658.local.onebox.control.zlinheka6dev4.onebox.xdb.mscds.com,37008 library=.Net SqlClient Data Provider database=testdb password
> end login7 size=447
)"},
    {"21-featureextack-azuresqlsupport.hex",
     R"(< begin tabular_result
< env 1 'testdb'
< info 5701/2/0 'Changed database context to 'testdb'.' server=testsvr procedure=
< env 7 '0904d00034'
< env 2 'us_english'
< info 5703/1/0 'Changed language setting to us_english.' server=testsvr procedure=
< login_ack tds=74000004 'Microsoft SQL Server' version=0c0003e8
< env 4 '8000'
< result rows=0 affected=6 columns=0 errors=0 sets=0
< end tabular_result size=699
)"},
};

std::filesystem::path examples() {
    if (const char* captures = std::getenv("QUERYTAP_CAPTURES")) {
        return std::filesystem::path(captures) / "ms-tds-examples";
    }
    const char* source = std::getenv("QUERYTAP_SOURCE");
    return std::filesystem::path(source != nullptr ? source : ".") /
           "../shared/captures/ms-tds-examples";
}

std::vector<std::uint8_t> read_hex(const std::filesystem::path& path) {
    std::ifstream in(path);
    std::vector<std::uint8_t> bytes;
    for (std::string pair; in >> pair;)
        bytes.push_back(static_cast<std::uint8_t>(std::stoi(pair, nullptr, 16)));
    return bytes;
}

TEST(MsTdsExamples, DecodeToThePrintedFields) {
    if (!std::filesystem::is_directory(examples())) GTEST_SKIP() << "no " << examples();
    SessionPool pool({.buffers = 16});
    for (const Example& example : kExamples) {
        SCOPED_TRACE(example.file);
        const std::vector<std::uint8_t> bytes = read_hex(examples() / example.file);
        ASSERT_FALSE(bytes.empty());
        const Direction direction = bytes[0] == 4 ? Direction::kToClient : Direction::kToServer;
        EXPECT_EQ(log_of(pool, {{direction, bytes}}), example.expected);
        EXPECT_EQ(log_of(pool, {{direction, bytes}}, 1), example.expected);
    }
}

}  // namespace
}  // namespace querytap::tds::test
