"""The official SDKs for JavaScript through the real binary: node.mjs plays the scenarios, this looks at both ends."""

import json
import os
import re
import subprocess
import unittest
from pathlib import Path

from echo import Echo
from stage import Blotter, Provider

VALUES = ["536-90-4399", "+1 415 555 2671", "4242 4242 4242 4242", "ann.fox@example.org"]
TEXT = 'Hi 👋 I\'m "Ann" Fox.\nMy SSN is {}, my phone {}, my card {} and my e-mail {}. Order 20261122-0042!'.format(*VALUES)
STAGE = {
    "key": "test-key-of-the-provider",
    "text": TEXT,
    "question": f"Is {VALUES[1]} my number?",
    "about": f"Mails {VALUES[3]}",
    "schema": {"type": "object", "properties": {"note": {"type": "string"}}, "required": ["note"]},
    "packages": os.environ["NODE_PACKAGES"],
}
CLIENTS = ["openai chat", "openai responses", "anthropic", "ai openai", "ai openai chat", "ai anthropic"]
# Those whose provider pauses between pieces, so that an abort comes in time.
PAUSING = ["openai chat", "anthropic", "ai openai chat", "ai anthropic"]


def setUpModule():
    global told, seen, blotters
    fake, echo = Provider(), Echo()
    unittest.addModuleCleanup(fake.stop)
    unittest.addModuleCleanup(echo.stop)
    blotters = [Blotter(fake.address), Blotter(echo.address)]
    for blotter in blotters:
        unittest.addModuleCleanup(blotter.stop)
    urls = {"fake": f"http://{blotters[0].address}", "echo": f"http://{blotters[1].address}"}
    environment = {**os.environ, "STAGE": json.dumps({**STAGE, **urls})}
    script = Path(__file__).with_name("node.mjs")
    done = subprocess.run(["node", script], env=environment, stdout=subprocess.PIPE, text=True, timeout=300)
    assert done.returncode == 0, done.stdout[-2000:]
    told = {row["scenario"]: row for row in map(json.loads, done.stdout.splitlines())}
    requests = [(dict(request["headers"]), request["body"]) for request in fake.seen()]
    requests += [({name.lower(): value for name, value in headers.items()}, body) for headers, body in echo.received]
    seen = {}
    for headers, body in requests:
        seen.setdefault(headers["x-scenario"], []).append(body)


class Node(unittest.TestCase):
    def each(self, scenario):
        for client in CLIENTS:
            name = f"{client}: {scenario}"
            with self.subTest(name):
                yield client, told[name], seen.get(name, [])

    def test_an_answer_comes_back_whole(self):
        for _, row, bodies in self.each("plain"):
            self.assertEqual(row.get("got"), TEXT, row)
            self.assertEqual(len(bodies), 1)

    def test_a_streamed_answer_comes_back(self):
        for _, row, _ in self.each("streaming"):
            self.assertEqual(row.get("got"), TEXT, row)

    def test_a_tool_is_called_with_the_values(self):
        for scenario in ["a tool", "a streamed tool"]:
            for _, row, _ in self.each(scenario):
                self.assertEqual(row.get("got"), {"note": TEXT}, row)

    def test_a_later_turn_begins_with_the_bytes_of_the_earlier(self):
        for _, row, bodies in self.each("turns"):
            self.assertEqual(row.get("got"), TEXT, row)
            first, second = map(raw_messages, bodies)
            self.assertTrue(second.startswith(first))

    def test_an_error_is_the_sdks_error_and_is_not_tried_again(self):
        for _, row, bodies in self.each("an error"):
            self.assertEqual(row["error"]["status"], 400, row)
            self.assertEqual(len(bodies), 1)

    def test_a_retry_is_the_sdks(self):
        for _, row, bodies in self.each("retries"):
            self.assertIn("error", row)
            self.assertEqual(len(bodies), 2)
            self.assertEqual(bodies[0], bodies[1])

    def test_an_abort_ends_the_exchange(self):
        for client, row, _ in self.each("an abort"):
            if client in PAUSING:
                [exchange] = blotters[0].exchanges(row["scenario"], 1)
                self.assertEqual(exchange["outcome"], "caller-gone")

    def test_a_large_body_goes_through(self):
        for _, row, bodies in self.each("5 MB"):
            self.assertEqual(row.get("got"), True, row)
            self.assertGreater(len(bodies[0]), 5 << 20)

    def test_no_value_left(self):
        for scenario, bodies in seen.items():
            for body in bodies:
                for value in VALUES:
                    self.assertFalse(value in body, f"{scenario}: the provider received {value}")
        for blotter in blotters:
            blotter.ask("audit", "verify")
            for path, written in blotter.files().items():
                for value in VALUES:
                    self.assertFalse(value.encode() in written, f"{path} holds {value}")


def raw_messages(body):
    """The bytes of a body's messages, without the bracket at their end."""
    begin = re.search(r'"(messages|input)":\s*', body).end()
    _, end = json.JSONDecoder().raw_decode(body, begin)
    return body[begin : end - 1]


if __name__ == "__main__":
    unittest.main(verbosity=2)
