"""TLS as TDS 7 carries it (MS-TDS 2.2.6.5, 3.3.5.1): the handshake inside PRELOGIN packets, then bare records.

TDS 8.0 needs nothing of this: there TLS comes before everything else, as on any other socket."""

import os
import ssl
import struct
import subprocess
import tempfile

import wire_read
from tds import framing


VERSIONS = {"1.2": ssl.TLSVersion.TLSv1_2, "1.3": ssl.TLSVersion.TLSv1_3}


def make_context(version="1.2", key_log=None):
    """One TLS version, with a fresh self-signed certificate that bears SQL Server's own fallback name.

    TDS 7 knows no TLS 1.3, but clients that bring a TLS library of their own may agree on it."""
    with tempfile.TemporaryDirectory() as folder:
        key, certificate = os.path.join(folder, "key"), os.path.join(folder, "certificate")
        subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "30",
                        "-subj", "/CN=SSL_Self_Signed_Fallback", "-keyout", key, "-out", certificate],
                       check=True, stderr=subprocess.DEVNULL)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = context.maximum_version = VERSIONS[version]
        context.num_tickets = 0  # clients look for them in PRELOGIN packets, or not at all
        context.set_alpn_protocols(["tds/8.0"])
        if key_log:
            context.keylog_filename = key_log
        context.load_cert_chain(certificate, key)
    return context


class TlsSocket:
    """Looks like a socket: `recv` and `sendall` go through TLS. The handshake is done when it exists."""

    def __init__(self, sock, context):
        self._sock = sock
        self._in, self._out = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._tls = context.wrap_bio(self._in, self._out, server_side=True)
        self._handshake()

    def _handshake(self):
        while True:
            try:
                self._tls.do_handshake()
                self._flush_wrapped()
                return
            except ssl.SSLWantReadError:
                self._flush_wrapped()
                kind, payload = wire_read.receive_message(self._sock)
                if kind != framing.PRELOGIN:
                    raise ValueError("type %d inside the handshake" % kind) from None
                self._in.write(payload)

    def _flush_wrapped(self):
        data = self._out.read()
        if data:
            packets = framing.split(framing.PRELOGIN, data, framing.Tally())
            self._sock.sendall(b"".join(packets))

    def recv(self, size):
        while True:
            try:
                return self._tls.read(size)
            except ssl.SSLWantReadError:
                self._in.write(self._record())

    def _record(self):
        """One whole TLS record and not a byte more: clear TDS may follow it on the same socket."""
        head = wire_read.receive_exactly(self._sock, 5)
        return head + wire_read.receive_exactly(self._sock, struct.unpack_from("!H", head, 3)[0])

    def sendall(self, data):
        self._tls.write(data)
        self._sock.sendall(self._out.read())

    def close(self):
        self._sock.close()
