# The document's receiver for Python and Flask, rebuilt on http.server: its if chain and its handlers, which read payload['content']['text']
# of every message. handle_session_connected and handle_message_sent, which the document calls and does not show, print.
# With WEBHOOK_SECRET it verifies X-ZapHub-Signature over the body as it came, which the document does not have yet.
# It prints a line of JSON when it listens, and one a request: the status, the event, and what the document's program would have printed.
import hashlib
import hmac
import json
import os
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

SECRET = os.environ.get("WEBHOOK_SECRET", "")


def handle_incoming_message(session_id, payload):
    return f"New message from {payload['from']}: {payload['content']['text']}"


def handle_session_connected(session_id, payload):
    return f"Connected: {session_id} at {payload['connected_at']}"


def handle_message_sent(session_id, payload):
    return f"Sent: {payload['wa_message_id']}"


def webhook(data):
    event = data.get("event")
    session_id = data.get("sessionId")
    payload = data.get("payload")
    printed = [f"[Webhook] Received: {event} from {session_id}"]
    if event == "message.received":
        printed.append(handle_incoming_message(session_id, payload))
    elif event == "session.connected":
        printed.append(handle_session_connected(session_id, payload))
    elif event == "message.sent":
        printed.append(handle_message_sent(session_id, payload))
    return {"received": True}, 200, printed


def verified(body: bytes, signature: str) -> bool:
    expected = hmac.new(SECRET.encode(), body, hashlib.sha256).hexdigest()
    return hmac.compare_digest(f"sha256={expected}", signature)


class Receiver(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    # One packet an answer: two of them wait for each other for 40 ms.
    wbufsize = 65536

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        event, printed = None, []
        if SECRET and not verified(body, self.headers.get("X-ZapHub-Signature", "")):
            answer, status = {"error": "bad signature"}, 401
        elif self.headers.get_content_type() != "application/json":
            answer, status = {"error": "Flask reads JSON only"}, 415
        else:
            try:
                data = json.loads(body)
                event = data.get("event")
                answer, status, printed = webhook(data)
            except Exception as error:  # What Flask does with an exception of a handler.
                answer, status = {"error": repr(error)}, 500
        content = json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)
        line = {"status": status, "event": event, "answer": answer, "printed": printed}
        print(json.dumps(line), flush=True)

    def log_message(self, *args) -> None:
        pass


server = ThreadingHTTPServer(("127.0.0.1", 0), Receiver)
print(json.dumps({"port": server.server_address[1]}), flush=True)
server.serve_forever()
