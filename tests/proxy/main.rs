//! The whole proxy, over real sockets.

mod admin;
mod callers;
mod crash;
mod encodings;
mod exchanges;
mod http;
mod places;
mod recordings;
mod services;
mod state;
mod support;
mod tls;
mod uploads;
mod websocket;
