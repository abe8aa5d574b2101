"""LiteLLM and LangChain, which wrap the official SDKs, through the real binary."""

import json
import re
import unittest

import litellm
from langchain_core.messages import AIMessage, HumanMessage
from langchain_openai import ChatOpenAI

from stage import Blotter, Provider

VALUES = ["536-90-4399", "+1 415 555 2671", "4242 4242 4242 4242", "ann.fox@example.org"]
TEXT = 'Hi 👋 I\'m "Ann" Fox.\nMy SSN is {}, my phone {}, my card {} and my e-mail {}. Order 20261122-0042!'.format(*VALUES)
QUESTION = f"Is {VALUES[1]} my number?"
SCHEMA = {"type": "object", "properties": {"note": {"type": "string"}}, "required": ["note"]}
TOOL = {"type": "function", "function": {"name": "note", "description": f"Mails {VALUES[3]}", "parameters": SCHEMA}}
KEY = "test-key-of-the-provider"


def setUpModule():
    global provider, blotter
    provider = Provider()
    unittest.addModuleCleanup(provider.stop)
    blotter = Blotter(provider.address)
    unittest.addModuleCleanup(blotter.stop)


class Scenarios:
    """What holds for each wrapper. A subclass knows how to `ask`, `stream`, `call` and `stream_call`."""

    def setUp(self):
        self.headers = {"x-blotter-conversation": self.id()}
        self.seen = []

    def look(self):
        self.seen += provider.seen()
        return self.seen

    def tearDown(self):
        for request in self.look():
            for value in VALUES:
                self.assertFalse(value in request["body"], f"the provider received {value}")
        for path, written in blotter.files().items():
            for value in VALUES:
                self.assertFalse(value.encode() in written, f"{path} holds {value}")

    def test_plain(self):
        self.assertEqual(self.ask([("user", TEXT)]), TEXT)

    def test_streaming(self):
        pieces = list(self.stream([("user", TEXT)]))
        self.assertEqual("".join(pieces), TEXT)
        self.assertGreater(len(pieces), 10)

    def test_tools(self):
        self.assertEqual(self.call([("user", TEXT)]), {"note": TEXT})
        self.assertEqual(json.loads("".join(self.stream_call([("user", TEXT)]))), {"note": TEXT})

    def test_turns(self):
        turn = [("user", TEXT)]
        answer = self.ask(turn)
        self.assertEqual(self.ask([*turn, ("assistant", answer), ("user", QUESTION)]), QUESTION)
        first, second = [raw_messages(request["body"]) for request in self.look()]
        self.assertTrue(second.startswith(first))

    def test_errors_and_retries(self):
        with self.assertRaises(Exception) as raised:
            self.ask([("user", TEXT)], model="fake-status-400")
        self.assertIn("you asked for trouble", str(raised.exception))
        self.assertEqual(len(self.look()), 1)
        with self.assertRaises(Exception):
            self.ask([("user", TEXT)], model="fake-status-500", retries=1)
        self.assertEqual(len(self.look()), 3)
        self.assertEqual(self.seen[1]["body"], self.seen[2]["body"])

    def test_aborts(self):
        pieces = self.stream([("user", TEXT * 5)])
        next(piece for piece in pieces if piece)
        pieces.close()
        [exchange] = blotter.exchanges(self.id(), 1)
        self.assertEqual(exchange["outcome"], "caller-gone")

    def test_5_mb(self):
        text = "all is well, thank you. " * ((5 << 20) // 24) + TEXT
        self.assertTrue(self.ask([("user", text)]) == text)


def raw_messages(body):
    """The bytes of a body's messages, without the bracket at their end."""
    begin = re.search(r'"messages":\s*', body).end()
    _, end = json.JSONDecoder().raw_decode(body, begin)
    return body[begin : end - 1]


class LiteLlm(Scenarios):
    def create(self, messages, *, model="fake", retries=0, **options):
        return litellm.completion(
            model=f"{self.provider}/{model}",
            api_base=f"http://{blotter.address}{self.path}",
            api_key=KEY,
            messages=[{"role": role, "content": text} for role, text in messages],
            extra_headers=self.headers,
            **{self.retries: retries},
            **options,
        )

    def ask(self, *request, **options):
        return self.create(*request, **options).choices[0].message.content

    def stream(self, *request, **options):
        chunks = self.create(*request, stream=True, **options)
        try:
            for chunk in chunks:
                yield chunk.choices[0].delta.content or ""
        finally:
            stream = chunks.completion_stream
            getattr(stream, "streaming_response", stream).close()

    def call(self, messages):
        [call] = self.create(messages, tools=[TOOL]).choices[0].message.tool_calls
        return json.loads(call.function.arguments)

    def stream_call(self, messages):
        for chunk in self.create(messages, tools=[TOOL], stream=True):
            for call in chunk.choices[0].delta.tool_calls or []:
                yield call.function.arguments or ""


class LiteLlmOpenAi(LiteLlm, unittest.TestCase):
    provider, path, retries = "openai", "/openai/v1", "max_retries"


class LiteLlmAnthropic(LiteLlm, unittest.TestCase):
    provider, path, retries = "anthropic", "/anthropic", "num_retries"


class LangChain(Scenarios, unittest.TestCase):
    def model(self, model="fake", retries=0):
        url = f"http://{blotter.address}/openai/v1"
        return ChatOpenAI(model=model, base_url=url, api_key=KEY, max_retries=retries, default_headers=self.headers)

    def ask(self, messages, **options):
        return self.model(**options).invoke(converted(messages)).content

    def stream(self, messages):
        for chunk in self.model().stream(converted(messages)):
            yield chunk.content

    def call(self, messages):
        [call] = self.model().bind_tools([TOOL]).invoke(converted(messages)).tool_calls
        return call["args"]

    def stream_call(self, messages):
        for chunk in self.model().bind_tools([TOOL]).stream(converted(messages)):
            for call in chunk.tool_call_chunks:
                yield call["args"] or ""


def converted(messages):
    kinds = {"user": HumanMessage, "assistant": AIMessage}
    return [kinds[role](text) for role, text in messages]


if __name__ == "__main__":
    unittest.main(verbosity=2)
