//! The embedded engines, seen through the real SDK clients.
