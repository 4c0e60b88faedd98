//! Mail: through SES, into files for people and tests, or not at all.

use aiva_core::error::{Error, Result};
use aiva_core::ports::{self, Mail};

mod files;
#[cfg(feature = "mail")]
mod ses;

pub use files::FileMailer;
#[cfg(feature = "mail")]
pub use ses::SesMailer;

/// How mail leaves this deployment.
#[derive(Debug, Clone)]
pub enum Mailer {
    /// Through SES.
    #[cfg(feature = "mail")]
    Ses(SesMailer),
    /// Into files.
    Files(FileMailer),
    /// Not at all: what would send a mail fails.
    Off,
}

#[cfg(feature = "mail")]
impl Mailer {
    /// Sends through SES, where there is an address that mail comes from; without one nothing is sent.
    pub fn connect(sdk: &aws_types::SdkConfig, from: Option<&str>) -> Self {
        let ses = |from: &str| SesMailer::new(aws_sdk_sesv2::Client::new(sdk), from.to_owned());
        from.map_or(Self::Off, |from| Self::Ses(ses(from)))
    }
}

impl ports::Mailer for Mailer {
    async fn send(&self, mail: &Mail) -> Result<()> {
        match self {
            #[cfg(feature = "mail")]
            Self::Ses(ses) => ses.send(mail).await,
            Self::Files(files) => files.send(mail).await,
            Self::Off => Err(Error::unavailable("this deployment has no sender of mail")),
        }
    }
}
