"""The stage that the tests play on: the built-in fake provider, a real `blotter serve` before it, and its log.

All of it on free ports of the loopback interface and in a temporary folder.
"""

import http.client
import json
import os
import re
import socket
import subprocess
import tempfile
import time
from pathlib import Path

BLOTTER = os.environ["BLOTTER"]
FAKE_PROVIDER = os.environ["FAKE_PROVIDER"]

# How the provider streams: characters per piece, and seconds before each.
CUT, PAUSE = 5, 0.02

CONFIG = """\
listen = "127.0.0.1:0"
default_route = "openai"

[entities.CARD]
tools = ["*"]

[entities.SSN]
tools = ["*"]

[[route]]
name = "openai"
upstream = "http://{provider}"

[[route]]
name = "anthropic"
upstream = "http://{provider}"

[[route]]
name = "nowhere"
upstream = "http://{nobody}"
"""


class Provider:
    """The fake provider, and what it has seen."""

    def __init__(self):
        arguments = ["--cut", str(CUT), "--pause", str(round(PAUSE * 1000))]
        self.process = subprocess.Popen([FAKE_PROVIDER, *arguments], stdout=subprocess.PIPE, text=True)
        self.address = self.process.stdout.readline().strip()
        self.marks = 0

    def seen(self):
        """The requests since the last call. A request of our own marks the end, so nothing is left to time."""
        self.marks += 1
        mark = f"/v1/models?mark={self.marks}"
        send(self.address, "GET", mark)
        requests = []
        for line in self.process.stdout:
            request = json.loads(line)
            if request["target"] == mark:
                return requests
            requests.append(request)
        raise AssertionError("the fake provider ended")

    def stop(self):
        self.process.terminate()
        self.process.wait()
        self.process.stdout.close()


class Blotter:
    """A running proxy, and questions to its log."""

    def __init__(self, provider, config=CONFIG):
        self.temporary = tempfile.TemporaryDirectory(prefix="blotter-sdk-")
        self.folder = Path(self.temporary.name)
        self.config = self.folder / "proxy.toml"
        self.config.write_text(config.format(provider=provider, nobody=address_of_nobody()))
        self.talk = self.folder / "stderr"
        with self.talk.open("wb") as talk:
            environment = {**os.environ, "BLOTTER_LOG": "trace"}
            self.process = subprocess.Popen(self.command("serve"), stderr=talk, env=environment)
        self.address = wait_for(self.listening)

    def listening(self):
        if self.process.poll() is not None:
            raise AssertionError(f"blotter ended: {self.talk.read_text()}")
        found = re.search(r"listens on http://(\S+)\n", self.talk.read_text())
        return found and found[1]

    def command(self, *arguments):
        return [BLOTTER, *arguments, "--config", str(self.config)]

    def ask(self, *arguments):
        """What a command prints; fails unless it exits with 0."""
        done = subprocess.run(self.command(*arguments), capture_output=True, text=True, timeout=30)
        assert done.returncode == 0, f"`blotter {' '.join(arguments)}` exited with {done.returncode}: {done.stderr}"
        return done.stdout

    def exchanges(self, conversation, count):
        """The exchanges of a conversation, oldest first, once there are `count` and all have ended."""

        def ended():
            lines = self.ask("audit", "list", "--json", "--conversation", conversation).splitlines()
            found = [json.loads(line) for line in lines]
            return len(found) >= count and all(exchange["outcome"] for exchange in found) and found[::-1]

        return wait_for(ended)

    def files(self):
        """All that it has written, by path."""
        return {path: path.read_bytes() for path in self.folder.rglob("*") if path.is_file()}

    def stop(self):
        self.process.terminate()
        code = self.process.wait(timeout=40)
        self.temporary.cleanup()
        assert code == 0, f"blotter exited with {code}"


def send(address, method, target, body=None, headers={}):
    """One request without an SDK: the response, its body read."""
    connection = http.client.HTTPConnection(address, timeout=30)
    try:
        connection.request(method, target, body, headers)
        response = connection.getresponse()
        response.text = response.read().decode()
        return response
    finally:
        connection.close()


def wait_for(event, seconds=20):
    """What `event` returns, as soon as that is true."""
    deadline = time.monotonic() + seconds
    while not (found := event()):
        assert time.monotonic() < deadline, f"`{event.__qualname__}` did not happen within {seconds} s"
        time.sleep(0.02)
    return found


def address_of_nobody():
    with socket.create_server(("127.0.0.1", 0)) as server:
        return "127.0.0.1:%d" % server.getsockname()[1]
