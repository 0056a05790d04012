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
     R"(> begin prelogin spid=0 status=1
> prelogin version=090000000000 encryption=1 thread=3512 options=5 mars
> end prelogin size=39
)"},
    {"02-login-request.hex",
     R"(> begin login7 spid=0 status=1
> login tds=72090002 packet=4096 program=07000000 pid=256 flags=e0030000 id=00508be2b78f host=skostov1 user=sa app=OSQL-32 library=ODBC connection=0 zone=0 lcid=00000409 features=00000000
> end login7 size=136
)"},
    {"03-login-request-federated-auth.hex",
     R"(> begin login7 spid=0 status=1
> login tds=74000004 packet=4096 program=07000000 pid=14144 flags=e0030010 id=00155d71e742 host=DANBENED3-XGZUO app=SQLCMD server=cloud.dev.mscds.com,1435 library=ODBC fedauth connection=0 zone=0 lcid=00000409 features=00000004
> end login7 size=2056
)"},
    {"04-login-response.hex",
     R"(< begin tabular_result spid=0 status=1
< env 1 'master' was 'master'
< info 5701/2/0 'Changed database context to 'master'.' server= procedure= line=0
< env 7 '0904d00034' was ''
< env 2 'us_english' was ''
< env 4 '4096' was '4096'
< info 5703/1/0 'Changed language setting to us_english.' server= procedure= line=0
< login_ack tds=72090002 'Microsoft SQL Server' version=00000000 interface=1
< done fd status=0 command=0 rows=0
< result rows=0 affected=0 columns=0 errors=0 sets=0
< end tabular_result size=345
)"},
    {"05-login-response-federated-auth.hex",
     R"(< begin tabular_result spid=330 status=1
< env 1 'master' was 'master'
< info 5701/2/0 'Changed database context to 'master'.' server=cloud procedure= line=1
< env 7 '0904d00034' was ''
< env 2 'us_english' was ''
< info 5703/1/0 'Changed language setting to us_english.' server=cloud procedure= line=1
< login_ack tds=74000004 'Microsoft SQL Server' version=0b0008cb interface=1
< env 4 '4096' was '4096'
< features 00000004
< done fd status=0 command=0 rows=0
< result rows=0 affected=0 columns=0 errors=0 sets=0
< end tabular_result size=436
)"},
    {"06-sql-batch-client-request.hex",
     R"(> begin sql_batch spid=0 status=1
> sql: 
select 'foo' as 'bar'
        
> end sql_batch size=84
)"},
    {"07-sql-batch-server-response.hex",
     R"(< begin tabular_result spid=0 status=1
< column 0 'bar' type=a7
< result(8): foo
< done fd status=16 command=193 rows=1
< result rows=1 affected=1 columns=1 errors=0 sets=1
< end tabular_result size=43
)"},
    {"08-rpc-client-request.hex",
     R"(> begin rpc spid=0 status=1
> rpc 0 'foo3' id=0 options=0
> param 0 '' type=26
> end rpc size=39
)"},
    {"09-rpc-server-response.hex",
     R"(< begin tabular_result spid=0 status=1
< done ff status=17 command=193 rows=1
< return status 0
< done fe status=0 command=224 rows=0
< result rows=0 affected=1 columns=0 errors=0 sets=0
< end tabular_result size=31
)"},
    {"10-attention-request.hex",
     R"(> begin attention spid=0 status=1
> end attention size=0
)"},
    {"11-sspi-message.hex",
     R"(> begin sspi spid=0 status=1
> ntlm authenticate domain= user= workstation=
> end sspi size=86
)"},
    {"12-bulk-load.hex",
     R"(> begin bulk_load spid=0 status=1
> column 0 'c1' type=32
> done fd status=0 command=0 rows=0
> end bulk_load size=30
)"},
    {"13-transaction-manager-request.hex",
     R"(> begin transaction_manager spid=0 status=1
> end transaction_manager size=24
)"},
    {"14-tvp-insert-statement.hex",
     R"(> begin rpc spid=0 status=1
> rpc 0 'foo' id=0 options=0
> param 0 '' type=f3
> end rpc size=74
)"},
    {"15-sparse-column-select.hex",
     R"(< begin tabular_result spid=0 status=1
< column 0 'id' type=26
< column 1 'sparsePropertySet' type=f1
< result: <sparseProp1>1000</sparseProp1><sparseProp2>foo</sparseProp2>
< result: <sparseProp1>1000</sparseProp1>
< result: <sparseProp2>abcd</sparseProp2>
< done fd status=16 command=193 rows=10
< result rows=10 affected=10 columns=2 errors=0 sets=1
< end tabular_result size=433
)"},
    {"16-featureext-sessionrecovery.hex",
     R"(> begin login7 spid=0 status=1
> login tds=74000004 packet=4096 program=07000000 pid=256 flags=e0030010 id=00508be2b78f user=sa app=OSQL-32 library=ODBC database=tempdb password connection=0 zone=0 lcid=00000409 features=00000002
> end login7 size=261
)"},
    {"17-featureextack-sessionrecovery.length-406-of-407.hex",
     R"(< begin tabular_result spid=0 status=1
< env 1 'master' was 'master'
< info 5701/2/0 'Changed database context to 'master'.' server= procedure= line=0
< env 7 '0904d00034' was ''
< ! bad-token-stream
< result rows=0 affected=0 columns=0 errors=0 sets=0
< end tabular_result size=398
)"},
    {"18-table-response-sessionstate.hex",
     R"(< begin tabular_result spid=0 status=1
< done fd status=1 command=190 rows=0
< done fd status=0 command=253 rows=0
< result rows=0 affected=0 columns=0 errors=0 sets=0
< end tabular_result size=42
)"},
    {"20-featureext-azuresqlsupport.hex",
     R"(> begin login7 spid=0 status=1
> login tds=74000004 packet=8000 program=06000000 pid=7574 flags=e0032010 id=c2cc3d20b7ab host=ZLIN6CLIENT2 user=cloudsa app=.Net SqlClient Data Provider server=e2f8876ad658.local.onebox.control.zlinheka6dev4.onebox.xdb.mscds.com,37008 library=.Net SqlClient Data Provider database=testdb password connection=0 zone=0 lcid=00000000 features=00000132
> end login7 size=447
)"},
    {"21-featureextack-azuresqlsupport.hex",
     R"(< begin tabular_result spid=119 status=1
< done ff status=17 command=193 rows=1
< done ff status=17 command=193 rows=0
< done ff status=1 command=192 rows=0
< done ff status=17 command=193 rows=1
< done ff status=17 command=193 rows=0
< done ff status=1 command=192 rows=0
< done ff status=17 command=193 rows=1
< done ff status=17 command=193 rows=1
< done ff status=17 command=193 rows=0
< done ff status=1 command=192 rows=0
< done ff status=17 command=193 rows=1
< done ff status=17 command=193 rows=0
< done ff status=1 command=192 rows=0
< done ff status=17 command=193 rows=1
< env 1 'testdb' was 'master'
< info 5701/2/0 'Changed database context to 'testdb'.' server=testsvr procedure= line=1
< env 7 '0904d00034' was ''
< env 2 'us_english' was ''
< info 5703/1/0 'Changed language setting to us_english.' server=testsvr procedure= line=1
< login_ack tds=74000004 'Microsoft SQL Server' version=0c0003e8 interface=1
< env 4 '8000' was '4096'
< features 00000132
< done fd status=0 command=0 rows=0
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
        EXPECT_EQ(log_of(pool, {{direction, bytes}}, 0, false, true), example.expected);
        EXPECT_EQ(log_of(pool, {{direction, bytes}}, 1, false, true), example.expected);
    }
}

}  // namespace
}  // namespace querytap::tds::test
