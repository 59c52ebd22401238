"""The page on which people judge records: a small server for this machine alone.

==================  =============================================================
``GET /``           the page
``GET /state``      what was answered so far, and the result
``GET /sample/N``   record N of the sample as HTML, and what was answered
``GET /picture/N``  its picture
``POST /judge``     ``{"number": N, "answer": "right"}``: is on the disk when the reply comes
==================  =============================================================

It listens on 127.0.0.1, answers only requests that name that host (a web page elsewhere that points its own name here gets
nothing), and takes judgements only as JSON, which pages of other origins may not send.
"""

from __future__ import annotations

import json
import logging
import re
import sys
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from twist_scout import __version__
from twist_scout.errors import BadImage, BadInput
from twist_scout.pages.pictures import PictureReader
from twist_scout.scout.audit import ANSWERS, Audit
from twist_scout.scout.pages.rendering import render, render_sample
from twist_scout.scout.pages.samples import sample_of

HOST = "127.0.0.1"
_LONGEST = 4096
_SAMPLE = re.compile(r"/(sample|picture)/(\d{1,9})")
_log = logging.getLogger(__name__)


class AuditServer(ThreadingHTTPServer):
    """Serves one audit until it is shut down.

    Args:
        audit: what is judged.
        port: to listen on; 0 takes any that is free.
        side: longest side of the pictures in pixels.

    Raises:
        BadInput: the port is taken.
    """

    daemon_threads = True

    def __init__(self, audit: Audit, *, port: int = 0, side: int = 1200) -> None:
        self.audit = audit
        self.pictures = PictureReader(audit.file.parent, side)
        try:
            super().__init__((HOST, port), _Handler)
        except OSError as error:
            reason = error.strerror or str(error)
            raise BadInput(
                f"Port {port} cannot be used ({reason}): give another, or none for any that is free."
            ) from error

    @property
    def url(self) -> str:
        """Where the page is."""
        return f"http://{HOST}:{self.server_port}/"

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A browser that left in the middle of something is no news."""
        if not isinstance(sys.exception(), (ConnectionError, TimeoutError)):
            super().handle_error(request, client_address)

    def state(self) -> dict[str, Any]:
        """What was answered so far, and the result."""
        return {"answers": self.audit.answers, "result": self.audit.result().to_dict()}


class _Handler(BaseHTTPRequestHandler):
    server: AuditServer
    protocol_version = "HTTP/1.1"
    server_version = "twist-scout"
    sys_version = ""
    timeout = 60

    def do_GET(self) -> None:
        """Answer a request for something."""
        if not self._from_here():
            return
        path = self.path.partition("?")[0]
        if path == "/":
            self._send(self._page().encode(), "text/html; charset=utf-8")
        elif path == "/state":
            self._json(self.server.state())
        elif found := _SAMPLE.fullmatch(path):
            self._sample(found[1], int(found[2]))
        else:
            self._refuse(HTTPStatus.NOT_FOUND, "there is nothing of that name")

    def do_POST(self) -> None:
        """Take a judgement."""
        length = self.headers.get("Content-Length", "")
        if not length.isdecimal() or int(length) > _LONGEST:
            self.close_connection = True  # what was sent is not read, so nothing may follow it
            self._refuse(HTTPStatus.BAD_REQUEST, "a judgement is a short JSON text")
            return
        body = self.rfile.read(int(length))
        if not self._from_here():
            return
        if self.path != "/judge":
            self._refuse(HTTPStatus.NOT_FOUND, "there is nothing of that name")
        elif self.headers.get_content_type() != "application/json":
            self._refuse(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "a judgement is sent as application/json")
        else:
            self._judge(body)

    def _judge(self, body: bytes) -> None:
        try:
            sent = json.loads(body)
            number, answer = sent["number"], sent["answer"]
            if type(number) is not int or answer not in ANSWERS:
                raise ValueError(f"an answer is one of {', '.join(ANSWERS)}")
            self.server.audit.judge(number, answer)
        except (ValueError, KeyError, TypeError, IndexError, RecursionError) as error:
            self._refuse(HTTPStatus.BAD_REQUEST, str(error))
        except OSError as error:
            where = error.filename or self.server.audit.log
            self._refuse(HTTPStatus.INTERNAL_SERVER_ERROR, f"{where} cannot be written: {error.strerror or error}")
        else:
            self._json(self.server.state())

    def _sample(self, what: str, number: int) -> None:
        audit = self.server.audit
        if number >= len(audit.records):
            self._refuse(HTTPStatus.NOT_FOUND, f"there is no record {number}")
            return
        record = audit.records[number]
        try:
            content, kind = self.server.pictures.content(record.image)
            url, problem = f"/picture/{number}", ""
        except BadImage as error:
            url, problem, content, kind = "", str(error), b"", ""
        if what == "sample":
            html = render_sample(sample_of(record, url or None, problem), url)
            self._json({"number": number, "html": html, "answer": audit.answers[number]})
        elif content:
            self._send(content, kind)
        else:
            self._refuse(HTTPStatus.NOT_FOUND, problem)

    def _page(self) -> str:
        audit = self.server.audit
        return render(
            "audit",
            title=audit.file.parent.resolve().name or audit.file.name,
            file=audit.file.name,
            records=len(audit.records),
            version=__version__,
            served=True,
        )

    def _from_here(self) -> bool:
        """Whether the request names this host; others are refused."""
        port = self.server.server_port
        allowed = {f"{name}:{port}" for name in (HOST, "localhost")}
        origin = self.headers.get("Origin")
        if self.headers.get("Host") in allowed and (origin is None or origin.removeprefix("http://") in allowed):
            return True
        self._refuse(HTTPStatus.FORBIDDEN, "this page is for this machine alone")
        return False

    def _json(self, value: Any, status: HTTPStatus = HTTPStatus.OK) -> None:
        self._send(json.dumps(value).encode(), "application/json", status)

    def _refuse(self, status: HTTPStatus, problem: str) -> None:
        self._json({"problem": problem}, status)

    def _send(self, content: bytes, kind: str, status: HTTPStatus = HTTPStatus.OK) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(content)))
        self.send_header("Cache-Control", "no-store")
        self.send_header("X-Content-Type-Options", "nosniff")
        self.send_header("X-Frame-Options", "DENY")
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: Any) -> None:
        """To the log of the package, not to the terminal."""
        _log.debug(format, *args)
