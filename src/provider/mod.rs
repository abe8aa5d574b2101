//! What each API looks like, as tables: where the model's text is, what must never be touched, how answers stream.
//!
//! A [`Dialect`] is one endpoint's tables and is chosen by the ending of the path, never by a header. The rule behind every
//! [`Shape`]: all is [`Shape::Text`] unless a table says otherwise, so a field that an API gains tomorrow is scanned today.

mod anthropic;
mod any;
mod openai;
mod schema;

use crate::wire::json::{Document, Kind, NodeId};

/// The tables of one endpoint.
#[derive(Debug)]
pub struct Dialect {
    /// The API and the endpoint, as in `openai/chat`.
    pub name: &'static str,
    /// The ending of the paths that speak it.
    ending: &'static str,
    /// The request's body.
    pub request: &'static Shape,
    /// The answer's body when it comes whole.
    pub answer: &'static Shape,
    /// The answer's frames when it streams.
    pub event: &'static Shape,
    /// Where the request names the model.
    pub model: Pointer,
    /// Where the request names the customer, best first.
    pub subject: &'static [Pointer],
    /// Where an answer or a frame of it counts tokens.
    pub usage: &'static [(Pointer, Tokens)],
    /// What the last frame of a stream says.
    pub end: End,
    /// Writes an error of Blotter's own in the API's shape.
    pub refusal: fn(&Refusal) -> String,
}

/// The names of the members that lead from the root to a value.
pub type Pointer = &'static [&'static str];

/// How an API ends a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// By closing it.
    Close,
    /// By a payload that says this and nothing else.
    Payload(&'static str),
    /// By a frame whose member `type` says this.
    Type(&'static str),
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
    /// A secret meant for the provider: forwarded as it came, but kept out of the log.
    Credential,
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
    /// An object with these members; others have the shape `rest`. A string in the object's place has the shape `rest` too.
    Object {
        /// The members known, and their shapes.
        fields: &'static [(&'static str, &'static Shape)],
        /// The shape of all other members.
        rest: &'static Shape,
    },
    /// Forwarded as it came, neither scanned nor restored: a string, a number or a list of them. An object here is text.
    Opaque,
    /// An object whose members `under` are opaque while its member `seal` holds a signature; all else in it is text.
    Sealed {
        /// The member with the signature.
        seal: &'static str,
        /// The shape while it does.
        under: &'static Shape,
    },
    /// Text that names the customer: where the bot is on WhatsApp, a phone number without its plus.
    Subject,
    /// What a model reads or writes: every string, number and key below is scanned, or restored in an answer.
    Text,
}

/// What a lane's text is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Strand {
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

impl Dialect {
    /// The tables for a path, without its query. Paths that no table knows are walked whole.
    pub fn of(path: &str) -> &'static Self {
        DIALECTS.iter().copied().find(|dialect| path.ends_with(dialect.ending)).unwrap_or(&any::ANY)
    }
}

impl Shape {
    /// The shape of the value at `id`, now that its kind and members can be seen. An array keeps its elements' shape.
    pub fn resolve(&'static self, document: &Document, id: NodeId) -> &'static Self {
        match (self, document.kind(id)) {
            (_, Kind::Array) => self,
            (Self::Kinds { tag, kinds, rest }, _) => {
                let tag = document.member(id, tag);
                let kind = tag.and_then(|tag| kinds.iter().find(|(kind, _)| document.text(tag) == *kind));
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

    /// The shape of the member `name`. Whether the name itself is known to the table tells [`Shape::knows`].
    pub fn member(&'static self, name: &str) -> &'static Self {
        match self {
            Self::Object { fields, rest } => {
                fields.iter().find(|(field, _)| *field == name).map_or(*rest, |(_, shape)| *shape)
            }
            other => other,
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

/// Checked in this order: a longer ending stands before its own end.
const DIALECTS: &[&Dialect] = &[&openai::CHAT, &anthropic::COUNT_TOKENS, &anthropic::MESSAGES];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ending_of_the_path_chooses_the_dialect() {
        let check = |path: &str, name: &str| assert_eq!(Dialect::of(path).name, name, "{path}");
        check("/v1/chat/completions", "openai/chat");
        check("/openai/deployments/x/chat/completions", "openai/chat");
        check("/v1/messages", "anthropic/messages");
        check("/v1/messages/count_tokens", "anthropic/count_tokens");
        check("/v1/models", "any");
        check("/v1/messages/batches", "any");
    }

    #[test]
    fn a_member_that_no_table_knows_is_text() {
        let message = Dialect::of("/v1/chat/completions").request.member("messages");
        assert!(matches!(message.member("role"), Shape::Opaque));
        assert!(matches!(message.member("invented_tomorrow"), Shape::Text));
    }
}
