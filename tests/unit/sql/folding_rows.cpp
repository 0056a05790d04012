// Constants that SQL Server computes: one literal.
#include "rows.h"

namespace querytap::sql::test {

const std::vector<Row>& folding_rows() {
    static const std::vector<Row> rows{
        {"select 'xp_'+'cmdshell'", "select'XP_CMDSHELL'", "xp_cmdshell\n", ""},
        {"select 'xp_' + 'cmd' + N'shell'", "select'XP_CMDSHELL'", "xp_cmdshell\n", ""},
        {"select 'xp_' /* + */ + -- +\n 'cmdshell'", "select'XP_CMDSHELL'", "xp_cmdshell\n", ""},
        {"select 'a'+'b''c'+''''", "select'AB''C'''", "ab'c'\n", ""},
        {"select 'a'+'b', 'c'+'d'", "select'AB','CD'", "ab\ncd\n", ""},
        {"select 'a'+'b'+x+'c'+'d'", "select'AB'+x+'CD'", "ab\ncd\n", ""},
        {"select x+'a'+'b'", "select x+'AB'", "ab\n", ""},
        {"select 'a'+1", "select'A'+1", "a\n", ""},
        {"select 'a'+", "select'A'+", "a\n", ""},
        {"select 'a'++'b'", "select'A'++'B'", "a\nb\n", ""},
        {"select 'a'+'b'-'c'", "select'AB'-'C'", "ab\nc\n", ""},
        {"select 'a' + \"b c\"", "select'AB C'", "ab c\n", ""},
        {"select 'a' + \"b\"", "select'A'+b", "a\n", ""},
        {"select 'ab'='a'+'b'", "select'AB'='AB'", "ab\nab\n", ""},
        {"CHAR(120)+CHAR(112)+char(95)", "'XP_'", "xp_\n", ""},
        {"select char(101)+char(120)+'ec xp_'+char(99)", "select'EXEC XP_C'", "exec xp_c\n", ""},
        {"select NCHAR(120)+nchar(112), nchar(8364)+nchar(233)+'', char(233)+''",
         "select'XP','\342\202\254\303\251','\303\251'", "xp\n\342\202\254\303\251\n\303\251\n",
         ""},
        {"select nchar(55357)+'', char(256)+'', char(-1)+'', char(1e2)+'', char('a')+'', "
         "char()+'', char(@x)+'b'",
         "select'\357\277\275',char(256)+'',char(-1)+'',char(1e2)+'',char('A')+'',char()+'',char(@"
         "x)+'B'",
         "\357\277\275\n\n\n\na\n\n\nb\n", ""},
        // alone it may be a type
        {"select char(65), char ( 65 ) from t", "select char(65),char(65)from t", "", ""},
        {"create table t(a char(10), b nchar(5) not null)",
         "create table t(a char(10),b nchar(5)not null)", "", ""},
        {"declare @a char(10), @b nchar(5) = 'x'", "declare @a char(10),@b nchar(5)='X'", "x\n",
         ""},
        {"select char(65)+'b', 'b'+char(65), char(65)+x", "select'AB','BA','A'+x", "Ab\nbA\nA\n",
         ""},
        {"select CONCAT('xp_','cmdshell')", "select'XP_CMDSHELL'", "xp_cmdshell\n", ""},
        {"select concat('a','b','c'), concat('a',1,'b'), concat('a'), concat('a'+'b','c')",
         "select'ABC','A1B','A','ABC'", "abc\na1b\na\nabc\n", ""},
        {"select concat('a',x,'b'+'c'), concat(x,'a'+'b')",
         "select concat('A',x,'BC'),concat(x,'AB')", "a\nbc\nab\n", ""},
        {"select concat(char(120),char(112)), concat('a',concat('b',reverse('dc'))) + 'e'",
         "select'XP','ABCDE'", "xp\nabcde\n", ""},
        {"select concat('a','b')+'c', 'z'+concat('a','b')", "select'ABC','ZAB'", "abc\nzab\n", ""},
        {"select concat('a','b') concat('c','d')", "select'AB' 'CD'", "ab\ncd\n", ""},
        {"select concat ( /* */ 'a' , -- x\n 'b' )", "select'AB'", "ab\n", ""},
        {"select REVERSE('llehsdmc_px'), reverse('\303\251a'), reverse('a'+'b'), reverse(x), "
         "reverse('a','b')",
         "select'XP_CMDSHELL','A\303\251','BA',reverse(x),reverse('A','B')",
         "xp_cmdshell\na\303\251\nba\na\nb\n", ""},
        {"select REPLACE('xZp_cmdZshell','Z',''), replace('aXbxc','x','-'), replace('abc','','x'), "
         "replace(x,'a','b')",
         "select'XP_CMDSHELL','A-B-C','ABC',replace(x,'A','B')", "xp_cmdshell\na-b-c\nabc\na\nb\n",
         ""},
        {"select replace(replace('x#p!','#','_'),'!','y')", "select'X_PY'", "x_py\n", ""},
        {"select replace('ab','a'+'b','cd'), replace(reverse('ba'),'b',char(99)), "
         "replace('abc','b',@x)",
         "select'CD','AC',replace('ABC','B',@x)", "cd\nac\nabc\nb\n", ""},
        // grows: left as it is
        {"select replace('aaaaaaaaaaaaaaaaaaaa','a','0123456789')",
         "select replace('AAAAAAAAAAAAAAAAAAAA','A','0123456789')",
         "aaaaaaaaaaaaaaaaaaaa\na\n0123456789\n", ""},
        {"select cast(0x78705f as varchar(10)), cast(0x78705f as varchar), CAST ( 0x7800 AS "
         "nvarchar(max) )",
         "select'XP_','XP_','X'", "xp_\nxp_\nx\n", ""},
        {"select cast('x' as varchar(10))+'y', cast(x as varchar(10)), cast(1 as varchar), "
         "cast('1' as int), cast(0x41 as int)",
         "select'XY',cast(x as varchar(10)),cast(1 as varchar),cast('1'as int),cast(0X41 as int)",
         "xy\n1\n", ""},
        {"select convert(varchar(10),0x78705f), convert(varchar,'x')+'y', "
         "convert(nvarchar(max),0x7800,0), convert(varchar(9),0x41,1), convert(datetime,'2020')",
         "select'XP_','XY','X',convert(varchar(9),0X41,1),convert(datetime,'2020')",
         "xp_\nxy\nx\n2020\n", ""},
        {"select convert(varchar(max), 0x6578)+convert(varchar(max), 0x6563)", "select'EXEC'",
         "exec\n", ""},
        {"select cast(char(65)+char(66) as varchar(9)), cast(concat('a','b') as nchar), "
         "try_cast(0x41 as varchar(1)), try_convert(varchar(5),0x4142)",
         "select'AB','AB','A','AB'", "AB\nab\nA\nAB\n", ""},
        {"select cast(0xe9 as varchar), cast(0x141 as varchar), cast(0xe94241 as nvarchar)",
         "select'\303\251','\001A','\344\213\251'", "\303\251\n\001A\n\344\213\251\n", ""},
        {"select 'a'+('b'), 'a'+('b'+'c')+'d', concat(('a'),'b'), 'a'+('b'+x)",
         "select'AB','ABCD','AB','A'+('B'+x)", "ab\nabcd\nab\na\nb\n", ""},
        {"select ('a'), ('a')+'b', in ('x','y')", "select('A'),('A')+'B',in('X','Y')",
         "a\na\nb\nx\ny\n", ""},
        {"values(('a'),('b')) , ('c')", "values(('A'),('B')),('C')", "a\nb\nc\n", ""},
        {"select lower('A')+'b', upper('a'), stuff('abc',1,1,'')",
         "select lower('A')+'B',upper('A'),stuff('ABC',1,1,'')", "A\nb\na\nabc\n\n", ""},
        {"select [char](65)+'a', dbo.replace('a','b','c')",
         "select char(65)+'A',dbo.replace('A','B','C')", "a\na\nb\nc\n", ""},
        {"select replace, char, concat 'x' from reverse",
         "select replace,char,concat'X'from reverse", "x\n", ""},
        {"select 'a'+cast", "select'A'+cast", "a\n", ""},
        {"select 'a'+char", "select'A'+char", "a\n", ""},
        {"select 'a'+concat(", "select'A'+concat(", "a\n", ""},
        {"select concat('a',", "select concat('A',", "a\n", ""},
        {"select 'a'collate x+'b'", "select'A'collate x+'B'", "a\nb\n", ""},
        {"select 'a'+0x41", "select'A'+0X41", "a\n", ""},
        {"select 1+2, a+b", "select 1+2,a+b", "", ""},
        {"select 'a' + 'b' like 'c' + 'd'", "select'AB'like'CD'", "ab\ncd\n", ""},
        {"select((((((((('a'+'b')))))))))", "select((((((((('AB')))))))))", "ab\n", ""},
        {"select 'a'+(('b'+(('c'))))", "select'ABC'", "abc\n", ""},
        {"select 'a'+((((((((('b')))))))))", "select'A'+((((((((('B')))))))))", "a\nb\n", ""},
    };
    return rows;
}

}  // namespace querytap::sql::test
