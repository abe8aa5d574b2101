"""The official SDKs through the real binary: no value reaches the provider, every value comes back to the caller.

After each test the base class looks at all that the provider received and at every file that Blotter wrote.
"""

import asyncio
import json
import re
import sys
import time
import unittest

import anthropic
import openai

from stage import PAUSE, Blotter, Provider, send

VALUES = {
    "SSN": "536-90-4399",
    "PHONE": "+1 415 555 2671",
    "CARD": "4242 4242 4242 4242",
    "EMAIL": "ann.fox@example.org",
}
# Nor may a value leave in another spelling.
SPELLINGS = [*VALUES.values(), "536904399", "4155552671", "415 555 2671", "4242424242424242"]

CUSTOMER = (
    'Hi 👋 I\'m "Ann" Fox.\nMy SSN is {SSN}, my phone {PHONE}, my card {CARD} and my e-mail {EMAIL}. Order '
    "20261122-0042 in C:\\orders never came: please call me!".format(**VALUES)
)
SYSTEM = "You help Ann Fox, whose e-mail is {EMAIL}. Her number is {PHONE}.".format(**VALUES)
PLACEHOLDER = re.compile(r"\[(SSN|PHONE|CARD|EMAIL)_[0-9A-Z]{4,}\]")
KEY = "test-key-of-the-provider"

SCHEMA = {
    "type": "object",
    "properties": {"note": {"type": "string", "description": "For example: call {PHONE}".format(**VALUES)}},
    "required": ["note"],
}


def setUpModule():
    global provider, blotter
    provider = Provider()
    unittest.addModuleCleanup(provider.stop)
    blotter = Blotter(provider.address)
    unittest.addModuleCleanup(blotter.stop)


class Conversation(unittest.TestCase):
    """A test is a conversation of its own in the log."""

    values = SPELLINGS

    def setUp(self):
        self.headers = {"x-blotter-conversation": self.id(), "x-blotter-subject": VALUES["PHONE"]}
        self.sent, self.seen = [], []

    def tearDown(self):
        self.look()
        for request in self.seen:
            self.assert_clean(json.dumps(request, ensure_ascii=False), "what the provider received")
            self.assertNotIn("x-blotter", str(request["headers"]))
        for path, written in blotter.files().items():
            self.assert_clean(written.decode("latin-1"), path)
        blotter.ask("audit", "verify")

    def look(self):
        """All that the provider has received in this test."""
        self.seen += provider.seen()
        return self.seen

    def assert_clean(self, text, where):
        for value in self.values:
            self.assertFalse(value in text, f"{where} holds {value}")

    def assert_logged(self, *expected):
        """One exchange for each request, with these statuses and outcomes."""
        exchanges = blotter.exchanges(self.id(), len(expected))
        self.assertEqual([(exchange["status"], exchange["outcome"]) for exchange in exchanges], [*expected])
        return exchanges

    def assert_forwarded(self):
        """Each request was forwarded byte for byte, but for the placeholders."""
        self.assertEqual([fill(request["body"]) for request in self.look()], self.sent)

    def keep(self, request):
        """Notes what an SDK sends."""
        self.sent.append(request.read().decode())

    async def keep_async(self, request):
        self.sent.append((await request.aread()).decode())


def fill(text):
    return PLACEHOLDER.sub(lambda found: VALUES[found[1]], text)


def user(content):
    return {"role": "user", "content": content}


def assistant(content):
    return {"role": "assistant", "content": content}


def deep(levels):
    value = "x"
    for _ in range(levels):
        value = [value]
    return value


class Timed:
    """Notes when each piece of a stream arrives."""

    def __init__(self):
        self.pieces, self.times = [], []

    def add(self, piece):
        if piece:
            self.pieces.append(piece)
            self.times.append(time.monotonic())

    @property
    def text(self):
        return "".join(self.pieces)

    @property
    def moments(self):
        """How many arrivals are apart from the one before."""
        return 1 + sum(later - earlier > PAUSE / 4 for earlier, later in zip(self.times, self.times[1:]))


