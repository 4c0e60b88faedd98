//! The empty function that the others are measured against.

use std::convert::Infallible;

use lambda_http::{Error, Request, run, service_fn};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    tracing_subscriber::fmt().json().init();
    run(service_fn(async |_: Request| Ok::<_, Infallible>("hello"))).await
}
