"""The official SDKs of the other APIs through the real binary: no value reaches the provider, every value comes back."""

import json
import unittest

import cohere
import mistralai.client
import ollama
import openai
from google import genai

from echo import Echo
from stage import Blotter

VALUES = ["536-90-4399", "+1 415 555 2671", "ann.fox@example.org"]
TEXT = 'I\'m "Ann" Fox, é 👋.\nMy SSN is {}, my phone {} and my e-mail {}. Order 20261122-0042 never came!'.format(*VALUES)
SCHEMA = {"type": "object", "properties": {"note": {"type": "string", "description": "a note"}}, "required": ["note"]}
KEY = "test-key"


def setUpModule():
    global provider, blotter
    provider = Echo()
    unittest.addModuleCleanup(provider.stop)
    blotter = Blotter(provider)
    unittest.addModuleCleanup(blotter.stop)


class Api(unittest.TestCase):
    def setUp(self):
        provider.seen.clear()

    def tearDown(self):
        self.assertTrue(provider.seen)
        for body in provider.seen:
            for value in VALUES:
                self.assertNotIn(value, body)
                self.assertNotIn(value, json.dumps(json.loads(body), ensure_ascii=False))
        for path, written in blotter.files().items():
            for value in VALUES:
                self.assertNotIn(value.encode(), written, path)

    def url(self, path=""):
        return f"http://{blotter.address}/openai{path}"


class Responses(Api):
    def setUp(self):
        super().setUp()
        self.client = openai.OpenAI(base_url=self.url("/v1"), api_key=KEY)
        self.tools = [{"type": "function", "name": "note", "description": f"Call {VALUES[1]}", "parameters": SCHEMA, "strict": False}]

    def test_whole(self):
        response = self.client.responses.create(model="m", instructions=f"Help {VALUES[2]}", input=TEXT)
        self.assertEqual(response.output_text, TEXT)
        self.assertEqual(response.instructions, f"Help {VALUES[2]}")

    def test_stream(self):
        with self.client.responses.stream(model="m", input=[{"role": "user", "content": TEXT}]) as stream:
            said = "".join(event.delta for event in stream if event.type == "response.output_text.delta")
            self.assertEqual(said, TEXT)
            self.assertEqual(stream.get_final_response().output_text, TEXT)

    def test_tool(self):
        response = self.client.responses.create(model="m", input=TEXT, tools=self.tools)
        self.assertEqual(json.loads(response.output[0].arguments), {"note": TEXT})
        self.assertEqual(response.tools[0].description, f"Call {VALUES[1]}")

    def test_tool_in_a_stream(self):
        events = list(self.client.responses.create(model="m", input=TEXT, tools=self.tools, stream=True))
        said = "".join(event.delta for event in events if event.type == "response.function_call_arguments.delta")
        done = next(event.arguments for event in events if event.type == "response.function_call_arguments.done")
        self.assertEqual([json.loads(text) for text in (said, done)], [{"note": TEXT}] * 2)

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


class Gemini(Api):
    def setUp(self):
        super().setUp()
        self.client = genai.Client(api_key=KEY, http_options={"base_url": self.url()})
        function = {"name": "note", "description": f"Call {VALUES[1]}", "parameters_json_schema": SCHEMA}
        self.config = {"tools": [{"function_declarations": [function]}], "automatic_function_calling": {"disable": True}}

    def test_whole(self):
        answer = self.client.models.generate_content(model="m", contents=TEXT)
        self.assertEqual(answer.text, TEXT)

    def test_stream(self):
        chunks = list(self.client.models.generate_content_stream(model="m", contents=TEXT))
        self.assertEqual("".join(chunk.text or "" for chunk in chunks), TEXT)
        self.assertGreater(len(chunks), 10)

    def test_tool(self):
        answer = self.client.models.generate_content(model="m", contents=TEXT, config=self.config)
        self.assertEqual(answer.function_calls[0].args, {"note": TEXT})

    def test_tool_in_a_stream(self):
        chunks = list(self.client.models.generate_content_stream(model="m", contents=TEXT, config=self.config))
        self.assertEqual(chunks[0].function_calls[0].args, {"note": TEXT})


class Ollama(Api):
    def setUp(self):
        super().setUp()
        self.client = ollama.Client(host=self.url())
        self.messages = [{"role": "user", "content": TEXT}]
        self.tools = [{"type": "function", "function": {"name": "note", "description": "x", "parameters": SCHEMA}}]

    def test_whole(self):
        self.assertEqual(self.client.chat(model="m", messages=self.messages).message.content, TEXT)
        self.assertEqual(self.client.generate(model="m", prompt=TEXT).response, TEXT)

    def test_stream(self):
        chunks = self.client.chat(model="m", messages=self.messages, stream=True)
        self.assertEqual("".join(chunk.message.content for chunk in chunks), TEXT)
        chunks = self.client.generate(model="m", prompt=TEXT, stream=True)
        self.assertEqual("".join(chunk.response for chunk in chunks), TEXT)

    def test_tool(self):
        for stream in (False, True):
            answer = self.client.chat(model="m", messages=self.messages, tools=self.tools, stream=stream)
            first = next(answer) if stream else answer
            self.assertEqual(first.message.tool_calls[0].function.arguments, {"note": TEXT})


class Cohere(Api):
    def setUp(self):
        super().setUp()
        self.client = cohere.ClientV2(api_key=KEY, base_url=self.url())
        self.messages = [{"role": "user", "content": TEXT}]

    def test_whole(self):
        answer = self.client.chat(model="m", messages=self.messages)
        self.assertEqual(answer.message.content[0].text, TEXT)

    def test_stream(self):
        events = self.client.chat_stream(model="m", messages=self.messages)
        deltas = [event.delta.message.content.text for event in events if event.type == "content-delta"]
        self.assertEqual("".join(deltas), TEXT)


class Mistral(Api):
    def setUp(self):
        super().setUp()
        self.client = mistralai.client.Mistral(api_key=KEY, server_url=self.url())
        self.messages = [{"role": "user", "content": TEXT}]

    def test_whole(self):
        answer = self.client.chat.complete(model="m", messages=self.messages)
        self.assertEqual(answer.choices[0].message.content, TEXT)

    def test_stream(self):
        events = self.client.chat.stream(model="m", messages=self.messages)
        self.assertEqual("".join(event.data.choices[0].delta.content or "" for event in events), TEXT)


if __name__ == "__main__":
    unittest.main()
