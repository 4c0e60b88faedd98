//! Vectors of the passages of an index: taken over where their texts have not changed, asked for where
//! they have.

use std::time::Duration;

use aiva_core::knowledge::EmbedError;
use aiva_core::ports::Embedder;
use futures_util::{StreamExt, stream};
use sha2::{Digest, Sha256};
use tokio::time::{Instant, timeout_at};

use super::split::Piece;
use super::vectors::{Key, Vector, Vectors};

/// Texts that are given to the embedder at once.
const BATCH: usize = 96;
/// Batches that are on their way at once.
const BATCHES_AT_ONCE: usize = 4;

/// What came of it.
pub(super) struct Embedded {
    /// The vectors; `None` where none are known.
    pub(super) vectors: Option<Vectors>,
    /// Passages without one that may get theirs later.
    pub(super) owed: u64,
}

/// Finds the vectors of passages, until the time is over or the embedder fails. What was found until
/// then is kept: a passage without a vector is found by its words.
pub(super) async fn embed<E: Embedder>(
    embedder: &E,
    pieces: &[&Piece],
    before: Option<Vectors>,
    time: Duration,
) -> Embedded {
    let keys: Vec<Key> = pieces.iter().map(|piece| key(&text(piece))).collect();
    let mut vectors = before.map(|before| {
        let mut vectors = Vectors::none_of(keys.clone(), before.dimensions());
        vectors.take_over(&before);
        vectors
    });
    let has = |place: &usize| vectors.as_ref().is_some_and(|vectors| vectors.has(*place));
    let missing: Vec<usize> = (0..pieces.len()).filter(|place| !has(place)).collect();
    let taken_over = pieces.len() - missing.len();
    let calls: Vec<_> = missing
        .chunks(BATCH)
        .map(|places| {
            let places = places.to_vec();
            async move {
                let texts: Vec<String> = places.iter().map(|place| text(pieces[*place])).collect();
                let answer = embedder.embed(&texts).await;
                (places, answer)
            }
        })
        .collect();
    let mut answers = stream::iter(calls).buffer_unordered(BATCHES_AT_ONCE);
    let deadline = Instant::now() + time;
    let (mut done, mut passing) = (0, true);
    loop {
        let answer = match timeout_at(deadline, answers.next()).await {
            Ok(Some((places, answer))) => {
                answer.and_then(|answer| keep(&mut vectors, &keys, &places, &answer))
            }
            Ok(None) => break,
            Err(_) => Err(EmbedError { passing: true, cause: "the time for it is over".into() }),
        };
        match answer {
            Ok(count) => done += count,
            Err(error) => {
                passing = error.passing;
                let lacking = missing.len() - done;
                tracing::warn!(lacking, passing, %error, "passages are without vectors");
                break;
            }
        }
    }
    tracing::info!(taken_over, embedded = done, "vectors of passages");
    let lacking = u64::try_from(missing.len() - done).unwrap_or(u64::MAX);
    Embedded { vectors, owed: if passing { lacking } else { 0 } }
}

/// Keeps the vectors that came for these places; answers how many.
fn keep(
    vectors: &mut Option<Vectors>,
    keys: &[Key],
    places: &[usize],
    answer: &[Vec<f32>],
) -> Result<usize, EmbedError> {
    let bad = |cause: &'static str| EmbedError { passing: false, cause: cause.into() };
    let dimensions = answer.first().map_or(0, Vec::len);
    if dimensions == 0 || answer.len() != places.len() {
        return Err(bad("not one vector for each text"));
    }
    let known = vectors.get_or_insert_with(|| Vectors::none_of(keys.to_vec(), dimensions));
    if !places.iter().zip(answer).all(|(place, numbers)| known.set(*place, &Vector::of(numbers))) {
        // Another model behind the same name: the next build begins anew.
        *vectors = None;
        return Err(bad("vectors of different lengths"));
    }
    Ok(places.len())
}

/// What is embedded of a passage: it is understood by what stands above it.
fn text(piece: &Piece) -> String {
    let above = [piece.title.as_str(), piece.headings.as_str()];
    let above: Vec<&str> = above.into_iter().filter(|line| !line.is_empty()).collect();
    format!("{}\n{}", above.join("\n"), piece.text).trim_start().to_owned()
}

fn key(text: &str) -> Key {
    let digest: [u8; 32] = Sha256::digest(text.as_bytes()).into();
    let (key, _) = digest.split_first_chunk().expect("a digest has 32 bytes");
    *key
}
