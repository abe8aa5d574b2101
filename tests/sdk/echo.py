"""A provider that says again what it was asked, in every API's own shape, whole or in pieces."""

import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

PIECE = 4

# Seconds between the pieces of a model that is named `fake-slow`.
PAUSE = 0.02


class Echo:
    """The provider, and the bodies that it has seen."""

    def __init__(self):
        self.seen = []
        # With the headers.
        self.received = []
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), self.handler())
        self.address = "127.0.0.1:%d" % self.server.server_port
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def stop(self):
        self.server.shutdown()
        self.server.server_close()

    def handler(echo):
        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_):
                pass

            def do_POST(self):
                body = self.rfile.read(int(self.headers["content-length"] or 0)).decode()
                echo.received.append((dict(self.headers), body))
                if self.headers["x-goog-upload-command"]:
                    return self.upload(body)
                echo.seen.append(body)
                request = json.loads(body)
                model = f"{self.path} {request.get('model')}"
                status, content_type, chunks = trouble(model) or (200, *answer(self.path, request))
                self.send_response(status)
                self.send_header("content-type", content_type)
                self.send_header("transfer-encoding", "chunked")
                self.end_headers()
                try:
                    for chunk in chunks:
                        chunk = chunk.encode()
                        self.wfile.write(b"%x\r\n%s\r\n" % (len(chunk), chunk))
                        self.wfile.flush()
                        time.sleep(PAUSE if "fake-slow" in model else 0)
                    self.wfile.write(b"0\r\n\r\n")
                except ConnectionError:
                    # Whoever asked has left.
                    self.close_connection = True

            def upload(self, body):
                """Tells the address of an upload, or what came there."""
                is_begun = self.headers["x-goog-upload-command"] == "start"
                told = json.dumps({"file": {"name": "files/1", "displayName": body}}).encode()
                self.send_response(200)
                self.send_header("content-type", "application/json")
                self.send_header("content-length", str(len(told)))
                self.send_header("x-goog-upload-status", "active" if is_begun else "final")
                if is_begun:
                    address = f"http://{self.headers['host']}/upload/v1beta/files?upload_id=1"
                    self.send_header("x-goog-upload-url", address)
                self.end_headers()
                self.wfile.write(told)

        return Handler


def trouble(model):
    """An error, if the model's name asks for one, as in `fake-status-429`."""
    _, asked, status = model.partition("fake-status-")
    body = '{"error":{"message":"you asked for trouble","type":"fake"},"message":"you asked for trouble"}'
    return asked and (int(status[:3]), "application/json", [body])


def answer(path, request):
    """The content type and the chunks of an answer."""
    path, _, query = path.partition("?")
    for ending, answer in ANSWERS.items():
        if path.endswith(ending):
            return answer(request, query)
    return "application/json", ["{}"]


def pieces(text):
    return [text[at : at + PIECE] for at in range(0, len(text), PIECE)]


def events(payloads, named=True):
    """Server-sent events, each named by its type."""
    event = lambda payload: f"event: {payload['type']}\n" if named else ""
    return "text/event-stream", [f"{event(payload)}data: {json.dumps(payload)}\n\n" for payload in payloads]


def whole(payload):
    return "application/json", [json.dumps(payload)]


def last_text(value):
    """The last text of a request, wherever it stands."""
    if isinstance(value, str):
        return value
    for inner in reversed(value if isinstance(value, list) else list(value.values()) if isinstance(value, dict) else []):
        if (found := last_text(inner)) and " " in found:
            return found
    return ""


def arguments(request):
    return json.dumps({"note": last_text(request)}) if request.get("tools") else None


def responses(request, _):
    text = last_text(request["input"])
    called = arguments({"tools": request.get("tools"), "input": request["input"]})
    if called:
        item = {"type": "function_call", "id": "f", "call_id": "c", "name": "note", "arguments": called, "status": "completed"}
    else:
        part = {"type": "output_text", "text": text, "annotations": []}
        item = {"type": "message", "id": "m", "role": "assistant", "status": "completed", "content": [part]}
    tools, instructions = request.get("tools") or [], request.get("instructions")
    response = {
        "id": "r", "object": "response", "created_at": 1, "model": "m", "status": "completed", "output": [item],
        "instructions": instructions, "tools": tools, "parallel_tool_calls": True, "tool_choice": "auto", "metadata": {},
    }
    if not request.get("stream"):
        return whole(response)
    place = {"item_id": item["id"], "output_index": 0}
    said = [
        {"type": "response.created", "response": {**response, "status": "in_progress", "output": []}},
        {"type": "response.output_item.added", "output_index": 0, "item": {**item, "arguments": ""} if called else {**item, "content": []}},
    ]
    if called:
        said += [{"type": "response.function_call_arguments.delta", **place, "delta": piece} for piece in pieces(called)]
        said.append({"type": "response.function_call_arguments.done", **place, "name": "note", "arguments": called})
    else:
        place["content_index"] = 0
        said.append({"type": "response.content_part.added", **place, "part": {"type": "output_text", "text": "", "annotations": []}})
        said += [{"type": "response.output_text.delta", **place, "delta": piece, "logprobs": []} for piece in pieces(text)]
        said.append({"type": "response.output_text.done", **place, "text": text, "logprobs": []})
    said += [{"type": "response.output_item.done", "output_index": 0, "item": item}, {"type": "response.completed", "response": response}]
    return events([{**event, "sequence_number": number} for number, event in enumerate(said)])


