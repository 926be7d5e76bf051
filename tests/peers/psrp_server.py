#!/usr/bin/env python3
"""A PowerShell endpoint on psrpcore's server machines, with a thin WS-Management face of its own.

It prints `listening on http://127.0.0.1:n/powershell` and serves that address for the account CONTOSO\\connector with the password
P@ssw0rd! until its standard input ends. GET /stats tells what clients did; POST /lose ends every shell without a
word, POST /fail answers the next request with HTTP 503. Every breach of the rules that a client must keep is
counted under `violations`.
"""

import argparse
import base64
import collections
import json
import sys
import threading
import time
import uuid
import xml.etree.ElementTree as ElementTree
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from xml.sax.saxutils import escape, quoteattr

from psrpcore import PSRPPayload, ServerPipeline, ServerRunspacePool, StreamType
from psrpcore._payload import PSRPMessage, create_message
from psrpcore.types import ErrorCategory, ErrorRecord, PSInvocationState, PSRPMessageType, serialize

import psrp_cmdlets as cmdlets

S = "{http://www.w3.org/2003/05/soap-envelope}"
A = "{http://schemas.xmlsoap.org/ws/2004/08/addressing}"
W = "{http://schemas.dmtf.org/wbem/wsman/1/wsman.xsd}"
P = "{http://schemas.microsoft.com/wbem/wsman/1/wsman.xsd}"
R = "{http://schemas.microsoft.com/wbem/wsman/1/windows/shell}"
X = "{http://schemas.microsoft.com/powershell}"
SHELL = "http://schemas.microsoft.com/wbem/wsman/1/windows/shell"
TRANSFER = "http://schemas.xmlsoap.org/ws/2004/09/transfer"
RESOURCE = "http://schemas.microsoft.com/powershell/Microsoft.Exchange"
ACCOUNT = base64.b64encode(b"CONTOSO\\connector:P@ssw0rd!").decode()
FRAGMENT = 32 * 1024
WAITING = 16


class Fault(Exception):
    def __init__(self, subcode, code, text):
        super().__init__(text)
        self.subcode, self.code = subcode, code


def not_found(what):
    return Fault("w:InvalidSelectors", 2150858843, f"[Server=EX1,RequestId={uuid.uuid4()},TimeStamp=11/23/2026 22:00:00] "
                 f"[FailureCategory=WSMan-InvalidShellID] The request for the {what} failed because it was not found.")


class Stopped(Exception):
    """The client has stopped the pipeline."""


def prepare(value):
    """What psrpcore makes of an object."""
    return ElementTree.tostring(serialize(value, cipher=None), encoding="utf-8", method="xml")


class Output:
    """What one pipeline, or the pool, has to say, in base64-ready pieces."""

    def __init__(self):
        self.pieces = collections.deque()
        self.done = False
        self.receiving = False


