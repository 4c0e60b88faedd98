//! The product, started in this process and used from outside.

mod callback;
mod event;
mod smoke;
mod support;
