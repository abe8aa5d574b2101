// The official SDKs for JavaScript, each through the same scenarios. Prints a line of JSON for each: what came back, or the error.
//
// Run by test_node.py, which says in STAGE where the proxies are and what to say, and looks at what the providers received.

import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";

// Only rows belong on stdout.
globalThis.AI_SDK_LOG_WARNINGS = false;

const stage = JSON.parse(process.env.STAGE);
const require = createRequire(stage.packages + "/package.json");
const load = (name) => import(pathToFileURL(require.resolve(name)).href);

const { default: OpenAI } = await load("openai");
const { default: Anthropic } = await load("@anthropic-ai/sdk");
const { generateText, jsonSchema, streamText, tool } = await load("ai");
const { createOpenAI } = await load("@ai-sdk/openai");
const { createAnthropic } = await load("@ai-sdk/anthropic");

const user = (content) => ({ role: "user", content });
const assistant = (content) => ({ role: "assistant", content });
const headers = (scenario) => ({ "x-scenario": scenario, "x-blotter-conversation": scenario });
const called = (text) => JSON.parse(text);

function openai(url, scenario, maxRetries) {
  return new OpenAI({ baseURL: url + "/openai/v1", apiKey: stage.key, maxRetries, defaultHeaders: headers(scenario) });
}

const CHAT_TOOL = { type: "function", function: { name: "note", description: stage.about, parameters: stage.schema } };
const RESPONSES_TOOL = { type: "function", name: "note", description: stage.about, parameters: stage.schema, strict: false };
const MESSAGES_TOOL = { name: "note", description: stage.about, input_schema: stage.schema };
const AI_TOOLS = { note: tool({ description: stage.about, inputSchema: jsonSchema(stage.schema) }) };

const clients = {
  "openai chat": {
    async ask({ scenario, model, messages, retries, tools }) {
      const client = openai(stage.fake, scenario, retries);
      const { message } = (await client.chat.completions.create({ model, messages, tools: tools && [CHAT_TOOL] })).choices[0];
      return tools ? called(message.tool_calls[0].function.arguments) : message.content;
    },
    async *stream({ scenario, model, messages, signal, tools }) {
      const request = { model, messages, stream: true, tools: tools && [CHAT_TOOL] };
      for await (const chunk of await openai(stage.fake, scenario, 0).chat.completions.create(request, { signal })) {
        const delta = chunk.choices[0]?.delta;
        yield (tools ? delta?.tool_calls?.[0]?.function?.arguments : delta?.content) ?? "";
      }
    },
  },
  "openai responses": {
    async ask({ scenario, model, messages, retries, tools }) {
      const request = { model, input: messages, tools: tools && [RESPONSES_TOOL] };
      const response = await openai(stage.echo, scenario, retries).responses.create(request);
      return tools ? called(response.output[0].arguments) : response.output_text;
    },
    async *stream({ scenario, model, messages, signal, tools }) {
      const request = { model, input: messages, stream: true, tools: tools && [RESPONSES_TOOL] };
      const kind = tools ? "response.function_call_arguments.delta" : "response.output_text.delta";
      for await (const event of await openai(stage.echo, scenario, 0).responses.create(request, { signal })) {
        if (event.type === kind) yield event.delta;
      }
    },
  },
  anthropic: {
    client: (scenario, maxRetries) =>
      new Anthropic({ baseURL: stage.fake + "/anthropic", apiKey: stage.key, maxRetries, defaultHeaders: headers(scenario) }),
    async ask({ scenario, model, messages, retries, tools }) {
      const request = { model, messages, max_tokens: 100, tools: tools && [MESSAGES_TOOL] };
      const [block] = (await this.client(scenario, retries).messages.create(request)).content;
      return tools ? block.input : block.text;
    },
    async *stream({ scenario, model, messages, signal, tools }) {
      const request = { model, messages, max_tokens: 100, stream: true, tools: tools && [MESSAGES_TOOL] };
      for await (const event of await this.client(scenario, 0).messages.create(request, { signal })) {
        if (event.type === "content_block_delta") yield event.delta.text ?? event.delta.partial_json ?? "";
      }
    },
  },
  "ai openai": ai((scenario, model) =>
    createOpenAI({ baseURL: stage.echo + "/openai/v1", apiKey: stage.key, headers: headers(scenario) })(model)),
  "ai openai chat": ai((scenario, model) =>
    createOpenAI({ baseURL: stage.fake + "/openai/v1", apiKey: stage.key, headers: headers(scenario) }).chat(model)),
  "ai anthropic": ai((scenario, model) =>
    createAnthropic({ baseURL: stage.fake + "/anthropic/v1", apiKey: stage.key, headers: headers(scenario) })(model)),
};

function ai(model_of) {
  return {
    async ask({ scenario, model, messages, retries, tools }) {
      const request = { model: model_of(scenario, model), messages, maxRetries: retries ?? 0, tools: tools && AI_TOOLS };
      const answer = await generateText(request);
      return tools ? answer.toolCalls[0].input : answer.text;
    },
    async *stream({ scenario, model, messages, signal, tools }) {
      const request = { model: model_of(scenario, model), messages, maxRetries: 0, abortSignal: signal, tools: tools && AI_TOOLS };
      let aborted = false;
      for await (const part of streamText({ ...request, onError: () => {} }).fullStream) {
        if (part.type === "error") throw part.error;
        aborted ||= part.type === "abort";
        if (part.type === "text-delta") yield part.text;
        if (part.type === "tool-input-delta") yield part.delta;
      }
      if (aborted) throw new Error("aborted");
    },
  };
}

const model = "fake";
const scenarios = {
  plain: (client, scenario) => client.ask({ scenario, model, messages: [user(stage.text)] }),
  streaming: (client, scenario) => collect(client.stream({ scenario, model, messages: [user(stage.text)] })),
  "a tool": (client, scenario) => client.ask({ scenario, model, messages: [user(stage.text)], tools: true }),
  "a streamed tool": async (client, scenario) =>
    called(await collect(client.stream({ scenario, model, messages: [user(stage.text)], tools: true }))),
  turns: async (client, scenario) => {
    const first = [user(stage.text)];
    const answer = await client.ask({ scenario, model, messages: first });
    await client.ask({ scenario, model, messages: [...first, assistant(answer), user(stage.question)] });
    return answer;
  },
  "an error": (client, scenario) =>
    client.ask({ scenario, model: "fake-status-400", messages: [user(stage.text)], retries: 2 }),
  retries: (client, scenario) => client.ask({ scenario, model: "fake-status-500", messages: [user(stage.text)], retries: 1 }),
  "an abort": async (client, scenario) => {
    const controller = new AbortController();
    const messages = [user(stage.text.repeat(20))];
    for await (const piece of client.stream({ scenario, model, messages, signal: controller.signal })) {
      if (piece) controller.abort();
    }
  },
  "5 MB": async (client, scenario) => {
    const text = "all is well, thank you. ".repeat((5 << 20) / 24) + stage.text;
    return (await client.ask({ scenario, model, messages: [user(text)] })) === text;
  },
};

async function collect(pieces) {
  let text = "";
  for await (const piece of pieces) text += piece;
  return text;
}

for (const [name, client] of Object.entries(clients)) {
  for (const [what, play] of Object.entries(scenarios)) {
    const scenario = `${name}: ${what}`;
    const told = { scenario };
    try {
      told.got = await play(client, scenario);
    } catch (error) {
      told.error = { name: error.name, status: error.status ?? error.statusCode ?? error.lastError?.statusCode ?? null, message: error.message };
    }
    console.log(JSON.stringify(told));
  }
}
