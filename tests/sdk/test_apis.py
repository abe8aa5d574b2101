"""The official SDKs of the other APIs through the real binary: no value reaches the provider, every value comes back."""

import io
import json
import re
import unittest

import cohere
import httpx
import mistralai.client
import ollama
import openai
from cohere.core.api_error import ApiError
from google import genai

from echo import Echo
from stage import Blotter

VALUES = ["536-90-4399", "+1 415 555 2671", "ann.fox@example.org"]
TEXT = 'I\'m "Ann" Fox, é 👋.\nMy SSN is {}, my phone {} and my e-mail {}. Order 20261122-0042 never came!'.format(*VALUES)
QUESTION = f"Is {VALUES[1]} my number?"
SCHEMA = {"type": "object", "properties": {"note": {"type": "string", "description": "a note"}}, "required": ["note"]}
TOOL = {"type": "function", "function": {"name": "note", "description": f"Call {VALUES[1]}", "parameters": SCHEMA}}
KEY = "test-key"


def setUpModule():
    global provider, blotter
    provider = Echo()
    unittest.addModuleCleanup(provider.stop)
    blotter = Blotter(provider.address)
    unittest.addModuleCleanup(blotter.stop)


class Api(unittest.TestCase):
    def setUp(self):
        provider.seen.clear()
        self.headers = {"x-blotter-conversation": self.id()}

    def tearDown(self):
        self.assertTrue(provider.seen)
        for body in provider.seen:
            for value in VALUES:
                self.assertFalse(value in body, value)
                self.assertFalse(value in json.dumps(json.loads(body), ensure_ascii=False), value)
        for path, written in blotter.files().items():
            for value in VALUES:
                self.assertFalse(value.encode() in written, f"{path} holds {value}")

    def url(self, path=""):
        return f"http://{blotter.address}/openai{path}"


