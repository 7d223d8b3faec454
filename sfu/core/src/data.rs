//! Reliable messages that wait for one receiver.

use std::collections::VecDeque;
use std::sync::Arc;

use crate::limits::MAX_QUEUED_DATA;

/// The receiver does not read: it must be given up, because leaving a reliable message out would be
/// a lie.
#[derive(Debug, PartialEq, Eq)]
pub struct Overflow;

/// Messages in order, payloads shared between receivers.
#[derive(Debug, Default)]
pub struct DataQueue {
    waiting: VecDeque<Arc<[u8]>>,
    bytes: usize,
}

impl DataQueue {
    pub fn push(&mut self, payload: Arc<[u8]>) -> Result<(), Overflow> {
        if self.bytes + payload.len() > MAX_QUEUED_DATA {
            return Err(Overflow);
        }
        self.bytes += payload.len();
        self.waiting.push_back(payload);
        Ok(())
    }

    pub fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    pub fn front(&self) -> Option<&Arc<[u8]>> {
        self.waiting.front()
    }

    pub fn pop(&mut self) {
        if let Some(payload) = self.waiting.pop_front() {
            self.bytes -= payload.len();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bounded_in_bytes_and_in_order() {
        let mut queue = DataQueue::default();
        let big: Arc<[u8]> = vec![1; MAX_QUEUED_DATA - 3].into();
        let small: Arc<[u8]> = vec![2; 3].into();

        assert_eq!(queue.push(big.clone()), Ok(()));
        assert_eq!(queue.push(small.clone()), Ok(()));
        assert_eq!(queue.push(small.clone()), Err(Overflow));

        assert_eq!(queue.front().map(|p| p.len()), Some(big.len()));
        queue.pop();
        assert_eq!(queue.front().map(|p| p.len()), Some(3));
        queue.pop();
        assert!(queue.is_empty());
        assert_eq!(queue.push(big), Ok(()));
    }
}
