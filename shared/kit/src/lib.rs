//! What every function needs in its first millisecond: configuration, telemetry, serving, clients.

pub mod aws;
pub mod batch;
pub mod clock;
pub mod config;
pub mod serve;
pub mod telemetry;
pub mod work;
