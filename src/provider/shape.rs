//! What may stand at a position of a body, and what is done with it.

use crate::role::Role;
use crate::wire::json::{Document, Kind, NodeId};

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

    /// `name` as the table spells it, if it lists it.
    pub fn listed(&self, name: &str) -> Option<&'static str> {
        let Self::Object { fields, .. } = self else { return None };
        fields.iter().map(|(field, _)| *field).find(|field| *field == name)
    }

    /// The shape of the member `name`, and whether the name itself is one that a program resolves, and not text.
    pub fn field(&'static self, name: &str) -> (&'static Self, bool) {
        match self {
            Self::Object { fields, rest } => match fields.iter().find(|(field, _)| *field == name) {
                Some((_, shape)) => (shape, true),
                None => (rest, !matches!(rest, Self::Text)),
            },
            other => (other, false),
        }
    }
}
