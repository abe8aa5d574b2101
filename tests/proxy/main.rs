//! The whole proxy, over real sockets.

mod crash;
mod exchanges;
mod recordings;
mod support;
