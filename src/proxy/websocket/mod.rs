//! WebSockets: what a caller says and what the provider answers, message by message, through the engine that reads bodies.
//!
//! [`Handshake`] agrees with both sides; a [`Session`] then carries messages until one of them ends it. Extensions are not
//! negotiated, so that nothing comes compressed. Pings are answered on each side by themselves: a ping carries bytes that
//! nobody scans.
//!
//! In the log the connection is an exchange, and so is each message of the caller's with what came back until the next one; a
//! message's opening entry is on the disk before it is forwarded. All have the connection's id as their conversation, unless the
//! caller names one. A message of nothing but exempt sound or pictures goes on with the exchange before it, once that one's
//! entry tells of the exemption.

mod end;
mod handshake;
mod session;
mod turns;

pub(super) use handshake::{Handshake, is_asked};
pub(super) use session::{Connection, Session};
