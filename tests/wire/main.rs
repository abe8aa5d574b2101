//! Every API that the tables know, both ways: what is scanned, what is never touched, what comes back, wherever a stream is cut.

mod offsets;
mod recordings;
mod rows;
mod support;
