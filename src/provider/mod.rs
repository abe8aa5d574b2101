//! What each API looks like, as tables: where the model's text is, what must never be touched, how answers stream.
//!
//! A [`Dialect`] is one endpoint's tables and is chosen by the ending of the path, never by a header. The rule behind every
//! [`Shape`]: all is [`Shape::Text`] unless a table says otherwise, so a field that an API gains tomorrow is scanned today.

mod agents;
mod anthropic;
mod any;
mod bedrock;
mod cohere;
mod files;
mod gemini;
mod invoke;
mod mistral;
mod ollama;
mod openai;
mod path;
mod schema;
mod shape;

use crate::wire::frame::Framing;
use crate::wire::json::Document;

pub use files::{LINE, PIECEWISE, RESUMABLE, Resumable, takes_pieces};
pub use shape::{Shape, Strand, Unit};

/// The tables of one endpoint.
#[derive(Debug)]
pub struct Dialect {
    /// The API and the endpoint, as in `openai/chat`.
    pub name: &'static str,
    /// The endings of the paths that speak it; `*` stands for any text within a segment, `{model}` for the model's name.
    endings: &'static [&'static str],
    /// The request's body.
    pub request: &'static Shape,
    /// The answer's body when it comes whole.
    pub answer: &'static Shape,
    /// The answer's frames when it streams.
    pub event: &'static Shape,
    /// How an answer is cut that is said to be JSON and no more.
    pub json: Framing,
    /// How an answer is cut that is said to be bytes and no more; `None` where these are no text.
    pub bytes: Option<Framing>,
    /// The member of a frame that holds the frame proper, in base64.
    pub wrapped: Option<&'static str>,
    /// The members by which a frame says which item, block or part it belongs to: by numbers or by ids.
    pub numbers: &'static [&'static str],
    /// Which requests have their answer streamed.
    pub streams: Streams,
    /// Where the request names the model.
    pub model: Pointer,
    /// Where the request names the customer, best first.
    pub subject: &'static [Pointer],
    /// Where an answer or a frame of it counts tokens.
    pub usage: &'static [(Pointer, Tokens)],
    /// What the last frame of a stream says.
    pub end: End,
    /// Where requests and answers name what the provider keeps of a conversation.
    pub state: State,
    /// Writes an error of Blotter's own in the API's shape.
    pub refusal: fn(&Refusal) -> String,
    /// Writes one as an event of a stream; there if the API tells errors so, and not as in an answer.
    pub error_event: Option<fn(&Refusal) -> String>,
}

/// The names of the members that lead from the root to a value.
pub type Pointer = &'static [&'static str];

/// Where an API names what it keeps. In a path these are the segments that an ending leaves open.
#[derive(Clone, Copy, Debug)]
pub struct State {
    /// What a request goes on with.
    pub asks: &'static [Pointer],
    /// What an answer or a frame of it begins or goes on with.
    pub tells: &'static [Pointer],
}

impl State {
    /// Nothing is kept.
    pub const NONE: Self = Self { asks: &[], tells: &[] };
}

/// How an API ends a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// By closing it.
    Close,
    /// By a frame whose member of this name says one of these.
    Member(&'static str, &'static [&'static str]),
    /// By a payload that says this and nothing else.
    Payload(&'static str),
}

/// Which requests have their answer streamed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Streams {
    /// All.
    Always,
    /// Those whose member `stream` is true.
    Asked,
    /// All but those whose member `stream` is false.
    UnlessRefused,
}

/// What an API counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tokens {
    /// Prompt tokens that the provider had in its cache.
    Cached,
    /// Prompt tokens.
    Input,
    /// Tokens of the answer.
    Output,
}

/// An error of Blotter's own, before it has a shape.
#[derive(Debug, Clone)]
pub struct Refusal {
    /// The HTTP status, for APIs that repeat it in the body.
    pub status: u16,
    /// What a program may look at, as in `json/duplicate-key`.
    pub code: &'static str,
    /// What happened, to what, and what to do.
    pub message: String,
}

/// An error that says its type.
#[derive(serde::Deserialize)]
struct Typed {
    #[serde(rename = "type")]
    _type: String,
}

impl Dialect {
    /// An error of Blotter's own as a frame of a stream; an element of a list is without what stands around it there. An API whose
    /// errors say their type names its events by it.
    pub fn error_frame(&self, framing: Framing, refusal: &Refusal) -> Option<Vec<u8>> {
        let text = self.error_event.unwrap_or(self.refusal)(refusal);
        match framing {
            Framing::Elements => Some(text.into()),
            Framing::Events if serde_json::from_str::<Typed>(&text).is_ok() => {
                Some(format!("event: error\ndata: {text}\n\n").into())
            }
            Framing::Events => Some(format!("data: {text}\n\n").into()),
            Framing::Lines => Some(format!("{text}\n").into()),
            Framing::Messages => Some(bedrock::exception(refusal)),
            Framing::Text | Framing::Whole => None,
        }
    }

