//! The whole proxy, over real sockets.

mod admin;
mod alarms;
mod bombs;
mod callers;
mod coverage;
mod crash;
mod declared;
mod encodings;
mod exchanges;
mod hostile;
mod http;
mod http2;
mod limits;
mod pages;
mod places;
mod recordings;
mod reload;
mod services;
mod settings;
mod state;
mod stopping;
mod support;
mod tls;
mod uploads;
mod upstreams;
mod websocket;
