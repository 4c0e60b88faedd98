//! Who collects payments: people, or Stripe.

use aiva_core::error::{Error, Result};
use aiva_core::payment::{Collected, PaymentOrder};
use aiva_core::ports::Payments;
use secrecy::SecretString;
use url::Url;

mod stripe;

pub use stripe::{Stripe, StripeSettings};

/// How this deployment collects payments.
#[derive(Debug, Clone)]
pub enum PaymentDesk {
    /// People do; nothing is asked for.
    Manual,
    /// Stripe does.
    Stripe(Stripe),
}

impl PaymentDesk {
    /// Stripe at an address, with a secret key.
    ///
    /// # Errors
    /// When the address is none, or TLS cannot be set up.
    pub fn stripe(base_url: &str, secret_key: SecretString) -> Result<Self> {
        let base_url = Url::parse(base_url).map_err(Error::internal)?;
        Stripe::new(StripeSettings { base_url, secret_key }).map(Self::Stripe)
    }
}

impl Payments for PaymentDesk {
    async fn collect(&self, order: &PaymentOrder) -> Result<Collected> {
        match self {
            Self::Manual => Err(Error::unavailable("this deployment collects by hand")),
            Self::Stripe(stripe) => stripe.collect(order).await,
        }
    }
}
