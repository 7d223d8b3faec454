//! The report of a window, for people and for programs, and whether the window counts.

use serde_json::{Value, json};

use crate::histogram::Samples;
use crate::run::Window;

const DELIVERED_PERCENT_MIN: f64 = 99.9;
const GENERATOR_PERCENT_MAX: f64 = 85.0;

/// Why a window does not count; empty when it does.
pub fn rejections(window: &Window, waiting: usize, failures: &[String]) -> Vec<String> {
    let mut reasons = Vec::new();
    if window.delivered_percent() < DELIVERED_PERCENT_MIN {
        reasons.push(format!("delivered {:.3} % of {}", window.delivered_percent(), window.expected));
    }
    if window.generator_load_percent() > GENERATOR_PERCENT_MAX {
        reasons.push(format!("the load client used {:.0} % of its core", window.generator_load_percent()));
    }
    if window.forged > 0 {
        reasons.push(format!("{} packets were not authentic", window.forged));
    }
    if window.wrong_layer > 0 {
        reasons.push(format!("{} streams on another layer than asked for", window.wrong_layer));
    }
    if waiting > 0 {
        reasons.push(format!("{waiting} clients never received all they were to"));
    }
    reasons.extend(failures.first().map(|failure| format!("{} failures, the first: {failure}", failures.len())));
    reasons
}

/// The figures of a window.
pub fn figures(window: &mut Window) -> Value {
    let milliseconds = |samples: &mut Samples, percent| samples.percentile(percent).map(|value| round(value as f64 / 1e6, 3));
    let per_second = window.received as f64 / window.seconds;
    let million = window.received as f64 / 1e6;
    json!({
        "seconds": round(window.seconds, 3),
        "subscribers": window.subscribers,
        "sent": window.sent,
        "expected": window.expected,
        "delivered": window.delivered,
        "delivered_percent": round(window.delivered_percent(), 4),
        "received": window.received,
        "packets_per_second": round(per_second, 0),
        "megabits_per_second": round(window.received_bytes as f64 * 8.0 / 1e6 / window.seconds, 1),
        "lost": window.lost,
        "duplicates": window.duplicates,
        "reordered": window.reordered,
        "padding": window.padding,
        "retransmitted": window.retransmitted,
        "sampled": window.sampled,
        "forged": window.forged,
        "foreign": window.foreign,
        "receive_buffer_errors": window.receive_buffer_errors,
        "latency_ms": {
            "samples": window.latency_ns.len(),
            "p50": milliseconds(&mut window.latency_ns, 50.0),
            "p99": milliseconds(&mut window.latency_ns, 99.0),
            "max": milliseconds(&mut window.latency_ns, 100.0),
        },
        "client_us_per_packet": round(window.generator_cpu_s * 1e6 / (window.received + window.sent).max(1) as f64, 3),
        "client_core_percent": round(window.generator_load_percent(), 1),
        "server_cpu_s": window.server_cpu_s().map(|cpu| round(cpu, 2)),
        "server_core_percent": window.server_cpu_s().map(|cpu| round(cpu * 100.0 / window.seconds, 1)),
        "server_cpu_s_per_million": window.server_cpu_s().filter(|_| window.received > 0).map(|cpu| round(cpu / million, 3)),
        "server_resident_mb": window.server.map(|(_, after)| round(after.resident_bytes as f64 / 1e6, 1)),
    })
}

/// Percentiles of join times.
pub fn joins(samples: &mut Samples) -> Value {
    let count = samples.len();
    let mut at = |percent| samples.percentile(percent).map(|value| round(value as f64 / 1e6, 1));
    json!({"joins": count, "p50": at(50.0), "p95": at(95.0), "p99": at(99.0), "max": at(100.0)})
}

/// A value and its name on each line.
pub fn table(report: &Value) -> String {
    let mut lines = Vec::new();
    flatten("", report, &mut lines);
    let width = lines.iter().map(|(name, _)| name.len()).max().unwrap_or(0);
    let lines: Vec<_> = lines.iter().map(|(name, value)| format!("{name:width$}  {value}")).collect();
    lines.join("\n")
}

fn flatten(prefix: &str, value: &Value, lines: &mut Vec<(String, String)>) {
    match value {
        Value::Object(fields) => {
            for (name, field) in fields {
                let name = if prefix.is_empty() { name.clone() } else { format!("{prefix}.{name}") };
                flatten(&name, field, lines);
            }
        }
        Value::String(text) => lines.push((prefix.into(), text.clone())),
        other => lines.push((prefix.into(), other.to_string())),
    }
}

pub fn round(value: f64, digits: i32) -> f64 {
    let scale = 10_f64.powi(digits);
    (value * scale).round() / scale
}

#[cfg(test)]
mod tests {
    use super::*;

    fn window() -> Window {
        let mut latency_ns = Samples::default();
        latency_ns.add(1_500_000);
        Window {
            seconds: 10.0,
            subscribers: 30,
            expected: 100_000,
            delivered: 100_000,
            received: 100_000,
            received_bytes: 110_000_000,
            lost: 0,
            duplicates: 0,
            reordered: 0,
            sampled: 1,
            forged: 0,
            foreign: 0,
            padding: 0,
            retransmitted: 0,
            wrong_layer: 0,
            latency_ns,
            generator_cpu_s: 1.0,
            server: None,
            sent: 1_000,
            receive_buffer_errors: 0,
        }
    }

    #[test]
    fn a_clean_window_counts() {
        assert!(rejections(&window(), 0, &[]).is_empty());
        let figures = figures(&mut window());
        assert_eq!(figures["delivered_percent"], 100.0);
        assert_eq!(figures["latency_ms"]["p99"], 1.5);
        assert_eq!(figures["server_cpu_s"], Value::Null);
        assert_eq!(figures["megabits_per_second"], 88.0);
    }

    #[test]
    fn what_does_not_count_says_why() {
        for spoil in [
            (|window| window.delivered = 99_899) as fn(&mut Window),
            |window| window.generator_cpu_s = 8.6,
            |window| window.forged = 1,
            |window| window.wrong_layer = 1,
        ] {
            let mut window = window();
            spoil(&mut window);
            assert_eq!(rejections(&window, 0, &[]).len(), 1);
        }
        assert_eq!(rejections(&window(), 1, &["broken".into()]).len(), 2);
    }
}