    /// The tables for a path, without its query. Paths that no table knows are walked whole.
    pub fn of(path: &str) -> &'static Self {
        // Some clients write a colon as `%3A`, or end a path with a slash.
        let path = path.trim_end_matches('/').replace("%3A", ":").replace("%3a", ":");
        let speaks = |dialect: &&Self| dialect.endings.iter().any(|ending| path::ends(&path, ending));
        DIALECTS.iter().copied().find(speaks).unwrap_or(&any::ANY)
    }

    /// The tables of this name.
    pub fn named(name: &str) -> Option<&'static Self> {
        Self::all().find(|dialect| dialect.name == name)
    }

    /// All tables; the last are those of paths that no other table knows.
    pub fn all() -> impl Iterator<Item = &'static Self> {
        DIALECTS.iter().copied().chain([&any::ANY])
    }

    /// The model that a path names, as it is written there.
    pub fn model_in<'p>(&self, path: &'p str) -> Option<&'p str> {
        self.endings.iter().find_map(|ending| path::model(path, ending))
    }

    /// The ids that a path names.
    pub fn ids_in<'p>(&self, path: &'p str) -> Vec<&'p str> {
        if self.state.tells.is_empty() {
            return Vec::new();
        }
        self.endings
            .iter()
            .find(|ending| path::ends(path, ending))
            .map(|ending| path::open(path, ending))
            .unwrap_or_default()
    }

    /// Whether this request has its answer streamed.
    pub fn is_streamed(&self, request: &Document) -> bool {
        let asked = request.at(&["stream"]).map(|id| request.source(id));
        match self.streams {
            Streams::Always => true,
            Streams::Asked => asked == Some("true"),
            Streams::UnlessRefused => asked != Some("false"),
        }
    }
}

