//! The desks of a poller: who sits at one, and who waits for one.
//!
//! A group (an endpoint, a conversation) has a limited number of places, so that one whose work takes
//! long never sits at every desk. What was received beyond that waits here, at no desk; groups take turns.

use std::collections::{HashMap, VecDeque};

/// Desks, and what waits for them.
#[derive(Debug)]
pub(crate) struct Floor<T> {
    free: u32,
    places: u32,
    groups: HashMap<String, Group<T>>,
    /// Groups that have something waiting, in the order of their turns.
    turns: VecDeque<String>,
    waiting: usize,
}

#[derive(Debug)]
struct Group<T> {
    busy: u32,
    waiting: VecDeque<T>,
}

/// What may wait at most.
const MOST_WAITING: usize = 16_384;

impl<T> Floor<T> {
    /// So many desks, and so many places at them for one group.
    pub(crate) fn new(desks: u32, places: u32) -> Self {
        let (groups, turns) = (HashMap::new(), VecDeque::new());
        Self { free: desks, places: places.max(1), groups, turns, waiting: 0 }
    }

    /// How much more may be taken in, if anything.
    pub(crate) fn room(&self) -> Option<u32> {
        (self.free > 0 && self.waiting < MOST_WAITING).then_some(self.free)
    }

    /// Whether the group has no place left.
    pub(crate) fn is_full(&self, group: &str) -> bool {
        self.groups.get(group).is_some_and(|group| group.busy >= self.places)
    }

    /// Takes work in.
    pub(crate) fn arrive(&mut self, group: String, work: T) {
        let entry = self
            .groups
            .entry(group.clone())
            .or_insert_with(|| Group { busy: 0, waiting: VecDeque::new() });
        if entry.waiting.is_empty() {
            self.turns.push_back(group);
        }
        entry.waiting.push_back(work);
        self.waiting += 1;
    }

    /// Seats the next work at a desk, if there is a desk and a place for it.
    pub(crate) fn seat(&mut self) -> Option<(String, T)> {
        if self.free == 0 {
            return None;
        }
        for _ in 0..self.turns.len() {
            let name = self.turns.pop_front()?;
            let Some(group) = self.groups.get_mut(&name) else { continue };
            if group.busy >= self.places {
                self.turns.push_back(name);
                continue;
            }
            let Some(work) = group.waiting.pop_front() else { continue };
            group.busy += 1;
            self.free -= 1;
            self.waiting -= 1;
            if !group.waiting.is_empty() {
                self.turns.push_back(name.clone());
            }
            return Some((name, work));
        }
        None
    }

    /// Frees the desk at which a group's work has ended.
    pub(crate) fn leave(&mut self, group: &str) {
        self.free += 1;
        if let Some(entry) = self.groups.get_mut(group) {
            entry.busy -= 1;
            if entry.busy == 0 && entry.waiting.is_empty() {
                self.groups.remove(group);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seated(floor: &mut Floor<u32>) -> Vec<(String, u32)> {
        std::iter::from_fn(|| floor.seat()).collect()
    }

    #[test]
    fn one_group_never_sits_at_every_desk() {
        let mut floor = Floor::new(4, 3);
        for work in 0..10 {
            floor.arrive("black-hole".to_owned(), work);
        }
        assert!(!floor.is_full("black-hole"));
        assert_eq!(seated(&mut floor).len(), 3);
        assert!(floor.is_full("black-hole") && !floor.is_full("shop"));
        floor.arrive("shop".to_owned(), 99);
        assert_eq!(floor.seat(), Some(("shop".to_owned(), 99)));
        assert_eq!((floor.seat(), floor.room()), (None, None));
        floor.leave("black-hole");
        assert_eq!(floor.seat(), Some(("black-hole".to_owned(), 3)));
        floor.leave("shop");
        assert_eq!((floor.seat(), floor.room()), (None, Some(1)));
    }

    #[test]
    fn groups_that_wait_take_turns_and_their_work_keeps_its_order() {
        let mut floor = Floor::new(0, 9);
        for (group, work) in [("a", 1), ("a", 2), ("a", 3), ("b", 4), ("b", 5)] {
            floor.arrive(group.to_owned(), work);
        }
        floor.leave("nobody");
        let mut order = Vec::new();
        while let Some((group, work)) = floor.seat() {
            order.push(work);
            floor.leave(&group);
        }
        assert_eq!(order, [1, 4, 2, 5, 3]);
        assert!(floor.groups.is_empty());
    }
}
