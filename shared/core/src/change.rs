//! A field of a request that changes something: left out, null, or a value.

/// What a request says about one field.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Change<T> {
    /// Nothing: it stays as it is.
    #[default]
    Keep,
    /// Null: back to what it is without a setting.
    Clear,
    /// This.
    Set(T),
}

impl<T> Change<T> {
    /// What the field is after the change; `read` judges a new value.
    ///
    /// # Errors
    /// What `read` answers.
    pub fn apply<U, E>(
        self,
        current: Option<U>,
        read: impl FnOnce(T) -> Result<U, E>,
    ) -> Result<Option<U>, E> {
        match self {
            Self::Keep => Ok(current),
            Self::Clear => Ok(None),
            Self::Set(value) => read(value).map(Some),
        }
    }
}