/// Checked in this order: a longer ending stands before its own end, a name before the `*` that stands for it.
const DIALECTS: &[&Dialect] = &[
    &openai::CHAT,
    &mistral::FILL_IN,
    &mistral::AGENTS,
    &mistral::CHECKS,
    &ollama::CHAT,
    &ollama::GENERATE,
    &ollama::EMBED,
    &openai::COMPLETIONS,
    &openai::INPUT_TOKENS,
    &openai::COMPACT,
    &openai::RESPONSES,
    &openai::CONVERSATIONS,
    &openai::EMBEDDINGS,
    &openai::MODERATIONS,
    &openai::IMAGES,
    &openai::SPEECH,
    &openai::THREADS,
    &openai::REALTIME,
    &openai::SESSIONS,
    &openai::CALLS,
    &openai::STORES,
    &anthropic::COUNT_TOKENS,
    &anthropic::BATCHES,
    &anthropic::INVOKE_STREAM,
    &anthropic::MESSAGES,
    &anthropic::COMPLETE,
    &gemini::STREAM,
    &gemini::GENERATE,
    &gemini::EMBED,
    &gemini::INTERACTIONS,
    &gemini::LIVE,
    &mistral::OCR,
    &cohere::CHAT,
    &any::LM_STUDIO,
    &cohere::CHAT_V1,
    &cohere::TOKENS,
    &cohere::TEXTS,
    &bedrock::CONVERSE,
    &bedrock::CONVERSE_STREAM,
    &invoke::INVOKE,
    &invoke::INVOKE_STREAM,
    &files::TRANSCRIPTIONS,
    &files::FILES,
    &files::CONTENT,
    &files::BATCHES,
    &agents::AGENTS,
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ending_of_the_path_chooses_the_dialect() {
        let check = |path: &str, name: &str| assert_eq!(Dialect::of(path).name, name, "{path}");
        check("/v1/chat/completions", "openai/chat");
        check("/openai/deployments/x/chat/completions", "openai/chat");
        check("/v1beta/openai/chat/completions", "openai/chat");
        check("/openai/v1/responses", "openai/responses");
        check("/openai/responses", "openai/responses");
        check("/v1/responses/resp_1", "openai/responses");
        check("/v1/responses/resp_1/cancel", "openai/responses");
        check("/v1/responses/compact", "openai/compact");
        check("/v1/responses/input_tokens", "openai/input_tokens");
        check("/v1/conversations/conv_1/items", "openai/conversations");
        check("/openai/deployments/x/completions", "openai/completions");
        check("/openai/deployments/x/embeddings", "openai/embeddings");
        check("/v1/moderations", "openai/moderations");
        check("/v1/images/generations", "openai/images");
        check("/v1/audio/speech", "openai/speech");
        check("/v1/threads/t/messages", "openai/threads");
        check("/v1/threads/t/runs/r/submit_tool_outputs", "openai/threads");
        check("/v1/messages", "anthropic/messages");
        check("/v1/messages/count_tokens", "anthropic/count_tokens");
        check("/v1/messages/batches", "anthropic/batches");
        check("/v1/projects/p/locations/l/publishers/anthropic/models/c:streamRawPredict", "anthropic/messages");
        check("/model/us.anthropic.claude-x-v1%3A0/invoke", "anthropic/messages");
        check("/model/us.anthropic.claude-x-v1%3A0/invoke-with-response-stream", "anthropic/invoke-stream");
        check("/v1/complete", "anthropic/complete");
        check("/v1beta/models/gemini-3-pro:generateContent", "gemini/generate");
        check("/models/gemini-3-pro:generateContent", "gemini/generate");
        check("/v1/projects/p/locations/l/publishers/google/models/g:streamGenerateContent", "gemini/stream");
        check("/v1beta/models/g:countTokens", "gemini/generate");
        check("/v1beta/cachedContents", "gemini/generate");
        check("/v1beta/cachedContents/c", "gemini/generate");
        check("/v1beta/models/g:batchEmbedContents", "gemini/embed");
        check("/v1beta/interactions", "gemini/interactions");
        check("/v1/realtime", "openai/realtime");
        check("/v1/realtime/client_secrets", "openai/sessions");
        check("/v1/realtime/calls", "openai/calls");
        check("/v1/realtime/calls/rtc_1/accept", "openai/sessions");
        check("/v1/vector_stores/vs_1/search", "openai/stores");
        check("/v1/evals/eval_1/runs", "openai/stores");
        check("/v1/chat/moderations", "mistral/checks");
        check("/v1/moderations", "openai/moderations");
        check("/v1/sessions/s_1/events", "agents");
        check("/v1/detokenize", "tokens");
        check("/ws/google.ai.generativelanguage.v1beta.GenerativeService.BidiGenerateContent", "gemini/live");
        check("/ws/google.cloud.aiplatform.v1.LlmBidiService/BidiGenerateContent", "gemini/live");
        check("/api/chat", "ollama/chat");
        check("/api/generate", "ollama/generate");
        check("/api/embed", "ollama/embed");
        check("/v1/fim/completions", "mistral/fim");
        check("/v1/agents/completions", "mistral/agents");
        check("/v2/chat", "cohere/chat");
        check("/v1/chat", "cohere/v1");
        check("/api/v1/chat", "lmstudio/chat");
        check("/v2/rerank", "cohere/texts");
        check("/model/us.amazon.nova-2-lite-v1%3A0/converse", "bedrock/converse");
        check("/model/us.amazon.nova-2-lite-v1%3A0/converse-stream", "bedrock/stream");
        check("/v1beta/models/g%3AgenerateContent", "gemini/generate");
        check("/v1/chat/completions/", "openai/chat");
        check("/model/meta.llama4-scout-v1%3A0/invoke", "bedrock/invoke");
        check(
            "/model/arn%3Aaws%3Abedrock%3Aus-east-1%3A1%3Ax%2Fy/invoke-with-response-stream",
            "bedrock/invoke-stream",
        );
        check("/v1/batches", "batches");
        check("/v1/files/file-1/content", "files/content");
        check("/v1beta/files/f:download", "files/content");
        check("/v1/projects/p/locations/l/publishers/mistralai/models/m:streamRawPredict", "openai/chat");
        check("/v1/files", "files");
        check("/upload/v1beta/files", "files");
        check("/v1/audio/transcriptions", "transcriptions");
        check("/v1/models", "any");
        check("/", "any");
    }

    #[test]
    fn every_dialect_is_chosen_by_each_of_its_endings() {
        for dialect in DIALECTS {
            for ending in dialect.endings {
                assert_eq!(
                    Dialect::of(&format!("/{}", ending.replace('*', "x").replace("{model}", "x"))).name,
                    dialect.name,
                    "{ending}"
                );
            }
        }
    }

    #[test]
    fn a_member_that_no_table_knows_is_text() {
        let messages = Dialect::of("/v1/chat/completions").request.field("messages").0;
        assert!(matches!(messages.field("role"), (Shape::Opaque, true)));
        assert!(matches!(messages.field("invented_tomorrow"), (Shape::Text, false)));
    }
}
