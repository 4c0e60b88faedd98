//! Where the product may send a request: which addresses are public, and which URLs may be saved.
//!
//! Pure rules. Resolving a name and dialling what was vetted is the adapter's part.

mod address;
mod url;
mod vet;

pub use self::address::{RefusedKind, Verdict, carries_ipv4, verdict};
pub use self::url::{CallbackUrl, EgressPolicy, UrlProblem};
pub use self::vet::vet;