class Run(threading.Thread):
    """One pipeline and the thread that runs it."""

    def __init__(self, shell, command_id):
        super().__init__(daemon=True)
        self.shell, self.command_id = shell, command_id
        self.organization = shell.server.organization
        self.pipeline = ServerPipeline(shell.pool, uuid.UUID(command_id))
        self.out = Output()
        self.stop_wanted = threading.Event()

    def begin(self):
        """Takes the command once all its fragments are there."""
        command = self.pipeline.metadata.commands[0]
        self.name, self.script = command.command_text, command.is_script
        self.parameters = {(name or f"#{n}").strip("-:"): value for n, (name, value) in enumerate(command.parameters)}
        self.start()

    def parameter(self, name, default=None):
        found = (value for key, value in self.parameters.items() if key.casefold() == name.casefold())
        return next(found, default)

    def run(self):
        with self.shell.runspaces:
            with self.shell.changed:
                self.pipeline.start()
            try:
                cmdlet = next((c for n, c in cmdlets.CMDLETS.items() if n.casefold() == self.name.casefold()), None)
                if cmdlet is None or self.script:
                    raise cmdlets.Failed(f"The term '{self.name}' is not recognized as the name of a cmdlet.",
                                         "CommandNotFoundException", "CommandNotFoundException", ErrorCategory.ObjectNotFound)
                cmdlet(self)
                self.end(self.pipeline.complete)
            except Stopped:
                self.end(self.pipeline.stop)
            except cmdlets.Failed as failed:
                self.end(lambda: self.fail(failed))

    def end(self, change):
        with self.shell.changed:
            change()
            self.out.done = True
            self.shell.collect()

    def fail(self, failed):
        record = ErrorRecord(
            Exception=cmdlets.exception(str(failed), failed.reason),
            CategoryInfo=cmdlets.category(failed.category, self.name, failed.reason, self.name),
            FullyQualifiedErrorId=failed.error_id,
        )
        self.pipeline._change_state(PSInvocationState.Failed, error=record)

    def output(self, value):
        with self.shell.changed:
            self.pipeline.write_output(value)
        self.flush()

    def output_prepared(self, messages):
        """Writes objects that were serialised before, as many at a time as fill a fragment."""
        pool, pipeline_id, kind = self.shell.pool, self.pipeline.pipeline_id, PSRPMessageType.PipelineOutput
        waiting = 0
        for message in messages:
            data = bytearray(create_message(False, kind, message, pool.runspace_pool_id, pipeline_id))
            with self.shell.changed:
                pool._send_buffer.append(
                    PSRPMessage(kind, data, pool.runspace_pool_id, pipeline_id, pool._fragment_counter, StreamType.default)
                )
            waiting += len(data)
            if waiting > FRAGMENT:
                waiting = 0
                self.flush()
        self.flush()

    def warn(self, text):
        with self.shell.changed:
            self.pipeline.write_warning(text)
        self.flush()

    def error(self, message, reason, error_id, kind, target):
        with self.shell.changed:
            self.pipeline.write_error(cmdlets.exception(message, reason), cmdlets.category(kind, self.name, reason, target),
                                      target_object=target, fully_qualified_error_id=error_id)
        self.flush()

    def flush(self):
        """Waits while the client is behind, as a server does."""
        with self.shell.changed:
            self.shell.collect()
            self.shell.server.stats["written"] += 1
            while len(self.out.pieces) >= WAITING and not self.stop_wanted.is_set():
                self.shell.changed.wait(1)
        self.pause(0)

    def pause(self, seconds):
        if self.stop_wanted.wait(seconds):
            raise Stopped


class Shell:
    def __init__(self, server, shell_id, resource_uri, creation):
        self.server, self.id, self.resource_uri = server, shell_id, resource_uri
        self.cookie = f"MS-WSMAN=S-1-5-21-1={uuid.uuid4().hex}"
        self.prepared = False
        self.changed = threading.Condition()
        self.pool, self.pool_out, self.runs = ServerRunspacePool(), Output(), {}
        self.take(creation, None)
        self.runspaces = threading.Semaphore(self.pool.max_runspaces)

    def take(self, data, command_id):
        with self.changed:
            self.pool.receive_data(PSRPPayload(data, StreamType.default, uuid.UUID(command_id) if command_id else None))
            while self.pool.next_event() is not None:
                pass
            self.collect()

    def collect(self):
        """Moves what psrpcore has to send to the queues; the lock is held."""
        while (payload := self.pool.data_to_send(FRAGMENT)) is not None:
            run = self.runs.get(str(payload.pipeline_id).upper()) if payload.pipeline_id else None
            (run.out if run else self.pool_out).pieces.append(payload.data)
        self.changed.notify_all()

    def receive(self, command_id, timeout):
        with self.changed:
            run = self.runs.get(command_id) if command_id else None
            if command_id and run is None:
                raise not_found(f"command {command_id}")
            out = run.out if run else self.pool_out
            if out.receiving:
                self.server.violation("two Receives at once for one target")
            out.receiving = True
            try:
                self.changed.wait_for(lambda: out.pieces or out.done or self.id not in self.server.shells, timeout)
            finally:
                out.receiving = False
            if self.id not in self.server.shells:
                raise not_found(f"Windows Remote Shell with ShellId {self.id}")
            if not out.pieces and not out.done:
                raise Fault("w:TimedOut", 2150858793, "The WS-Management service cannot complete the operation within the "
                            "time specified in OperationTimeout.  ")
            pieces = [out.pieces.popleft() for _ in range(min(4, len(out.pieces)))]
            self.changed.notify_all()
            return pieces, out.done and not out.pieces

    def end(self):
        with self.changed:
            for run in self.runs.values():
                run.stop_wanted.set()
            self.changed.notify_all()


class Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, port, devices, suffix, prewarm):
        super().__init__(("127.0.0.1", port), Handler)
        self.organization = cmdlets.Organization(devices)
        self.prepared = [prepare(user.device()) for user in self.organization.users] if prewarm else []
        self.shells, self.lock = {}, threading.Lock()
        self.stats, self.suffix = collections.Counter(), suffix
        self.violations, self.failing = [], 0

    def violation(self, text):
        self.violations.append(text)

    def lose_shells(self):
        lost, self.shells = list(self.shells.values()), {}
        for shell in lost:
            shell.end()

    def answer(self, request, cookies):
        """Gives the response's action, body and further headers."""
        header, body = request.find(f"{S}Header"), request.find(f"{S}Body")
        action = header.findtext(f"{A}Action").strip()
        operation = action.rsplit("/", 1)[-1]
        self.stats[operation] += 1
        for field in (f"{P}SessionId", f"{W}OperationTimeout", f"{W}MaxEnvelopeSize", f"{W}Locale"):
            if header.find(field) is None:
                self.violation(f"{operation} without {field}")
        resource = header.findtext(f"{W}ResourceURI")
        if operation == "Create":
            return self.create(action, resource, body)
        selector = header.find(f"{W}SelectorSet/{W}Selector[@Name='ShellId']")
        shell = self.shells.get((selector.text if selector is not None else "").upper())
        if shell is None or shell.cookie not in cookies:
            raise not_found("Windows Remote Shell")
        if resource != shell.resource_uri:
            raise Fault("w:InvalidResourceURI", 2150858811, "The resource URI was not found in the WS-Management catalog.")
        timeout = float(header.findtext(f"{W}OperationTimeout").strip().removeprefix("PT").removesuffix("S"))
        return action + "Response", getattr(self, operation.lower())(shell, body, timeout), {}

    def create(self, action, resource, body):
        if resource != RESOURCE:
            raise Fault("w:InvalidResourceURI", 2150858811, "The resource URI was not found in the WS-Management catalog.")
        element = body.find(f"{R}Shell")
        shell_id = str(uuid.uuid4()).upper()
        shell = Shell(self, shell_id, resource + self.suffix, base64.b64decode(element.findtext(f"{X}creationXml")))
        with self.lock:
            self.shells[shell_id] = shell
            self.stats["most_shells"] = max(self.stats["most_shells"], len(self.shells))
        made = (f"<x:ResourceCreated><a:Address>http://127.0.0.1/powershell</a:Address><a:ReferenceParameters>"
                f"<w:ResourceURI>{shell.resource_uri}</w:ResourceURI><w:SelectorSet><w:Selector Name=\"ShellId\">{shell_id}"
                f"</w:Selector></w:SelectorSet></a:ReferenceParameters></x:ResourceCreated><rsp:Shell><rsp:ShellId>{shell_id}"
                f"</rsp:ShellId><rsp:IdleTimeOut>PT900.000S</rsp:IdleTimeOut></rsp:Shell>")
        return action + "Response", made, {"Set-Cookie": f"{shell.cookie}; path=/PowerShell; HttpOnly"}

    def command(self, shell, body, _timeout):
        line = body.find(f"{R}CommandLine")
        command_id = line.get("CommandId").upper()
        run = shell.runs[command_id] = Run(shell, command_id)
        shell.take(base64.b64decode(line.findtext(f"{R}Arguments")), command_id)
        if run.pipeline.metadata is not None:
            run.begin()
        return f"<rsp:CommandResponse><rsp:CommandId>{command_id}</rsp:CommandId></rsp:CommandResponse>"

    def send(self, shell, body, _timeout):
        for stream in body.iter(f"{R}Stream"):
            run = shell.runs.get(stream.get("CommandId", "").upper())
            if run is None:
                raise not_found("command")
            shell.take(base64.b64decode(stream.text), run.command_id)
            if run.pipeline.metadata is not None and not run.is_alive() and not run.out.done:
                run.begin()
        return "<rsp:SendResponse/>"

    def receive(self, shell, body, timeout):
        command_id = body.find(f"{R}Receive/{R}DesiredStream").get("CommandId", "").upper()
        pieces, done = shell.receive(command_id, timeout)
        attribute = f" CommandId={quoteattr(command_id)}" if command_id else ""
        streams = "".join(f"<rsp:Stream Name=\"stdout\"{attribute}>{base64.b64encode(piece).decode()}</rsp:Stream>" for piece in pieces)
        state = f"<rsp:CommandState{attribute} State=\"{SHELL}/CommandState/Done\"><rsp:ExitCode>0</rsp:ExitCode></rsp:CommandState>"
        return f"<rsp:ReceiveResponse>{streams}{state if done else ''}</rsp:ReceiveResponse>"

    def signal(self, shell, body, _timeout):
        signal = body.find(f"{R}Signal")
        run = shell.runs.get(signal.get("CommandId").upper())
        if run is None:
            raise not_found("command")
        code = signal.findtext(f"{R}Code").strip()
        self.stats["stops" if code == "powershell/signal/ctrl_c" else "terminates"] += 1
        run.stop_wanted.set()
        with shell.changed:
            shell.changed.notify_all()
            if code.casefold().endswith("terminate"):
                del shell.runs[run.command_id]
        return "<rsp:SignalResponse/>"

    def delete(self, shell, _body, _timeout):
        with self.lock:
            del self.shells[shell.id]
        shell.end()
        return ""


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    # Head and body leave together, at once.
    disable_nagle_algorithm = True
    wbufsize = -1

    def log_message(self, *_):
        pass

    def reply(self, status, body, content_type="application/soap+xml;charset=UTF-8", headers=()):
        body = body.encode()
        self.send_response(status)
        for name, value in dict(headers).items():
            self.send_header(name, value)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self):
        server = self.server
        stats = dict(server.stats, open=len(server.shells), violations=server.violations)
        self.reply(200, json.dumps(stats), "application/json")

    def do_POST(self):
        body, server = self.rfile.read(int(self.headers.get("Content-Length", 0))), self.server
        if self.path == "/lose":
            server.lose_shells()
            return self.reply(200, "", "text/plain")
        if self.path == "/fail":
            server.failing += 1
            return self.reply(200, "", "text/plain")
        if self.path.partition("?")[0].casefold().rstrip("/") != "/powershell":
            return self.reply(404, "<!DOCTYPE html><html><body>Not found</body></html>", "text/html")
        if self.headers.get("Authorization") != f"Basic {ACCOUNT}":
            server.stats["unauthorized"] += 1
            return self.reply(401, "", "text/plain", {"WWW-Authenticate": "Basic realm=\"ex1\""})
        if server.failing:
            server.failing -= 1
            return self.reply(503, "Service Unavailable", "text/plain")
        if not body:
            # How a client logs on before it says anything.
            return self.reply(200, "")
        if len(body) > 153600:
            server.violation(f"a body of {len(body)} bytes")
        request = ElementTree.fromstring(body)
        message_id = request.findtext(f"{S}Header/{A}MessageID")
        try:
            action, answer, headers = server.answer(request, self.headers.get("Cookie", ""))
            status = 200
        except Fault as fault:
            action, headers, status = "http://schemas.dmtf.org/wbem/wsman/1/wsman/fault", {}, 500
            answer = (f"<s:Fault><s:Code><s:Value>s:Receiver</s:Value><s:Subcode><s:Value>{fault.subcode}</s:Value></s:Subcode>"
                      f"</s:Code><s:Reason><s:Text xml:lang=\"en-US\">{escape(str(fault))}</s:Text></s:Reason><s:Detail>"
                      f"<f:WSManFault xmlns:f=\"http://schemas.microsoft.com/wbem/wsman/1/wsmanfault\" Code=\"{fault.code}\" "
                      f"Machine=\"EX1\"><f:Message>{escape(str(fault))}</f:Message></f:WSManFault></s:Detail></s:Fault>")
        self.reply(status, (f"<s:Envelope xmlns:s=\"{S[1:-1]}\" xmlns:a=\"{A[1:-1]}\" xmlns:w=\"{W[1:-1]}\" xmlns:x=\"{TRANSFER}\" "
                            f"xmlns:rsp=\"{SHELL}\"><s:Header><a:Action>{action}</a:Action><a:MessageID>uuid:{uuid.uuid4()}"
                            f"</a:MessageID><a:RelatesTo>{message_id}</a:RelatesTo></s:Header><s:Body>{answer}</s:Body></s:Envelope>"),
                   headers=headers)


def main():
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--port", type=int, default=0)
    arguments.add_argument("--devices", type=int, default=50)
    arguments.add_argument("--suffix", default="", help="what the shell's resource URI has more than the one asked for")
    arguments.add_argument("--prewarm", action="store_true", help="serialises the devices once, before it listens")
    options = arguments.parse_args()
    server = Server(options.port, options.devices, options.suffix, options.prewarm)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    print(f"listening on http://127.0.0.1:{server.server_address[1]}/powershell", flush=True)
    # The end of the standard input is the sign that whoever started this is gone.
    while sys.stdin.buffer.read(4096):
        time.sleep(0)
    server.shutdown()


if __name__ == "__main__":
    main()
