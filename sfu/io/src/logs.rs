//! Log records on their way to the owner of the engines, who takes them when there is time: a media
//! thread never waits for a log.
//!
//! The number of records is bounded twice, because many are caused by strangers. Each line of code
//! may log [`RECORDS_PER_SECOND`] times a second; the next record of that line says how many were
//! left out. And at most [`MAX_WAITING`] records wait, oldest first; newer ones are counted and
//! dropped.

use std::collections::{HashMap, VecDeque};
use std::fmt::{self, Write};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use tracing_core::callsite::{self, Identifier};
use tracing_core::field::{Field, Visit};
use tracing_core::span::{Attributes, Id, Record};
use tracing_core::{Event, Interest, LevelFilter, Metadata, Subscriber};

/// Records of one line of code in each second.
const RECORDS_PER_SECOND: u32 = 5;
const SECOND: Duration = Duration::from_secs(1);
/// Records that wait to be taken.
const MAX_WAITING: usize = 1024;
/// Bytes of one field's text; the rest is cut off.
const MAX_TEXT: usize = 512;
/// Our crates. Libraries log too, some of them for each packet.
const OUR_TARGETS: &str = "moothall_sfu";

/// A value of a field: numbers stay numbers, because handles are looked up by the reader.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FieldValue {
    Number(u64),
    Text(String),
}

/// One line of the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogRecord {
    /// `error`, `warning`, `info` or `debug`.
    pub level: &'static str,
    pub message: String,
    pub fields: Vec<(&'static str, FieldValue)>,
    /// Records of the same line of code that were left out since the one before.
    pub left_out: u64,
}

/// The records that one line of code logged lately.
struct Rate {
    since: Instant,
    count: u32,
    left_out: u64,
}

#[derive(Default)]
struct Waiting {
    records: VecDeque<LogRecord>,
    rates: HashMap<Identifier, Rate>,
    dropped: u64,
}

/// Collects the records of all engines of the process.
struct Collector {
    /// The most verbose level that is collected: its index in [`LEVELS`].
    verbosity: AtomicUsize,
    waiting: Mutex<Waiting>,
}

/// Names of levels as the owner knows them, from the least verbose.
const LEVELS: [(&str, LevelFilter); 5] = [
    ("off", LevelFilter::OFF),
    ("error", LevelFilter::ERROR),
    ("warning", LevelFilter::WARN),
    ("info", LevelFilter::INFO),
    ("debug", LevelFilter::DEBUG),
];

static COLLECTOR: OnceLock<&'static Collector> = OnceLock::new();

impl Collector {
    fn new(verbosity: usize) -> Self {
        Self { verbosity: AtomicUsize::new(verbosity), waiting: Mutex::new(Waiting::default()) }
    }

    fn level(&self) -> LevelFilter {
        LEVELS[self.verbosity.load(Ordering::Relaxed)].1
    }

    fn lock(&self) -> MutexGuard<'_, Waiting> {
        // Nothing panics between two consistent states.
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn collect(&self, now: Instant, event: &Event<'_>) {
        let metadata = event.metadata();
        let mut waiting = self.lock();
        let rate = waiting.rates.entry(metadata.callsite()).or_insert(Rate { since: now, count: 0, left_out: 0 });
        if now.saturating_duration_since(rate.since) >= SECOND {
            (rate.since, rate.count) = (now, 0);
        }
        if rate.count >= RECORDS_PER_SECOND {
            rate.left_out += 1;
            return;
        }
        rate.count += 1;
        let left_out = std::mem::take(&mut rate.left_out);
        if waiting.records.len() >= MAX_WAITING {
            waiting.dropped += 1;
            return;
        }
        let level =
            LEVELS.iter().find(|(_, l)| *l == LevelFilter::from_level(*metadata.level())).map_or("debug", |l| l.0);
        let mut record = LogRecord { level, message: String::new(), fields: Vec::new(), left_out };
        event.record(&mut record);
        waiting.records.push_back(record);
    }
}

