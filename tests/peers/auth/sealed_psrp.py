"""An acceptor of Kerberos, NTLM and SPNEGO on pyspnego, in front of the PSRP peer.

Usage: sealed_psrp.py --upstream URL [--idle SECONDS] [--schemes Kerberos,Negotiate] [--cert PEM --key PEM]

It prints `listening on http://localhost:n/PowerShell`, authenticates each connection for itself, unseals what comes,
passes it on to URL with the account of the PSRP peer, seals the answer and sends it back, until its standard input
ends. Over http everything after the log-on has to be sealed; over https it is plain, and the channel binding has to
be that of the certificate. Both spellings of the boundary are understood; answers have Exchange's, with a blank.
A connection is forgotten when the ticket that it was opened with has ended.
GET /stats tells what clients did; POST /close closes every connection that has nothing to do.

The environment names the keytab (KRB5_KTNAME), the realm (KRB5_CONFIG) and NTLM's accounts (NTLM_USER_FILE).
"""

import argparse
import base64
import collections
import hashlib
import http.client
import json
import re
import socket
import ssl
import struct
import sys
import threading
import types
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

# pyspnego asks for it when it is loaded; an acceptor has no use for it.
sys.modules.setdefault("krb5", types.ModuleType("krb5"))

import gssapi
import spnego
from cryptography import x509
from spnego.channel_bindings import GssChannelBindings

# A failed step is an exception here, not a token for the client.
gssapi.SecurityContext.__DEFER_STEP_ERRORS__ = False

SOAP = "application/soap+xml;charset=UTF-8"
UPSTREAM = "Basic " + base64.b64encode(b"CONTOSO\\connector:P@ssw0rd!").decode()
HEAD = re.compile(
    rb"--[ \t]*Encrypted Boundary\r\n[ \t]*Content-Type: ([^\r\n]+)\r\n"
    rb"[ \t]*OriginalContent: type=application/soap\+xml;charset=UTF-8;Length=(\d+)\r\n"
    rb"--[ \t]*Encrypted Boundary\r\n[ \t]*Content-Type: application/octet-stream\r\n"
)
TAIL = re.compile(rb"--[ \t]*Encrypted Boundary--(?:\r\n)?\Z")
MESSAGE_ID = re.compile(rb"MessageID[^>]*>\s*([^<\s]+)")


def binding(certificate):
    """What a client has to bind to: the hash of the certificate, by the algorithm of its signature."""
    der = ssl.PEM_cert_to_DER_cert(open(certificate, encoding="ascii").read())
    algorithm = x509.load_der_x509_certificate(der).signature_hash_algorithm.name
    digest = hashlib.new("sha256" if algorithm in ("md5", "sha1") else algorithm, der).digest()
    return GssChannelBindings(application_data=b"tls-server-end-point:" + digest)


