"""The public judges of redacting proxies: `pii-leak-benchmark` and `chunk-invariance`."""

import http.client
import json
import re
import subprocess
import sys
import threading
import unittest
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from chunk_invariance import assert_chunk_invariant

from stage import Blotter, address_of_nobody

CONFIG = """\
listen = "127.0.0.1:0"

[[route]]
name = "openai"
upstream = "http://{provider}"
answers = "redact"
"""

OWN = "ann.fox@example.org"
STRANGERS = "5555 5555 5555 4444"


class Judges(unittest.TestCase):
    def test_no_value_of_the_leak_benchmark_leaves_and_all_come_back(self):
        capture = address_of_nobody()
        blotter = self.blotter(capture)
        judge = Path(sys.executable).with_name("pii-leak-benchmark")
        target = ["--target-base-url", f"http://{blotter.address}/openai/v1", "--capture-port", capture.split(":")[1]]
        done = subprocess.run([judge, "selfcheck", *target], capture_output=True, text=True, timeout=120, cwd=blotter.folder)
        self.assertEqual(done.returncode, 0, done.stdout)
        self.assertIn("\n  CLEAN\n", done.stdout)

    def test_an_answer_is_the_same_however_it_is_cut(self):
        model = Model()
        self.addCleanup(model.stop)
        bot = Bot(self.blotter(model.address), model)
        bot.hear_whole("")
        placeholder = re.search(r"\[EMAIL_\w+\]", model.asked)[0]
        text = f"I wrote to {placeholder} about {STRANGERS}, thanks."
        whole = bot.hear_whole(text)
        self.assertIn(OWN, whole)
        self.assertNotIn(STRANGERS, whole)
        assert_chunk_invariant(bot.hear, bot.hear_whole, text)
        assert_chunk_invariant(bot.hear, bot.hear_whole, f"{placeholder} 536-90-4399", splits=3)

    def blotter(self, provider):
        blotter = Blotter(provider, CONFIG)
        self.addCleanup(blotter.stop)
        return blotter


class Bot:
    """A caller that tells Blotter its address, and hears what the model says in pieces or whole."""

    def __init__(self, blotter, model):
        self.connection, self.model = http.client.HTTPConnection(blotter.address, timeout=30), model

    def hear(self, pieces):
        for line in self.ask(list(pieces), stream=True).splitlines():
            if line.startswith("data: {"):
                yield json.loads(line[6:])["choices"][0]["delta"]["content"]

    def hear_whole(self, text):
        return json.loads(self.ask([text], stream=False))["choices"][0]["message"]["content"]

    def ask(self, pieces, stream):
        self.model.pieces = pieces
        body = {"model": "m", "stream": stream, "messages": [{"role": "user", "content": f"Write to {OWN}"}]}
        self.connection.request("POST", "/openai/v1/chat/completions", json.dumps(body), {"content-type": "application/json"})
        response = self.connection.getresponse()
        text = response.read().decode()
        assert response.status == 200, text
        return text


class Model:
    """A provider that says the pieces that it is given, a frame each."""

    def __init__(self):
        self.pieces, self.asked = [], ""
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), self.handler())
        self.address = "127.0.0.1:%d" % self.server.server_port
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def stop(self):
        self.server.shutdown()
        self.server.server_close()

    def handler(model):
        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_):
                pass

            def do_POST(self):
                model.asked = self.rfile.read(int(self.headers["content-length"])).decode()
                is_stream = json.loads(model.asked)["stream"]
                answer = stream(model.pieces) if is_stream else whole("".join(model.pieces))
                self.send_response(200)
                self.send_header("content-type", "text/event-stream" if is_stream else "application/json")
                self.send_header("content-length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

        return Handler


def stream(pieces):
    frames = [json.dumps({"choices": [{"index": 0, "delta": {"content": piece}}]}) for piece in pieces]
    return "".join(f"data: {frame}\n\n" for frame in [*frames, "[DONE]"]).encode()


def whole(text):
    return json.dumps({"choices": [{"index": 0, "message": {"role": "assistant", "content": text}}]}).encode()


if __name__ == "__main__":
    unittest.main()