impl Visit for LogRecord {
    fn record_u64(&mut self, field: &Field, value: u64) {
        self.fields.push((field.name(), FieldValue::Number(value)));
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        let mut text = String::new();
        // Writing to a string never fails.
        let _ = write!(text, "{value:?}");
        if text.len() > MAX_TEXT {
            let end = (0..=MAX_TEXT).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
            text.truncate(end);
        }
        if field.name() == "message" {
            self.message = text;
        } else {
            self.fields.push((field.name(), FieldValue::Text(text)));
        }
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.record_debug(field, &format_args!("{value}"));
    }
}

impl Subscriber for &'static Collector {
    fn register_callsite(&self, metadata: &'static Metadata<'static>) -> Interest {
        if self.enabled(metadata) { Interest::always() } else { Interest::never() }
    }

    fn max_level_hint(&self) -> Option<LevelFilter> {
        Some(self.level())
    }

    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.is_event() && metadata.target().starts_with(OUR_TARGETS) && *metadata.level() <= self.level()
    }

    fn event(&self, event: &Event<'_>) {
        self.collect(Instant::now(), event);
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}

/// Collects records of this level (`off`, `error`, `warning`, `info`, `debug`) and of less verbose
/// ones. False for a name that is none of these, or when the process has another subscriber.
pub fn collect_logs(level: &str) -> bool {
    let Some(verbosity) = LEVELS.iter().position(|(name, _)| *name == level) else {
        return false;
    };
    let collector = COLLECTOR.get_or_init(|| Box::leak(Box::new(Collector::new(verbosity))));
    collector.verbosity.store(verbosity, Ordering::Relaxed);
    let installed = tracing_core::dispatcher::set_global_default(tracing_core::Dispatch::new(*collector)).is_ok();
    // Call sites cache whether they are enabled, and the level has changed.
    callsite::rebuild_interest_cache();
    installed || tracing_core::dispatcher::get_default(tracing_core::Dispatch::is::<&'static Collector>)
}

/// Takes the records that wait, oldest first, and how many were dropped since the last call because
/// too many waited.
pub fn take_logs() -> (Vec<LogRecord>, u64) {
    let Some(collector) = COLLECTOR.get() else {
        return (Vec::new(), 0);
    };
    let mut waiting = collector.lock();
    (waiting.records.drain(..).collect(), std::mem::take(&mut waiting.dropped))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Takes what waits and keeps this test's records: tests beside it log, too.
    fn take_ours() -> (Vec<LogRecord>, u64) {
        let (mut records, dropped) = take_logs();
        records.retain(|record| record.fields.contains(&("test", FieldValue::Text("flood".into()))));
        (records, dropped)
    }

    #[test]
    fn records_have_their_fields_and_a_flood_of_one_line_is_bounded() {
        assert!(!collect_logs("loud"));
        assert!(collect_logs("info"));
        let flood = |n: u64| {
            for peer in 0..n {
                tracing::warn!(room = 7u64, peer, reason = "x".repeat(2 * MAX_TEXT), test = "flood", "refused");
            }
        };

        flood(100);
        tracing::debug!(test = "flood", "not collected");
        tracing::warn!(target: "str0m", test = "flood", "a library");
        tracing::info!(test = "flood", "another line");
        let (records, dropped) = take_ours();

        assert_eq!(dropped, 0);
        assert_eq!(records.len(), RECORDS_PER_SECOND as usize + 1);
        let first = &records[0];
        assert_eq!((first.level, first.message.as_str(), first.left_out), ("warning", "refused", 0));
        assert_eq!(first.fields[..2], [("room", FieldValue::Number(7)), ("peer", FieldValue::Number(0))]);
        assert_eq!(first.fields[2], ("reason", FieldValue::Text("x".repeat(MAX_TEXT))));
        assert_eq!(records[5].message, "another line");

        // Its second is over: what was left out is told.
        for rate in COLLECTOR.get().unwrap().lock().rates.values_mut() {
            rate.since = Instant::now().checked_sub(SECOND).unwrap();
        }
        flood(1);
        assert_eq!(take_ours().0[0].left_out, 95);

        assert!(collect_logs("error"));
        tracing::info!(test = "flood", "too verbose now");
        assert!(take_ours().0.is_empty());
    }
}
