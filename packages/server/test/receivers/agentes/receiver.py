# A program on the receiving side of the agentes dialect. verify_webhook_signature is the document's; the payload is the body as it came,
# decoded and not parsed, since JSON that is written again has other bytes.
# WEBHOOK_SECRET is its setting. It prints a line of JSON when it listens, and one a request.
import hashlib
import hmac
import json
import os
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

SECRET = os.environ.get("WEBHOOK_SECRET", "")


def verify_webhook_signature(payload: str, timestamp: str, signature: str, secret: str) -> bool:
    message = f"{timestamp}.{payload}".encode()
    expected = hmac.new(secret.encode(), message, hashlib.sha256).hexdigest()
    return hmac.compare_digest(f"sha256={expected}", signature)


class Receiver(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        payload = self.rfile.read(int(self.headers["Content-Length"])).decode()
        timestamp = self.headers.get("X-Webhook-Timestamp", "")
        signature = self.headers.get("X-Webhook-Signature", "")
        status, event = 401, None
        if verify_webhook_signature(payload, timestamp, signature, SECRET):
            status, event = 200, json.loads(payload)["event_type"]
        self.send_response(status)
        self.send_header("Content-Length", "0")
        self.end_headers()
        line = {"status": status, "event": event, "agent": self.headers.get("User-Agent", "")}
        print(json.dumps(line), flush=True)

    def log_message(self, *args) -> None:
        pass


server = ThreadingHTTPServer(("127.0.0.1", 0), Receiver)
print(json.dumps({"port": server.server_address[1]}), flush=True)
server.serve_forever()
