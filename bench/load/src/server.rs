//! The server's costs from `/proc`: CPU time and resident memory of a process and all its
//! descendants.

use std::collections::{HashMap, HashSet};
use std::fs;

/// CPU seconds used so far and resident bytes now.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Usage {
    pub cpu_s: f64,
    pub resident_bytes: u64,
}

/// Adds up `root` and its descendants. Children that have ended count through their parents.
pub fn usage(root: u32) -> Option<Usage> {
    let mut parents = HashMap::new();
    let mut found = HashMap::new();
    for entry in fs::read_dir("/proc").ok()?.flatten() {
        let Some(pid) = entry.file_name().to_str().and_then(|name| name.parse::<u32>().ok()) else { continue };
        let Some(stat) = fs::read_to_string(entry.path().join("stat")).ok().and_then(|text| parse(&text)) else { continue };
        parents.insert(pid, stat.parent);
        found.insert(pid, stat);
    }
    found.contains_key(&root).then(|| {
        let mut usage = Usage::default();
        for (pid, stat) in &found {
            if descends(*pid, root, &parents) {
                usage.cpu_s += stat.ticks as f64 / ticks_per_second();
                usage.resident_bytes += stat.resident_pages * page_bytes();
            }
        }
        usage
    })
}

struct Stat {
    parent: u32,
    ticks: u64,
    resident_pages: u64,
}

/// Fields of `proc_pid_stat(5)`, counted from behind the name, which may hold anything.
fn parse(stat: &str) -> Option<Stat> {
    let fields: Vec<_> = stat.rsplit_once(')')?.1.split_whitespace().collect();
    let number = |index: usize| fields.get(index)?.parse::<u64>().ok();
    let ticks = (11..=14).map(number).sum::<Option<u64>>()?;
    Some(Stat { parent: number(1)? as u32, ticks, resident_pages: number(21)? })
}

fn descends(mut pid: u32, root: u32, parents: &HashMap<u32, u32>) -> bool {
    let mut seen = HashSet::new();
    while pid != root {
        match parents.get(&pid) {
            Some(parent) if seen.insert(pid) => pid = *parent,
            _ => return false,
        }
    }
    true
}

fn ticks_per_second() -> f64 {
    // SAFETY: sysconf only reads.
    (unsafe { libc::sysconf(libc::_SC_CLK_TCK) }) as f64
}

fn page_bytes() -> u64 {
    // SAFETY: sysconf only reads.
    (unsafe { libc::sysconf(libc::_SC_PAGESIZE) }) as u64
}

/// Datagrams the kernel has dropped because a receive buffer was full, on this machine since it
/// started.
pub fn receive_buffer_errors() -> u64 {
    let table = fs::read_to_string("/proc/net/snmp").unwrap_or_default();
    let mut lines = table.lines().filter_map(|line| line.strip_prefix("Udp: "));
    let (Some(names), Some(values)) = (lines.next(), lines.next()) else { return 0 };
    let position = names.split(' ').position(|name| name == "RcvbufErrors");
    position.and_then(|at| values.split(' ').nth(at)?.parse().ok()).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_a_stat_line_whose_name_has_a_bracket() {
        let stat = parse("7 (a) b) S 3 7 7 0 -1 4194560 1 2 3 4 10 20 30 40 20 0 5 0 100 1000000 77 18446744073709551615").expect("read");
        assert_eq!((stat.parent, stat.ticks, stat.resident_pages), (3, 100, 77));
    }

    #[test]
    fn this_process_uses_memory_and_an_unknown_one_is_none() {
        assert!(usage(std::process::id()).expect("here").resident_bytes > 0);
        assert_eq!(usage(u32::MAX), None);
    }
}
