//! The whole proxy, over real sockets.

mod admin;
mod callers;
mod coverage;
mod crash;
mod declared;
mod encodings;
mod exchanges;
mod hostile;
mod http;
mod limits;
mod places;
mod recordings;
mod reload;
mod services;
mod state;
mod stopping;
mod support;
mod tls;
mod uploads;
mod upstreams;
mod websocket;