class Promises:
    """What holds for each SDK. A subclass knows how its SDK asks: `ask`, `stream`, `call`, `stream_call`."""

    def timed(self, pieces):
        timed = Timed()
        for piece in pieces:
            timed.add(piece)
        return timed

    def test_a_plain_answer_comes_back_whole(self):
        self.assertEqual(self.ask([user(CUSTOMER)]), CUSTOMER)
        self.assert_forwarded()
        [exchange] = self.assert_logged((200, "complete"))
        found = {tally["entity"]: tally["count"] for tally in exchange["findings"]}
        self.assertEqual(found, dict.fromkeys(VALUES, 1))
        self.assertEqual(exchange["usage"], {"input": 20, "output": 10, "cached": None})

    def test_the_log_shows_what_the_model_received(self):
        self.ask([user(CUSTOMER)])
        [exchange] = self.assert_logged((200, "complete"))
        shown = json.loads(blotter.ask("audit", "show", exchange["exchange"], "--json"))
        self.assertEqual(shown["opened"]["request"], self.look()[0]["body"])
        self.assertEqual(shown["closed"]["restored"], len(VALUES))
        self.assertEqual({found for found in PLACEHOLDER.findall(shown["closed"]["answer"])}, {*VALUES})
        for form in [[], ["--json"]]:
            self.assert_clean(blotter.ask("audit", "show", exchange["exchange"], *form), "`audit show`")

    def test_a_streamed_answer_arrives_piece_by_piece(self):
        timed = self.timed(self.stream([user(CUSTOMER)]))
        self.assertEqual(timed.text, CUSTOMER)
        self.assertGreater(timed.moments, 15)
        self.assert_forwarded()
        self.assert_logged((200, "complete"))

    def test_a_request_without_findings_is_not_touched(self):
        self.assertEqual(self.ask([user("Where is my parcel?")]), "Where is my parcel?")
        self.assertEqual([request["body"] for request in self.look()], self.sent)
        [exchange] = self.assert_logged((200, "complete"))
        self.assertEqual(exchange["findings"], [])

    def test_a_system_prompt_is_redacted(self):
        self.assertEqual(self.ask([user("And my {SSN}?".format(**VALUES))], SYSTEM), "And my {SSN}?".format(**VALUES))
        self.assert_forwarded()
        self.assertEqual(len(PLACEHOLDER.findall(self.seen[0]["body"])), 3)
        self.assert_logged((200, "complete"))

    def test_parts_of_a_message_are_redacted(self):
        parts = [{"type": "text", "text": f"{entity}: {value}"} for entity, value in VALUES.items()]
        expected = "\n".join(part["text"] for part in parts)
        self.assertEqual(self.ask([user(parts)]), expected)
        self.assertEqual(self.timed(self.stream([user(parts)])).text, expected)
        self.assert_forwarded()
        self.assert_logged((200, "complete"), (200, "complete"))

    def test_a_later_turn_begins_with_the_bytes_of_the_earlier(self):
        turn = [user(CUSTOMER)]
        for question in ["Is {PHONE} my number?".format(**VALUES), "And {CARD}?".format(**VALUES)]:
            turn = [*turn, assistant(self.ask(turn, SYSTEM)), user(question)]
        self.ask(turn, SYSTEM)
        self.assert_forwarded()
        first, second, third = [raw_messages(request["body"]) for request in self.seen]
        self.assertTrue(second.startswith(first))
        self.assertTrue(third.startswith(second))
        self.assertEqual(len({found[0] for found in PLACEHOLDER.finditer(third)}), len(VALUES))
        self.assert_logged(*3 * [(200, "complete")])

    def test_a_tool_is_called_with_the_values(self):
        self.assertEqual(self.call([user(CUSTOMER)]), {"note": CUSTOMER})
        self.assert_forwarded()
        self.assert_logged((200, "complete"))

    def test_a_tool_is_called_with_the_values_in_a_stream(self):
        timed = self.timed(self.stream_call([user(CUSTOMER)]))
        self.assertEqual(json.loads(timed.text), {"note": CUSTOMER})
        self.assertGreater(timed.moments, 15)
        self.assert_forwarded()
        self.assert_logged((200, "complete"))

    def test_a_tools_result_is_redacted(self):
        self.assertEqual(self.ask(self.tool_history()), "CRM says: " + CUSTOMER)
        self.assertEqual(self.timed(self.stream(self.tool_history())).text, "CRM says: " + CUSTOMER)
        self.assert_forwarded()
        self.assert_logged((200, "complete"), (200, "complete"))

    def test_a_rate_limit_is_the_sdks_to_retry(self):
        with self.assertRaises(self.sdk.RateLimitError) as raised:
            self.ask([user(CUSTOMER)], model="fake-status-429", max_retries=1)
        self.assertIn("you asked for trouble", str(raised.exception))
        self.assertEqual(raised.exception.response.headers["retry-after"], "1")
        self.assert_forwarded()
        self.assertEqual(len(self.seen), 2)
        self.assert_logged((429, "complete"), (429, "complete"))

    def test_a_providers_error_is_the_sdks_error(self):
        errors = {400: "BadRequestError", 401: "AuthenticationError", 404: "NotFoundError", 500: "InternalServerError"}
        for status, error in errors.items():
            with self.assertRaises(getattr(self.sdk, error)) as raised:
                self.ask([user(CUSTOMER)], model=f"fake-status-{status}")
            self.assertIn("you asked for trouble", str(raised.exception))
        self.assert_forwarded()
        self.assert_logged(*[(status, "complete") for status in errors])

    def test_a_refusal_is_a_bad_request_and_never_leaves(self):
        for ask in [self.ask, lambda *given, **more: list(self.stream(*given, **more))]:
            with self.assertRaises(self.sdk.BadRequestError) as raised:
                ask([user(CUSTOMER)], max_retries=2, extra_body={"deep": deep(150)})
            self.assertIn("json/too-deep", raised.exception.response.text)
            self.assertEqual(raised.exception.body.get("error", raised.exception.body)["type"], "invalid_request_error")
        self.assertEqual((len(self.sent), self.look()), (2, []))
        self.assert_logged((400, "refused"), (400, "refused"))

    def test_a_provider_out_of_reach_is_a_server_error(self):
        with self.assertRaises(self.sdk.InternalServerError) as raised:
            self.ask([user(CUSTOMER)], route="nowhere")
        self.assertEqual(raised.exception.status_code, 502)
        self.assert_logged((502, "upstream-failed"))

    def test_a_broken_stream_is_an_error(self):
        timed = Timed()
        with self.assertRaises(self.broken):
            for piece in self.stream([user(CUSTOMER)], model="fake-break-off"):
                timed.add(piece)
        # A placeholder that broke off in the middle is sent on as far as it came.
        said = re.sub(r"\[[A-Z0-9_]*$", "", timed.text)
        self.assertTrue(said and CUSTOMER.startswith(said), timed.text)
        [exchange] = self.assert_logged((200, "upstream-failed"))
        self.assertEqual(exchange["reason"], "upstream/broken-off")

    def test_5_mb_go_through(self):
        text = "all is well, thank you. " * ((5 << 20) // 24) + CUSTOMER
        self.assertTrue(self.ask([user(text)]) == text)
        self.assertTrue(fill(self.look()[0]["body"]) == self.sent[0])
        self.assert_logged((200, "complete"))

    def test_a_caller_who_leaves_ends_the_exchange(self):
        pieces = self.stream([user(CUSTOMER * 5)])
        next(piece for piece in pieces if piece)
        pieces.close()
        [exchange] = self.assert_logged((200, "caller-gone"))
        self.assertLess(exchange["timings"]["total_us"], 2_000_000)


def raw_messages(body):
    """The bytes of a body's messages, without the bracket at their end."""
    begin = re.search(r'"messages":\s*', body).end()
    _, end = json.JSONDecoder().raw_decode(body, begin)
    return body[begin : end - 1]


class OpenAi(Promises, Conversation):
    """Chat completions."""

    sdk = openai
    broken = openai.APIError
    tools = [
        {
            "type": "function",
            "function": {"name": "open_ticket", "description": "Mails {EMAIL}".format(**VALUES), "parameters": SCHEMA},
        }
    ]

    def create(self, messages, system=None, *, model="fake", max_retries=0, route="openai", **options):
        http_client = openai.DefaultHttpxClient(trust_env=False, event_hooks={"request": [self.keep]})
        self.addCleanup(http_client.close)
        client = openai.OpenAI(
            base_url=f"http://{blotter.address}/{route}/v1",
            api_key=KEY,
            max_retries=max_retries,
            default_headers=self.headers,
            http_client=http_client,
        )
        before = [{"role": "system", "content": system}] if system else []
        return client.chat.completions.create(model=model, messages=[*before, *messages], **options)

    def ask(self, *request, **options):
        return self.create(*request, **options).choices[0].message.content

    def stream(self, *request, **options):
        with self.create(*request, stream=True, **options) as chunks:
            for chunk in chunks:
                yield chunk.choices and chunk.choices[0].delta.content

    def call(self, messages):
        [call] = self.create(messages, tools=self.tools).choices[0].message.tool_calls
        self.assertEqual(call.function.name, "open_ticket")
        return json.loads(call.function.arguments)

    def stream_call(self, messages):
        with self.create(messages, tools=self.tools, stream=True) as chunks:
            for chunk in chunks:
                for call in (chunk.choices and chunk.choices[0].delta.tool_calls) or []:
                    yield call.function.arguments

    def tool_history(self):
        call = {"name": "crm", "arguments": json.dumps({"who": VALUES["EMAIL"], "why": CUSTOMER})}
        return [
            user(CUSTOMER),
            {
                "role": "assistant",
                "content": None,
                "tool_calls": [{"id": "call_1", "type": "function", "function": call}],
            },
            {"role": "tool", "tool_call_id": "call_1", "content": "CRM says: " + CUSTOMER},
        ]

    def test_several_conversations_at_once_keep_their_values(self):
        self.values = [*self.values, *(f"bot{n}@example.org" for n in range(8))]

        async def ask(client, n):
            text = f"Write to bot{n}@example.org, " + CUSTOMER
            chunks = await client.chat.completions.create(model="fake", messages=[user(text)], stream=n % 2 == 0)
            if n % 2:
                return text, chunks.choices[0].message.content
            pieces = [chunk.choices[0].delta.content or "" async for chunk in chunks if chunk.choices]
            return text, "".join(pieces)

        async def ask_all():
            http_client = openai.DefaultAsyncHttpxClient(trust_env=False, event_hooks={"request": [self.keep_async]})
            async with openai.AsyncOpenAI(
                base_url=f"http://{blotter.address}/v1",
                api_key=KEY,
                default_headers=self.headers,
                http_client=http_client,
            ) as client:
                return await asyncio.gather(*(ask(client, n) for n in range(8)))

        for asked, answered in asyncio.run(ask_all()):
            self.assertEqual(asked, answered)
        self.assertEqual(len(self.look()), 8)
        self.assert_logged(*8 * [(200, "complete")])

    def test_the_sdks_own_collector_understands_the_stream(self):
        http_client = openai.DefaultHttpxClient(trust_env=False)
        self.addCleanup(http_client.close)
        client = openai.OpenAI(
            base_url=f"http://{blotter.address}/openai/v1",
            api_key=KEY,
            default_headers=self.headers,
            http_client=http_client,
        )
        with client.chat.completions.stream(model="fake", messages=[user(CUSTOMER)]) as stream:
            message = stream.get_final_completion().choices[0].message
        self.assertEqual(message.content, CUSTOMER)
        self.assert_logged((200, "complete"))


class Anthropic(Promises, Conversation):
    """Messages."""

    sdk = anthropic
    broken = anthropic.APIStatusError
    tools = [{"name": "open_ticket", "description": "Mails {EMAIL}".format(**VALUES), "input_schema": SCHEMA}]

    def client(self, route="anthropic", max_retries=0):
        http_client = anthropic.DefaultHttpxClient(trust_env=False, event_hooks={"request": [self.keep]})
        self.addCleanup(http_client.close)
        return anthropic.Anthropic(
            base_url=f"http://{blotter.address}/{route}",
            api_key=KEY,
            max_retries=max_retries,
            default_headers=self.headers,
            http_client=http_client,
        )

    def create(self, messages, system=None, *, model="fake", max_retries=0, route="anthropic", **options):
        if system:
            options["system"] = [{"type": "text", "text": system, "cache_control": {"type": "ephemeral"}}]
        client = self.client(route, max_retries)
        return client.messages.create(model=model, max_tokens=1000, messages=messages, **options)

    def ask(self, *request, **options):
        return self.create(*request, **options).content[0].text

    def stream(self, *request, **options):
        with self.create(*request, stream=True, **options) as events:
            for event in events:
                yield event.type == "content_block_delta" and event.delta.text

    def call(self, messages):
        [block] = self.create(messages, tools=self.tools).content
        self.assertEqual((block.type, block.name), ("tool_use", "open_ticket"))
        return block.input

    def stream_call(self, messages):
        with self.create(messages, tools=self.tools, stream=True) as events:
            for event in events:
                yield event.type == "content_block_delta" and event.delta.partial_json

    def tool_history(self):
        call = {"who": VALUES["EMAIL"], "why": CUSTOMER, VALUES["PHONE"]: True}
        result = [{"type": "text", "text": "CRM says: " + CUSTOMER}]
        return [
            user(CUSTOMER),
            assistant([{"type": "tool_use", "id": "toolu_1", "name": "crm", "input": call}]),
            user([{"type": "tool_result", "tool_use_id": "toolu_1", "content": result}]),
        ]

    def test_an_async_bot_gets_its_values(self):
        async def ask():
            http_client = anthropic.DefaultAsyncHttpxClient(trust_env=False, event_hooks={"request": [self.keep_async]})
            async with anthropic.AsyncAnthropic(
                base_url=f"http://{blotter.address}/anthropic",
                api_key=KEY,
                default_headers=self.headers,
                http_client=http_client,
            ) as client:
                request = {"model": "fake", "max_tokens": 1000, "messages": [user(CUSTOMER)]}
                whole = await client.messages.create(**request)
                async with client.messages.stream(**request) as stream:
                    streamed = "".join([piece async for piece in stream.text_stream])
                return whole.content[0].text, streamed

        self.assertEqual(asyncio.run(ask()), (CUSTOMER, CUSTOMER))
        self.assert_forwarded()
        self.assert_logged((200, "complete"), (200, "complete"))

    def test_the_sdks_own_collector_understands_the_stream(self):
        request = {"model": "fake", "max_tokens": 1000, "messages": [user(CUSTOMER)], "tools": self.tools}
        with self.client().messages.stream(**request) as stream:
            [block] = stream.get_final_message().content
        self.assertEqual(block.input, {"note": CUSTOMER})
        self.assert_logged((200, "complete"))

    def test_tokens_are_counted_without_the_values(self):
        counted = self.client().messages.count_tokens(model="fake", messages=[user(CUSTOMER)])
        self.assertGreater(counted.input_tokens, 0)
        self.assert_forwarded()
        self.assert_logged((200, "complete"))


class WithoutAnSdk(Conversation):
    """What no SDK sends or shows."""

    def post(self, body, target="/v1/chat/completions", **headers):
        headers = {"content-type": "application/json", "authorization": f"Bearer {KEY}", **self.headers, **headers}
        return send(blotter.address, "POST", target, body.encode(), headers)

    def test_headers_of_the_answer_pass(self):
        answer = self.post(json.dumps({"model": "fake-status-429", "messages": [user(CUSTOMER)]}))
        self.assertEqual(answer.status, 429)
        self.assertEqual((answer.headers["retry-after"], answer.headers["x-request-id"]), ("1", "req_fake"))
        [exchange] = self.assert_logged((429, "complete"))
        self.assertEqual(answer.headers["x-blotter-exchange"], exchange["exchange"])

    def test_headers_of_the_request_pass_but_those_for_blotter(self):
        body = '{"model": "fake",\t"messages": [{"role":"user", "content":"\\u0068i"}], "n":1.0}'
        self.assertEqual(self.post(body, **{"x-customer": "Ann, {PHONE}".format(**VALUES), "x-shop": "7"}).status, 200)
        [request] = self.look()
        headers = dict(request["headers"])
        self.assertEqual(request["body"], body)
        self.assertEqual((headers["authorization"], headers["x-shop"]), (f"Bearer {KEY}", "7"))
        self.assertEqual(fill(headers["x-customer"]), "Ann, {PHONE}".format(**VALUES))
        self.assertEqual(headers["accept-encoding"], "identity")
        [exchange] = self.assert_logged((200, "complete"))
        self.assertTrue(exchange["subject"].startswith("sub_"))

    def test_what_cannot_be_read_is_refused(self):
        message = json.dumps(user(CUSTOMER))
        refused = [
            self.post(f'{{"model": "fake", "messages": [{message}], "messages": []}}'),
            self.post(f'{{"model": "fake", "messages": [{message}]'),
            self.post(f'{{"messages": [{message}]}}', **{"content-encoding": "gzip"}),
            self.post(f'{{"messages": [{message}]}}', "/v1/chat/completions?mail={EMAIL}".format(**VALUES)),
        ]
        self.assertEqual([answer.status for answer in refused], [400, 400, 415, 400])
        for answer in refused:
            self.assertEqual(answer.headers["x-should-retry"], "false")
            self.assertEqual(json.loads(answer.text)["error"]["type"], "invalid_request_error")
            self.assert_clean(answer.text, "a refusal")
        self.assertEqual(self.look(), [])
        self.assert_logged(*[(answer.status, "refused") for answer in refused])


if __name__ == "__main__":
    result = unittest.main(exit=False, verbosity=2).result
    failed = len({test.id().split(" (")[0] for test, _ in result.failures + result.errors})
    print(f"{max(result.testsRun - failed, 0)} passed, {failed} failed", flush=True)
    sys.exit(not result.wasSuccessful())
