//! The desks of a poller: who sits at one, and who waits for one.
//!
//! A group (an endpoint, a conversation) has a limited number of places, so that one whose work takes
//! long never sits at every desk. It begins with few and gets one more with each work that ends: an
//! endpoint that hangs stays at the few. What was received beyond that waits here, at no desk; groups take
//! turns.

use std::collections::{HashMap, VecDeque};

/// How many places a group has.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Places {
    /// When its first work arrives; at least one.
    pub(crate) first: u32,
    /// In the end.
    pub(crate) most: u32,
}

/// Desks, and what waits for them.
#[derive(Debug)]
pub(crate) struct Floor<T> {
    free: u32,
    places: Places,
    groups: HashMap<String, Group<T>>,
    /// Groups that have something waiting, in the order of their turns.
    turns: VecDeque<String>,
    waiting: usize,
}

#[derive(Debug)]
struct Group<T> {
    busy: u32,
    places: u32,
    waiting: VecDeque<T>,
}

impl<T> Group<T> {
    fn is_full(&self) -> bool {
        self.busy >= self.places
    }
}

/// What may wait at most.
const MOST_WAITING: usize = 16_384;

impl<T> Floor<T> {
    /// So many desks, and so many places at them for one group.
    pub(crate) fn new(desks: u32, places: Places) -> Self {
        let (groups, turns) = (HashMap::new(), VecDeque::new());
        Self { free: desks, places, groups, turns, waiting: 0 }
    }

    /// How much more may be taken in, if anything.
    pub(crate) fn room(&self) -> Option<u32> {
        (self.free > 0 && self.waiting < MOST_WAITING).then_some(self.free)
    }

    /// Whether the group has no place left.
    pub(crate) fn is_full(&self, group: &str) -> bool {
        self.groups.get(group).is_some_and(Group::is_full)
    }

    /// Takes work in.
    pub(crate) fn arrive(&mut self, group: String, work: T) {
        let places = self.places.first.max(1);
        let entry = self.groups.entry(group.clone()).or_insert_with(|| Group {
            busy: 0,
            places,
            waiting: VecDeque::new(),
        });
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
            if group.is_full() {
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
            entry.places = (entry.places + 1).min(self.places.most.max(entry.places));
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
        let mut floor = Floor::new(4, Places { first: 3, most: 3 });
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
    fn a_group_gets_a_place_with_each_work_that_ends_up_to_its_most() {
        let mut floor = Floor::new(100, Places { first: 2, most: 5 });
        for work in 0..40 {
            floor.arrive("shop".to_owned(), work);
        }
        let mut at_once = Vec::new();
        let mut busy = 0;
        for _ in 0..5 {
            busy += seated(&mut floor).len();
            at_once.push(busy);
            floor.leave("shop");
            busy -= 1;
        }
        assert_eq!(at_once, [2, 3, 4, 5, 5]);
    }

    #[test]
    fn groups_that_wait_take_turns_and_their_work_keeps_its_order() {
        let mut floor = Floor::new(0, Places { first: 9, most: 9 });
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
