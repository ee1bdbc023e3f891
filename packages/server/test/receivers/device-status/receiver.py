# A program on the receiving side of the device-status dialect. validate_webhook is the document's; the payload is the body as it came,
# decoded and not parsed, since JSON that is written again has other bytes.
# WEBHOOK_SECRET is its setting. It prints a line of JSON when it listens, and one a request.
import hashlib
import hmac
import json
import os
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

SECRET = os.environ.get("WEBHOOK_SECRET", "")


def validate_webhook(payload, signature, secret):
    expected_signature = hmac.new(
        secret.encode("utf-8"),
        payload.encode("utf-8"),
        hashlib.sha256,
    ).hexdigest()
    return hmac.compare_digest(signature, expected_signature)


class Receiver(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        payload = self.rfile.read(int(self.headers["Content-Length"])).decode("utf-8")
        signature = self.headers.get("X-Webhook-Signature", "")
        status, event = 401, None
        if validate_webhook(payload, signature, SECRET):
            status, event = 200, json.loads(payload)["event"]["type"]
        self.send_response(status)
        self.send_header("Content-Length", "0")
        self.end_headers()
        print(json.dumps({"status": status, "event": event}), flush=True)

    def log_message(self, *args) -> None:
        pass


server = ThreadingHTTPServer(("127.0.0.1", 0), Receiver)
print(json.dumps({"port": server.server_address[1]}), flush=True)
server.serve_forever()
