//! How dialects write the fields of a source.

/// How a caller writes the fields of a source, for errors that name them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FieldNames {
    /// The text of a raw source.
    pub text: &'static str,
    /// The time between two fetches.
    pub refresh_seconds: &'static str,
    /// The upload that holds the file.
    pub upload_id: &'static str,
    /// The pages of a crawl, inside of `crawl`.
    pub max_pages: &'static str,
    /// The type of an upload.
    pub content_type: &'static str,
}

impl FieldNames {
    /// `upload_id`.
    pub const SNAKE: Self = Self {
        text: "text",
        refresh_seconds: "refresh_seconds",
        upload_id: "upload_id",
        max_pages: "max_pages",
        content_type: "content_type",
    };
    /// `uploadId`.
    pub const CAMEL: Self = Self {
        text: "text",
        refresh_seconds: "refreshSeconds",
        upload_id: "uploadId",
        max_pages: "maxPages",
        content_type: "contentType",
    };
}
