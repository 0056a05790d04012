"""What known clients look like in PRELOGIN and LOGIN7 (reference: threats, client fingerprints)."""

import struct
from dataclasses import dataclass

from tds import login7, prelogin
from tds.prelogin import ENCRYPT_NOT_SUPPORTED, ENCRYPT_OFF


@dataclass
class Profile:
    """Defaults of a client; a scenario may override user, host, app, database, TDS version, MARS."""
    library: str
    tds: str = "7.4"
    app: str = ""
    packet_size: int = 8000
    program_version: int = 0x06000000
    process: int = 0
    clientid: bytes = b"\0" * 6
    version: bytes = b"\x06\0\0\0\0\0"
    encryption: int = ENCRYPT_NOT_SUPPORTED
    instance: bytes = b"\0"
    options: tuple = ("thread", "mars")
    features: tuple = ()
    headers: bool = True
    same_packet_id: bool = False
    flags1: int = 0xE0
    flags2: int = 0x03
    flags3: int = 0
    language: str = ""
    prelogin: bool = True  # jTDS begins with LOGIN7 unless it wants TLS
    anonymous: bool = False  # host, app and library stay empty


_SQLCLIENT = dict(options=("thread", "mars", "trace", "fedauth"), process=4312,
                  features=("sessionrecovery", "columnencryption", "globaltransactions", "utf8"))

PROFILES = {
    "sqlclient": Profile("Core Microsoft SqlClient Data Provider", version=b"\x05\0\0\0\0\0",
                         app="Core Microsoft SqlClient Data Provider", **_SQLCLIENT),
    "framework": Profile(".Net SqlClient Data Provider", app=".Net SqlClient Data Provider",
                         version=bytes.fromhex("04086c3d0000"), **_SQLCLIENT),
    "odbc": Profile("ODBC", version=bytes.fromhex("11090001a000"), packet_size=4096,
                    program_version=0x11090001, process=2212, features=("utf8",)),
    "sqlserver": Profile("OLEDB", app="Microsoft SQL Server", packet_size=4096,
                         version=bytes.fromhex("0f0007d00000"), process=1984, features=("utf8",)),
    "sqlagent": Profile("ODBC", app="SQLAgent - Job invocation engine", packet_size=4096,
                        version=bytes.fromhex("0f0007d00000"), process=3020),
    "tedious": Profile("Tedious", app="Tedious", packet_size=4096, process=17711,
                       version=bytes.fromhex("000000010000"), options=("thread", "mars", "fedauth"),
                       features=("utf8",), language="us_english"),
    "jtds": Profile("jTDS", tds="7.1", app="jTDS", packet_size=0, headers=False,
                    prelogin=False, program_version=0x07000000, process=123),
    "freetds": Profile("TDS-Library", app="TSQL", packet_size=4096, version=b"\x09\0\0\0\0\0",
                       program_version=0x0683F2F8, instance=b"MSSQLServer\0", process=911, flags3=0x08,
                       encryption=ENCRYPT_OFF, options=("thread", "mars")),
    "pytds": Profile("Python TDS Library", app="pytds", packet_size=4096, version=b"\x01\x08\0\0\0\0",
                     program_version=2049, instance=b"MSSQLServer\0", flags1=0xF0, flags2=0x02,
                     flags3=0x08, process=3801),
    "impacket": Profile("Framework Microsoft SqlClient Data Provider for SQL Server", tds="7.1",
                        app="Framework Microsoft SqlClient Data Provider", packet_size=32763,
                        program_version=0x07000000, clientid=b"\1\2\3\4\5\6", encryption=ENCRYPT_OFF,
                        version=b"\x08\0\x01U\0\0", instance=b"MSSQLServer\0", options=("thread",),
                        headers=False),
    "netexec-probe": Profile("", tds="7.1", packet_size=32763, program_version=0x07000000,
                             clientid=b"\1\2\3\4\5\6", encryption=ENCRYPT_OFF,
                             version=b"\x08\0\x01U\0\0", instance=b"MSSQLServer\0",
                             options=("thread",), headers=False, anonymous=True),
    "metasploit": Profile("", tds="7.1", packet_size=0, program_version=0x07000000,
                          encryption=ENCRYPT_NOT_SUPPORTED, version=b"\x08\0\x01U\0\0",
                          instance=b"MSSQLServer\0", options=("thread",), headers=False,
                          same_packet_id=True),
}


def client_prelogin(profile, mars, rng):
    """The client's PRELOGIN; thread and trace identifiers are seeded noise."""
    options = [(prelogin.VERSION, profile.version), (prelogin.ENCRYPTION, bytes([profile.encryption])),
               (prelogin.INSTANCE, profile.instance)]
    extra = {"thread": (prelogin.THREAD, struct.pack("<L", rng.randrange(256, 65536))),
             "mars": (prelogin.MARS, bytes([1 if mars else 0])),
             "trace": (prelogin.TRACE, rng.randbytes(36)),
             "fedauth": (prelogin.FEDAUTH, b"\1")}
    return prelogin.build(options + [extra[name] for name in profile.options])


def client_login(profile, client, rng):
    """LOGIN7 of `profile` with what the scenario says of the client (a dict of strings)."""
    version = login7.VERSIONS[client.get("tds") or profile.tds]
    login = login7.Login(version=version,
                         packet_size=client.get("packet_size", profile.packet_size),
                         program_version=profile.program_version, process=profile.process,
                         clientid=profile.clientid, library=profile.library, flags1=profile.flags1,
                         flags2=profile.flags2, flags3=profile.flags3,
                         language=profile.language, features=list(profile.features))
    if version < login7.TDS_74:
        login.features = []
    login.host = client.get("host") or "WS-%04X" % rng.getrandbits(16)
    login.app = client.get("app", profile.app)
    login.user = client.get("user", "app")
    login.password = client.get("password") or "Not-A-Secret-1"
    login.server = client.get("server") or "sql01"
    login.database = client.get("database") or ""
    if profile.same_packet_id:  # Metasploit: one random word twice, a small process id
        word = "".join(rng.choice("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")
                       for _ in range(rng.randrange(3, 9)))
        login.app = login.library = word
        login.process = rng.randrange(1, 1025)
    if profile.anonymous:
        login.host = login.app = login.library = ""
    if profile.clientid == b"\0" * 6:
        login.clientid = rng.randbytes(6)
    return login
