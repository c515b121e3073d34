//! The single-writer slot: who finds the writer taken leaves its work in the queue, and whoever holds the writer does the
//! whole queue in one go (architecture 5). There is no lock around the work itself, so the holder may take it to another
//! thread.
//!
//! ```text
//!   A: enter ─▶ Turn ─ take ─▶ [A]      write …        take ─▶ [B, C]  write …   take ─▶ none: the slot is free again
//!   B:            enter ─▶ queued, awaits its answer ──────────▶ answered
//!   C:                enter ─▶ queued ──────────────────────────▶ answered
//! ```
//! Guarantees: one holder at a time; work is done in the order in which it entered; nothing is left in the queue when the
//! slot is free. Does not answer anybody: each piece of work carries its own way to answer.

use std::sync::Arc;

use parking_lot::Mutex;

/// Holds a writer `W` for work of kind `T`.
#[derive(Debug)]
pub struct Slot<W, T> {
    state: Mutex<State<W, T>>,
}

#[derive(Debug)]
struct State<W, T> {
    /// `None` while somebody has it.
    writer: Option<Box<W>>,
    queue: Vec<T>,
    /// The writer was lost: all work is dropped, which tells who waits for it.
    is_lost: bool,
}

/// The right, and the duty, to do the queued work until there is none.
#[derive(Debug)]
pub struct Turn<W, T> {
    slot: Arc<Slot<W, T>>,
    writer: Option<Box<W>>,
}

impl<W, T> Slot<W, T> {
    pub fn new(writer: W) -> Arc<Self> {
        Arc::new(Self {
            state: Mutex::new(State {
                writer: Some(Box::new(writer)),
                queue: Vec::new(),
                is_lost: false,
            }),
        })
    }

    /// Queues `work`. `Some`: the slot was free and the caller must now call [`Turn::take`] until it returns `None`, here or
    /// on another thread.
    pub fn enter(self: &Arc<Self>, work: T) -> Option<Turn<W, T>> {
        let mut state = self.state.lock();
        if state.is_lost {
            return None;
        }
        state.queue.push(work);
        let writer = state.writer.take()?;
        Some(Turn {
            slot: self.clone(),
            writer: Some(writer),
        })
    }
}

impl<W, T> Turn<W, T> {
    /// All work that has entered by now, with the writer to do it. With `None` the turn is over and the slot free.
    pub fn take(&mut self) -> Option<(&mut W, Vec<T>)> {
        let mut state = self.slot.state.lock();
        if state.queue.is_empty() {
            // An idle partition keeps no buffer.
            state.queue = Vec::new();
            state.writer = self.writer.take();
            return None;
        }
        let queue = std::mem::take(&mut state.queue);
        drop(state);
        self.writer.as_deref_mut().map(|writer| (writer, queue))
    }
}

impl<W, T> Drop for Turn<W, T> {
    fn drop(&mut self) {
        // Only when the holder panicked half way: what the writer left behind is unknown, so nobody gets it any more.
        if self.writer.is_some() {
            tracing::error!(
                "a partition's writer was lost in the middle of its work; the partition takes no more writes"
            );
            let unanswered = {
                let mut state = self.slot.state.lock();
                state.is_lost = true;
                std::mem::take(&mut state.queue)
            };
            drop(unanswered);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_finds_the_slot_taken_leaves_its_work_for_the_holder() {
        let slot = Slot::new(Vec::new());
        let mut turn = slot.enter(1).expect("free");
        assert!(slot.enter(2).is_none());
        let (written, queue) = turn.take().unwrap();
        assert_eq!(queue, [1, 2]);
        written.extend(queue);
        assert!(slot.enter(3).is_none(), "taken until the queue is empty");
        let (written, queue) = turn.take().unwrap();
        written.extend(queue);
        assert!(turn.take().is_none());
        let mut turn = slot.enter(4).expect("free again");
        assert_eq!(*turn.take().unwrap().0, [1, 2, 3]);
        assert!(turn.take().is_none());
    }

    #[test]
    fn a_writer_lost_in_the_middle_takes_no_more_work_and_drops_what_waits() {
        let slot = Slot::new(());
        let turn = slot.enter(std::rc::Rc::new(1)).expect("free");
        let waiting = std::rc::Rc::new(2);
        assert!(slot.enter(waiting.clone()).is_none());
        drop(turn);
        assert_eq!(std::rc::Rc::strong_count(&waiting), 1);
        assert!(slot.enter(waiting.clone()).is_none());
        assert_eq!(std::rc::Rc::strong_count(&waiting), 1, "not kept");
    }

    #[test]
    fn concurrent_entrants_each_have_their_work_done_once_and_in_their_own_order() {
        let slot = Slot::new(Vec::<(usize, usize)>::new());
        std::thread::scope(|scope| {
            for thread in 0..4 {
                let slot = slot.clone();
                scope.spawn(move || {
                    for number in 0..1_000 {
                        if let Some(mut turn) = slot.enter((thread, number)) {
                            while let Some((written, queue)) = turn.take() {
                                written.extend(queue);
                            }
                        }
                    }
                });
            }
        });
        let mut turn = slot.enter((9, 0)).expect("nobody holds it at the end");
        let written = turn.take().unwrap().0.clone();
        assert!(turn.take().is_none());
        for thread in 0..4 {
            let own: Vec<_> = written
                .iter()
                .filter(|(by, _)| *by == thread)
                .map(|(_, number)| *number)
                .collect();
            assert_eq!(own, (0..1_000).collect::<Vec<_>>());
        }
    }
}