class Scenarios:
    """What holds for each SDK. A subclass knows how to `ask`, `stream`, `call` and `stream_call`, and what it does with an error."""

    # How many requests an SDK makes that may try again once.
    tries = 1
    history = "messages"

    def test_plain(self):
        self.assertEqual(self.ask([("user", TEXT)]), TEXT)

    def test_streaming(self):
        pieces = [piece for piece in self.stream([("user", TEXT)]) if piece]
        self.assertEqual("".join(pieces), TEXT)
        self.assertGreater(len(pieces), 10)

    def test_tools(self):
        self.assertEqual(self.call([("user", TEXT)]), {"note": TEXT})
        self.assertEqual(self.stream_call([("user", TEXT)]), {"note": TEXT})

    def test_turns(self):
        turn = [("user", TEXT)]
        answer = self.ask(turn)
        self.assertEqual(self.ask([*turn, ("assistant", answer), ("user", QUESTION)]), QUESTION)
        first, second = [self.raw_history(body) for body in provider.seen]
        self.assertTrue(second.startswith(first))

    def test_an_error_is_the_sdks_error(self):
        with self.assertRaises(self.error) as raised:
            self.ask([("user", TEXT)], model="fake-status-400")
        self.assertIn("you asked for trouble", str(raised.exception))
        self.assertEqual(len(provider.seen), 1)

    def test_retries_are_the_sdks(self):
        with self.assertRaises(self.error):
            self.ask([("user", TEXT)], model="fake-status-500")
        self.assertEqual(len(provider.seen), self.tries)
        self.assertEqual(len({*provider.seen}), 1)

    def test_an_abort_ends_the_exchange(self):
        pieces = self.stream([("user", TEXT * 5)], model="fake-slow")
        next(piece for piece in pieces if piece)
        pieces.close()
        [exchange] = blotter.exchanges(self.id(), 1)
        self.assertEqual(exchange["outcome"], "caller-gone")

    def test_5_mb(self):
        text = "all is well, thank you. " * ((5 << 20) // 24) + TEXT
        self.assertTrue(self.ask([("user", text)]) == text)

    def raw_history(self, body):
        """The bytes of a body's history, without the bracket at their end."""
        begin = re.search(rf'"{self.history}":\s*', body).end()
        _, end = json.JSONDecoder().raw_decode(body, begin)
        return body[begin : end - 1]


def messages(turns):
    return [{"role": role, "content": text} for role, text in turns]


class Responses(Scenarios, Api):
    error, tries, history = openai.APIStatusError, 2, "input"
    tool = {"type": "function", "name": "note", "description": f"Call {VALUES[1]}", "parameters": SCHEMA, "strict": False}

    def setUp(self):
        super().setUp()
        self.client = openai.OpenAI(base_url=self.url("/v1"), api_key=KEY, max_retries=1, default_headers=self.headers)

    def create(self, turns, model="m", **options):
        return self.client.responses.create(model=model, input=messages(turns), **options)

    def ask(self, turns, **options):
        return self.create(turns, **options).output_text

    def stream(self, turns, **options):
        with self.create(turns, stream=True, **options) as events:
            for event in events:
                if event.type == "response.output_text.delta":
                    yield event.delta

    def call(self, turns):
        response = self.create(turns, tools=[self.tool])
        self.assertEqual(response.tools[0].description, self.tool["description"])
        return json.loads(response.output[0].arguments)

    def stream_call(self, turns):
        events = list(self.create(turns, tools=[self.tool], stream=True))
        said = "".join(event.delta for event in events if event.type == "response.function_call_arguments.delta")
        done = next(event.arguments for event in events if event.type == "response.function_call_arguments.done")
        self.assertEqual(said, done)
        return json.loads(said)

    def test_what_is_repeated_comes_back(self):
        response = self.client.responses.create(model="m", instructions=f"Help {VALUES[2]}", input=TEXT)
        self.assertEqual(response.output_text, TEXT)
        self.assertEqual(response.instructions, f"Help {VALUES[2]}")

    def test_the_sdks_own_collector_understands_the_stream(self):
        with self.client.responses.stream(model="m", input=[{"role": "user", "content": TEXT}]) as stream:
            said = "".join(event.delta for event in stream if event.type == "response.output_text.delta")
            self.assertEqual(said, TEXT)
            self.assertEqual(stream.get_final_response().output_text, TEXT)

    def test_a_call_and_its_output_in_history(self):
        arguments = json.dumps({"to": VALUES[2]})
        history = [
            {"role": "user", "content": TEXT},
            {"type": "function_call", "call_id": "c", "name": "f", "arguments": arguments},
            {"type": "function_call_output", "call_id": "c", "output": json.dumps({"sent": TEXT})},
        ]
        self.client.responses.create(model="m", input=history)

    def test_embeddings(self):
        self.client.embeddings.create(model="m", input=[TEXT])
        with self.assertRaisesRegex(openai.BadRequestError, "token ids"):
            self.client.embeddings.create(model="m", input=[[1, 2]])


class Gemini(Scenarios, Api):
    error, history = genai.errors.APIError, "contents"
    tools = [{"function_declarations": [{**TOOL["function"], "parameters": None, "parameters_json_schema": SCHEMA}]}]

    def setUp(self):
        super().setUp()
        self.client = genai.Client(api_key=KEY, http_options={"base_url": self.url(), "headers": self.headers})
        self.config = {"tools": self.tools, "automatic_function_calling": {"disable": True}}

    def contents(self, turns):
        return [{"role": {"assistant": "model"}.get(role, role), "parts": [{"text": text}]} for role, text in turns]

    def ask(self, turns, model="m"):
        return self.client.models.generate_content(model=model, contents=self.contents(turns)).text

    def stream(self, turns, model="m"):
        for chunk in self.client.models.generate_content_stream(model=model, contents=self.contents(turns)):
            yield chunk.text

    def test_a_file(self):
        self.ask([("user", TEXT)])
        provider.received.clear()
        file = self.client.files.upload(file=io.BytesIO(TEXT.encode()), config={"mime_type": "text/plain"})
        self.assertEqual(file.display_name, TEXT)
        (begun, _), (brought, content) = provider.received
        self.assertEqual([name for name in begun if name.lower() == "x-goog-upload-header-content-length"], [])
        self.assertEqual(brought["content-length"], str(len(content.encode())))
        for value in VALUES:
            self.assertNotIn(value, content)

    def call(self, turns):
        answer = self.client.models.generate_content(model="m", contents=self.contents(turns), config=self.config)
        return answer.function_calls[0].args

    def stream_call(self, turns):
        chunks = self.client.models.generate_content_stream(model="m", contents=self.contents(turns), config=self.config)
        return next(chunks).function_calls[0].args


class Ollama(Scenarios, Api):
    error = ollama.ResponseError

    def setUp(self):
        super().setUp()
        self.client = ollama.Client(host=self.url(), headers=self.headers)

    def chat(self, turns, model="m", **options):
        return self.client.chat(model=model, messages=messages(turns), **options)

    def ask(self, turns, **options):
        return self.chat(turns, **options).message.content

    def stream(self, turns, **options):
        for chunk in self.chat(turns, stream=True, **options):
            yield chunk.message.content

    def call(self, turns):
        return self.chat(turns, tools=[TOOL]).message.tool_calls[0].function.arguments

    def stream_call(self, turns):
        return next(self.chat(turns, tools=[TOOL], stream=True)).message.tool_calls[0].function.arguments

    def test_generate(self):
        self.assertEqual(self.client.generate(model="m", prompt=TEXT).response, TEXT)
        chunks = self.client.generate(model="m", prompt=TEXT, stream=True)
        self.assertEqual("".join(chunk.response for chunk in chunks), TEXT)


class Cohere(Scenarios, Api):
    error, tries = ApiError, 3

    def setUp(self):
        super().setUp()
        http = httpx.Client(headers=self.headers, timeout=60)
        self.addCleanup(http.close)
        self.client = cohere.ClientV2(api_key=KEY, base_url=self.url(), httpx_client=http)

    def ask(self, turns, model="m"):
        return self.client.chat(model=model, messages=messages(turns)).message.content[0].text

    def stream(self, turns, model="m"):
        for event in self.client.chat_stream(model=model, messages=messages(turns)):
            if event.type == "content-delta":
                yield event.delta.message.content.text

    def call(self, turns):
        answer = self.client.chat(model="m", messages=messages(turns), tools=[TOOL])
        return json.loads(answer.message.tool_calls[0].function.arguments)

    def stream_call(self, turns):
        events = self.client.chat_stream(model="m", messages=messages(turns), tools=[TOOL])
        called = (event.delta.message.tool_calls for event in events if event.type == "tool-call-delta")
        return json.loads("".join(call.function.arguments for call in called))


class Mistral(Scenarios, Api):
    error = mistralai.client.errors.SDKError

    def setUp(self):
        super().setUp()
        http = httpx.Client(headers=self.headers, timeout=60)
        self.addCleanup(http.close)
        self.client = mistralai.client.Mistral(api_key=KEY, server_url=self.url(), client=http)

    def ask(self, turns, model="m"):
        return self.client.chat.complete(model=model, messages=messages(turns)).choices[0].message.content

    def stream(self, turns, model="m"):
        with self.client.chat.stream(model=model, messages=messages(turns)) as events:
            for event in events:
                yield event.data.choices[0].delta.content

    def call(self, turns):
        answer = self.client.chat.complete(model="m", messages=messages(turns), tools=[TOOL])
        return json.loads(answer.choices[0].message.tool_calls[0].function.arguments)

    def stream_call(self, turns):
        events = self.client.chat.stream(model="m", messages=messages(turns), tools=[TOOL])
        called = (event.data.choices[0].delta.tool_calls or [] for event in events)
        return json.loads("".join(call.function.arguments for calls in called for call in calls))


if __name__ == "__main__":
    unittest.main()