def gemini(text=None, called=None):
    part = {"functionCall": {"name": "note", "args": json.loads(called)}} if called else {"text": text}
    return {"candidates": [{"content": {"parts": [part], "role": "model"}, "index": 0}], "modelVersion": "m"}


def gemini_whole(request, _):
    called = arguments({"tools": request.get("tools"), "input": request["contents"]})
    return whole(gemini(last_text(request["contents"]), called))


def gemini_stream(request, query):
    called = arguments({"tools": request.get("tools"), "input": request["contents"]})
    chunks = [gemini(called=called)] if called else [gemini(piece) for piece in pieces(last_text(request["contents"]))]
    if "alt=sse" in query:
        return "text/event-stream", [f"data: {json.dumps(chunk)}\r\n\r\n" for chunk in chunks]
    return "application/json", ["[" + ",\r\n".join(json.dumps(chunk) for chunk in chunks) + "]"]


def ollama_chat(request, _):
    text = last_text(request["messages"])
    called = arguments({"tools": request.get("tools"), "input": request["messages"]})
    if called:
        message = {"role": "assistant", "content": "", "tool_calls": [{"function": {"name": "note", "arguments": json.loads(called)}}]}
        lines = [{"message": message, "done": False}]
    else:
        lines = [{"message": {"role": "assistant", "content": piece}, "done": False} for piece in pieces(text)]
    return ollama(request, lines, {"message": message if called else {"role": "assistant", "content": text}}, "message")


def ollama_generate(request, _):
    lines = [{"response": piece, "done": False} for piece in pieces(request["prompt"])]
    return ollama(request, lines, {"response": request["prompt"]}, "response")


def ollama(request, lines, answer, name):
    end = {"model": "m", "created_at": "2026-11-22T00:00:00Z", "done": True, "done_reason": "stop"}
    if request.get("stream") is False:
        return whole({**end, **answer})
    last = {"message": {"role": "assistant", "content": ""}} if name == "message" else {"response": ""}
    lines = [{**end, **line} for line in lines] + [{**end, **last}]
    return "application/x-ndjson", [json.dumps(line) + "\n" for line in lines]


def cohere(request, _):
    text = last_text(request["messages"])
    called = arguments({"tools": request.get("tools"), "input": request["messages"]})
    call = {"id": "t", "type": "function", "function": {"name": "note", "arguments": called}}
    if not request.get("stream"):
        message = {"role": "assistant", "tool_calls": [call]} if called else {"role": "assistant", "content": [{"type": "text", "text": text}]}
        return whole({"id": "c", "finish_reason": "TOOL_CALL" if called else "COMPLETE", "message": message})
    delta = lambda kind, message, **more: {"type": kind, **more, "delta": {"message": message}}
    said = [delta("message-start", {"role": "assistant", "content": []}, id="c")]
    if called:
        said.append(delta("tool-call-start", {"tool_calls": {**call, "function": {"name": "note", "arguments": ""}}}, index=0))
        said += [delta("tool-call-delta", {"tool_calls": {"function": {"arguments": piece}}}, index=0) for piece in pieces(called)]
        said += [{"type": "tool-call-end", "index": 0}, {"type": "message-end", "delta": {"finish_reason": "TOOL_CALL"}}]
        return events(said)
    said.append(delta("content-start", {"content": {"type": "text", "text": ""}}, index=0))
    said += [delta("content-delta", {"content": {"text": piece}}, index=0) for piece in pieces(text)]
    said += [{"type": "content-end", "index": 0}, {"type": "message-end", "delta": {"finish_reason": "COMPLETE"}}]
    return events(said)


def chat(request, _):
    text = last_text(request["messages"])
    called = arguments({"tools": request.get("tools"), "input": request["messages"]})
    call = lambda arguments: [{"index": 0, "id": "t", "type": "function", "function": {"name": "note", "arguments": arguments}}]
    chunk = {"id": "c", "object": "chat.completion", "created": 1, "model": "m"}
    usage = {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2}
    if not request.get("stream"):
        message = {"role": "assistant", "content": "", "tool_calls": call(called)} if called else {"role": "assistant", "content": text}
        finish = "tool_calls" if called else "stop"
        return whole({**chunk, "choices": [{"index": 0, "message": message, "finish_reason": finish}], "usage": usage})
    deltas = [{"tool_calls": call(piece)} for piece in pieces(called)] if called else [{"content": piece} for piece in pieces(text)]
    choices = [{"index": 0, "delta": delta, "finish_reason": None} for delta in deltas]
    choices.append({"index": 0, "delta": {"content": ""}, "finish_reason": "stop"})
    chunks = [{**chunk, "object": "chat.completion.chunk", "choices": [choice]} for choice in choices]
    content_type, said = events(chunks, named=False)
    return content_type, [*said, "data: [DONE]\n\n"]


def embeddings(request, _):
    return whole({"object": "list", "model": "m", "data": [{"object": "embedding", "index": 0, "embedding": [0.5]}]})


ANSWERS = {
    "/chat/completions": chat,
    "/responses": responses,
    "/embeddings": embeddings,
    ":generateContent": gemini_whole,
    ":streamGenerateContent": gemini_stream,
    "/api/chat": ollama_chat,
    "/api/generate": ollama_generate,
    "/v2/chat": cohere,
}
