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

use crate::role::Role;
use crate::wire::frame::Framing;
use crate::wire::json::{Document, Kind, NodeId};

pub use files::{LINE, PIECEWISE, takes_pieces};

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
    /// Writes one as an event of a WebSocket; there if the API tells errors so, and not by closing alone.
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

/// What stands at a position of a body. An array has the shape of its elements.
#[derive(Debug)]
pub enum Shape {
    /// What lanes have said, once more and whole: the lanes below are restored by themselves.
    Again(&'static Self),
    /// A secret meant for the provider: forwarded as it came, but kept out of the log.
    Credential,
    /// A plain value in one shape, or an object in another, as in an image's address or `{"url": …, "detail": …}`.
    Either {
        /// The shape of a string or a number.
        plain: &'static Self,
        /// The shape of an object.
        object: &'static Self,
    },
    /// A file in base64 or as a `data:` URI, or the address of one. If it is a text it is read, else it is opaque.
    File,
    /// A list whose places number nothing: its elements go on with the lanes of the frame before.
    Flow(&'static Self),
    /// An object whose shape depends on what its member `tag` says.
    Kinds {
        /// The member that tells.
        tag: &'static str,
        /// What it may say, and the shape then.
        kinds: &'static [(&'static str, &'static Shape)],
        /// The shape otherwise, also of a string in the object's place.
        rest: &'static Shape,
    },
    /// A strand of an answer's text. In a stream its pieces belong together; a container in its place is restored string by string.
    Lane(Strand),
    /// Anything but `null` here says that the lanes of this choice or block get no more text.
    LaneEnd,
    /// Sound or pictures in base64, as they are taken, or an object with them as `data`: cannot be read, so a message with
    /// these is refused unless they are exempt.
    Media,
    /// What a lane says, token by token once more. It cannot be restored or guarded in pieces: it leaves as it came, and not at all
    /// on a route that guards its answers.
    Mirror,
    /// A lane that goes by this name, and not by the key that it stands under.
    NamedLane(&'static str, Strand),
    /// An object with these members; others have the shape `rest`. A string in the object's place has the shape `rest` too.
    Object {
        /// The members known, and their shapes.
        fields: &'static [(&'static str, &'static Shape)],
        /// The shape of all other members.
        rest: &'static Shape,
    },
    /// Where in the lane of this name, of the choice or block around it, something points, counted in this unit.
    Offset(&'static str, Unit),
    /// Forwarded as it came, neither scanned nor restored: a string, a number or a list of them. An object here is text.
    Opaque,
    /// Words of this role, whoever said the rest.
    Said(Role, &'static Self),
    /// An object whose members `under` are opaque while its member `seal` holds a signature; all else in it is text.
    Sealed {
        /// The member with the signature.
        seal: &'static str,
        /// The shape while it does.
        under: &'static Shape,
    },
    /// What a signature covers: forwarded as it came, neither redacted nor restored, but what is found in it is told.
    Signed,
    /// Text that names the customer: where the bot is on WhatsApp, a phone number without its plus.
    Subject,
    /// What a model reads or writes: every string, number and key below is scanned, or restored in an answer.
    Text,
    /// The name of a tool, beside its arguments: forwarded as it came.
    Tool,
    /// Text, or in its place the numbers of a tokenizer, which cannot be read: a request with these is refused.
    TextOrTokens,
}

/// What an API counts the places of a text in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// Bytes of UTF-8.
    Bytes,
    /// Unicode code points.
    Characters,
}

/// What a lane's text is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Strand {
    /// A string among a tool's arguments.
    Argument,
    /// The source of a JSON text: a tool's arguments.
    Arguments,
    /// What the user reads.
    Text,
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
        let text = (self.refusal)(refusal);
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

impl Shape {
    /// The shape of the value at `id`, now that its kind and members can be seen. An array keeps its elements' shape.
    pub fn resolve(&'static self, document: &Document, id: NodeId) -> &'static Self {
        match (self, document.kind(id)) {
            (_, Kind::Array) => self,
            (Self::Either { object, .. }, Kind::Object) => object.resolve(document, id),
            (Self::Either { plain, .. }, _) => plain.resolve(document, id),
            (Self::Kinds { tag, kinds, rest }, _) => {
                let said = document.member(id, tag).map(|tag| document.text(tag));
                let kind = said.and_then(|said| kinds.iter().find(|(kind, _)| said == *kind));
                kind.map_or(*rest, |(_, shape)| *shape).resolve(document, id)
            }
            (Self::Sealed { seal, under }, _) => match document.member(id, seal) {
                Some(seal) if document.kind(seal) == Kind::String && !document.inner(seal).is_empty() => under,
                _ => &Self::Text,
            },
            (Self::Object { rest, .. }, Kind::Literal | Kind::Number | Kind::String) => rest.resolve(document, id),
            _ => self,
        }
    }

    /// Whether an object of this shape names, as its `role`, whose words it holds.
    pub fn tells_role(&self) -> bool {
        matches!(self, Self::Object { fields, .. } if fields.iter().any(|(field, _)| *field == "role"))
    }

    /// The member of an object of this shape that names a tool, if one does.
    pub fn tool(&self) -> Option<&'static str> {
        let Self::Object { fields, .. } = self else { return None };
        fields.iter().find(|(_, shape)| matches!(shape, Self::Tool)).map(|(field, _)| *field)
    }

    /// The shape of the member `name`. Whether the name itself is known to the table tells [`Shape::knows`].
    pub fn member(&'static self, name: &str) -> &'static Self {
        match self {
            Self::Object { fields, rest } => {
                fields.iter().find(|(field, _)| *field == name).map_or(*rest, |(_, shape)| *shape)
            }
            other => other,
        }
    }

    /// `name` as the table spells it, if it lists it.
    pub fn listed(&self, name: &str) -> Option<&'static str> {
        let Self::Object { fields, .. } = self else { return None };
        fields.iter().map(|(field, _)| *field).find(|field| *field == name)
    }

    /// The shape of the member `name`, and whether the name itself is known to the table.
    pub fn field(&'static self, name: &str) -> (&'static Self, bool) {
        match self {
            Self::Object { fields, rest } => match fields.iter().find(|(field, _)| *field == name) {
                Some((_, shape)) => (shape, true),
                None => (rest, !matches!(rest, Self::Text)),
            },
            other => (other, false),
        }
    }

    /// Whether `name`, as a key of an object of this shape, is a name that a program resolves, and not text.
    pub fn knows(&self, name: &str) -> bool {
        match self {
            Self::Object { fields, rest } => {
                !matches!(rest, Self::Text) || fields.iter().any(|(field, _)| *field == name)
            }
            _ => false,
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
        let message = Dialect::of("/v1/chat/completions").request.member("messages");
        assert!(matches!(message.member("role"), Shape::Opaque));
        assert!(matches!(message.member("invented_tomorrow"), Shape::Text));
    }
}