def has_ended(context):
    """Whether the ticket of a log-on has ended; an NTLM log-on has none."""
    while context is not None and not isinstance(context, gssapi.SecurityContext):
        context = getattr(context, "_context", None)
    try:
        return context is not None and context.lifetime <= 0
    except gssapi.exceptions.ExpiredContextError:
        return True


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64

    def __init__(self, options):
        super().__init__(("127.0.0.1", 0), Handler)
        self.options, self.upstream, self.binding = options, urlsplit(options.upstream), None
        self.schemes = options.schemes.split(",")
        self.stats, self.lock, self.seen = collections.Counter(), threading.Lock(), set()
        self.idle = set()
        if options.cert:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(options.cert, options.key)
            self.socket = context.wrap_socket(self.socket, server_side=True, do_handshake_on_connect=False)
            self.binding = binding(options.cert)

    def count(self, what):
        with self.lock:
            self.stats[what] += 1

    def message(self, soap):
        """Notes a message; one that comes a second time would be carried out a second time."""
        found = MESSAGE_ID.search(soap)
        with self.lock:
            self.stats["messages"] += 1
            if found and found[1] in self.seen:
                self.stats["repeated"] += 1
            self.seen.add(found[1] if found else soap)

    def close_idle(self):
        """Ends every connection that waits for a request; a client that asks at that moment may lose it."""
        with self.lock:
            for connection in self.idle:
                connection.shutdown(socket.SHUT_RDWR)
            self.stats["closed idle"] += len(self.idle)
            self.idle.clear()

    def handle_error(self, *_):
        self.count("broken connections")


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1

    def setup(self):
        self.timeout = self.server.options.idle
        super().setup()
        self.context, self.scheme, self.back = None, None, None
        self.server.count("connections")

    def handle_one_request(self):
        with self.server.lock:
            self.server.idle.add(self.connection)
        super().handle_one_request()

    def parse_request(self):
        with self.server.lock:
            self.server.idle.discard(self.connection)
        return super().parse_request()

    def finish(self):
        with self.server.lock:
            self.server.idle.discard(self.connection)
        super().finish()
        if self.back:
            self.back.close()

    def log_message(self, *_):
        pass

    def log_error(self, text, *_):
        if text.startswith("Request timed out"):
            self.server.count("closed idle")

    def reply(self, status, body=b"", content_type=SOAP, headers=()):
        self.server.count(str(status))
        self.send_response(status)
        for name, value in headers:
            self.send_header(name, value)
        if body:
            self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def refuse(self, headers=()):
        self.context = None
        offers = [("WWW-Authenticate", scheme) for scheme in self.server.schemes]
        self.reply(401, headers=[*offers, *headers])

    def do_GET(self):
        with self.server.lock:
            stats = dict(self.server.stats)
        self.reply(200, json.dumps(stats).encode(), "application/json")

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if self.path == "/close":
            self.server.close_idle()
            return self.reply(200)
        headers = []
        if self.context and self.context.complete and has_ended(self.context):
            self.server.count("ticket ended")
            self.context = None
        try:
            if token := self.headers.get("Authorization"):
                headers = self.log_on(token)
            if self.context is None:
                self.server.count("without log-on")
                return self.refuse()
            if not self.context.complete:
                return self.reply(401, headers=headers)
        except (spnego.exceptions.SpnegoError, gssapi.exceptions.GSSError, ValueError, KeyError) as error:
            self.server.count("refused")
            return self.refuse([("X-Refused", re.sub(r"[^ -~]+", " ", str(error))[:300])])
        headers.append(("X-Remote-User", str(self.context.client_principal)))
        if not body:
            return self.reply(200, headers=headers)
        if self.server.options.cert:
            status, answer, more = self.pass_on(body)
            return self.reply(status, answer, headers=headers + more)
        return self.sealed(body, headers)

    def log_on(self, authorization):
        """One leg of the log-on of this connection; gives the headers of the answer."""
        scheme, _, token = authorization.partition(" ")
        token = base64.b64decode(token)
        if self.context is None or self.context.complete:
            protocol = {"negotiate": "negotiate", "kerberos": "kerberos"}[scheme.casefold()]
            if token.startswith(b"NTLMSSP\0"):
                protocol = "ntlm"
            self.scheme = scheme
            self.context = spnego.server(
                protocol=protocol, service="HTTP", hostname="localhost", channel_bindings=self.server.binding
            )
        answer = self.context.step(token)
        if self.context.complete:
            self.server.count(self.context.negotiated_protocol)
        return [("WWW-Authenticate", f"{scheme} {base64.b64encode(answer).decode()}")] if answer else []

    def protocol(self):
        name = "Kerberos" if self.scheme.casefold() == "kerberos" else "SPNEGO"
        return f"application/HTTP-{name}-session-encrypted"

    def sealed(self, body, headers):
        head, tail = HEAD.match(body), TAIL.search(body)
        if not head or not tail or not self.headers.get("Content-Type", "").startswith("multipart/encrypted"):
            self.server.count("not sealed")
            return self.reply(500)
        if head[1].decode() != self.protocol():
            return self.reply(415)
        payload = body[head.end():tail.start()]
        (length,) = struct.unpack("<I", payload[:4])
        try:
            plain = self.context.unwrap_winrm(payload[4:4 + length], payload[4 + length:])
        except (spnego.exceptions.SpnegoError, gssapi.exceptions.GSSError):
            self.server.count("not unsealed")
            return self.refuse()
        if len(plain) != int(head[2]):
            self.server.count("wrong length")
        self.server.count("sealed")
        status, answer, more = self.pass_on(plain)
        self.reply(status, self.seal(answer), f'multipart/encrypted;protocol="{self.protocol()}";'
                   'boundary="Encrypted Boundary"', headers + more)

    def seal(self, plain):
        wrapped = self.context.wrap_winrm(plain)
        boundary = b"-- Encrypted Boundary"
        head = [
            boundary,
            b"\tContent-Type: " + self.protocol().encode(),
            b"\tOriginalContent: type=%s;Length=%d" % (SOAP.encode(), len(plain) + wrapped.padding_length),
            boundary,
            b"\tContent-Type: application/octet-stream",
            struct.pack("<I", len(wrapped.header)) + wrapped.header + wrapped.data + boundary + b"--",
            b"",
        ]
        return b"\r\n".join(head)

    def pass_on(self, soap):
        """Gives status, body and cookies of the PSRP peer's answer."""
        self.server.message(soap)
        headers = {"Content-Type": SOAP, "Authorization": UPSTREAM}
        if cookies := self.headers.get("Cookie"):
            headers["Cookie"] = cookies
        if self.back is None:
            self.back = http.client.HTTPConnection(self.server.upstream.netloc, timeout=120)
        self.back.request("POST", self.path, soap, headers)
        answer = self.back.getresponse()
        cookies = [("Set-Cookie", cookie) for cookie in answer.headers.get_all("Set-Cookie") or []]
        return answer.status, answer.read(), cookies


def main():
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--upstream", required=True, help="the address of the PSRP peer")
    arguments.add_argument("--idle", type=float, help="close a connection that was idle for so many seconds")
    arguments.add_argument("--schemes", default="Negotiate,Kerberos", help="what a 401 offers")
    arguments.add_argument("--cert", help="the certificate for https")
    arguments.add_argument("--key", help="its key")
    options = arguments.parse_args()
    server = Server(options)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    scheme = "https" if options.cert else "http"
    print(f"listening on {scheme}://localhost:{server.server_address[1]}/PowerShell", flush=True)
    sys.stdin.buffer.read()
    server.shutdown()


main()
