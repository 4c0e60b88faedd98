//! What an evaluation comes to: shares in thousandths.

use serde::Deserialize;

use crate::Result;

/// How well a set of questions was answered. Shares are in thousandths; higher is better in each.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Figures {
    /// Answerable questions whose first passage answers them.
    pub recall_at_1: u32,
    /// Answerable questions that one of the first five passages answers.
    pub recall_at_5: u32,
    /// The mean of one by the rank of the first passage that answers, among the first five.
    pub mean_reciprocal_rank: u32,
    /// Answerable questions that are answered from a passage that answers them.
    pub answered_rightly: u32,
    /// Unanswerable questions of which it is said that the answer is not known.
    pub refused: u32,
    /// One less how far the answers' confidence is from the share of them that is right, in the mean.
    pub calibrated: u32,
}

impl Figures {
    /// Each figure with its name.
    pub fn named(&self) -> [(&'static str, u32); 6] {
        [
            ("recall@1", self.recall_at_1),
            ("recall@5", self.recall_at_5),
            ("MRR", self.mean_reciprocal_rank),
            ("answered rightly", self.answered_rightly),
            ("unanswerable refused", self.refused),
            ("calibrated", self.calibrated),
        ]
    }

    /// The figures that are below what they must be, in words.
    pub fn below(&self, floor: &Self) -> Vec<String> {
        let pairs = self.named().into_iter().zip(floor.named());
        let low = pairs.filter(|((_, is), (_, must))| is < must);
        low.map(|((name, is), (_, must))| format!("{name} is {is} ‰ and was {must} ‰")).collect()
    }
}

/// What the answers must reach over all questions: what they have reached once, less one hundredth, since
/// every release of the compiler brings its books as they are then.
///
/// # Errors
/// When the file is broken.
pub fn floor() -> Result<Figures> {
    Ok(serde_json::from_str(include_str!("../floor.json"))?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_figure_that_fell_is_named() {
        let floor = floor().unwrap();
        assert_eq!(floor.below(&floor), Vec::<String>::new());
        let worse = Figures { refused: floor.refused - 1, ..floor };
        let told = worse.below(&floor);
        assert!(told.len() == 1 && told[0].starts_with("unanswerable refused is "), "{told:?}");
    }
}
