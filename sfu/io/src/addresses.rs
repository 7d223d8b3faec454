//! Which addresses to bind and which to tell clients.

use std::io;
use std::net::{IpAddr, SocketAddr, UdpSocket};

/// Addresses of one family a client is told; a machine with more tells the first.
const MAX_TOLD: usize = 16;

/// The addresses that clients are told beside, or instead of, those that are bound.
#[derive(Debug, Clone, Default)]
pub struct Told {
    /// Instead of those of their family.
    pub instead: Vec<IpAddr>,
    /// In addition to those of their family: a public address in front of this machine.
    pub also: Vec<IpAddr>,
}

/// The addresses clients are told for each of the bound ones: `told` first of all; else the bound
/// address itself, or every address of the machine where that is the unspecified one.
pub fn candidate_ips(bound: &[IpAddr], told: &Told) -> io::Result<Vec<Vec<IpAddr>>> {
    let interfaces = if_addrs::get_if_addrs()?;
    Ok(choose(bound, told, &interfaces.iter().map(if_addrs::Interface::ip).collect::<Vec<_>>()))
}

fn choose(bound: &[IpAddr], told: &Told, machine: &[IpAddr]) -> Vec<Vec<IpAddr>> {
    let is_open = |ip: &IpAddr| bound.iter().any(|b| b.is_unspecified() && b.is_ipv4() == ip.is_ipv4());
    let local = reachable(&machine.iter().copied().filter(is_open).collect::<Vec<_>>());
    let of_family = |list: &[IpAddr], ip: IpAddr| -> Vec<IpAddr> {
        list.iter().copied().filter(|a| a.is_ipv4() == ip.is_ipv4()).collect()
    };
    let for_one = |ip: &IpAddr| {
        let instead = of_family(&told.instead, *ip);
        if !instead.is_empty() {
            return instead;
        }
        let mut ips = if ip.is_unspecified() { of_family(&local, *ip) } else { vec![*ip] };
        ips.truncate(MAX_TOLD);
        ips.extend(of_family(&told.also, *ip).into_iter().filter(|a| !machine.contains(a)));
        ips
    };
    bound.iter().map(for_one).collect()
}

/// Loopback and link-local addresses only when there is nothing better: no other machine reaches
/// them.
fn reachable(local: &[IpAddr]) -> Vec<IpAddr> {
    let better: Vec<IpAddr> = local.iter().copied().filter(|a| !a.is_loopback() && !is_link_local(*a)).collect();
    if better.is_empty() {
        return local.iter().copied().filter(IpAddr::is_loopback).collect();
    }
    better
}

fn is_link_local(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(v4) => v4.is_link_local(),
        IpAddr::V6(v6) => v6.is_unicast_link_local(),
    }
}

/// Whether this machine has the address: only then can a socket be bound to it.
pub fn is_of_this_machine(ip: IpAddr) -> bool {
    UdpSocket::bind(SocketAddr::new(ip, 0)).is_ok()
}

/// Which of a socket's candidates a datagram was sent to; behind address translation only the first
/// can be told.
pub fn candidate_for(candidates: &[SocketAddr], destination: Option<IpAddr>) -> Option<SocketAddr> {
    let exact = destination.and_then(|ip| candidates.iter().find(|c| c.ip() == ip));
    exact.or(candidates.first()).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ips(text: &[&str]) -> Vec<IpAddr> {
        text.iter().map(|t| t.parse().unwrap()).collect()
    }

    #[test]
    fn knows_the_addresses_of_this_machine() {
        assert!(is_of_this_machine(ips(&["127.0.0.1"])[0]));
        assert!(!is_of_this_machine(ips(&["203.0.113.7"])[0]));
    }

    fn chosen(bound: &[&str], instead: &[&str], also: &[&str], machine: &[&str]) -> Vec<Vec<IpAddr>> {
        choose(&ips(bound), &Told { instead: ips(instead), also: ips(also) }, &ips(machine))
    }

    #[test]
    fn advertised_addresses_replace_the_bound_one_of_their_family() {
        let machine = ["127.0.0.1", "10.0.0.5"];

        assert_eq!(chosen(&["0.0.0.0"], &["203.0.113.7"], &[], &machine), [ips(&["203.0.113.7"])]);
        assert_eq!(chosen(&["10.1.2.3"], &[], &[], &machine), [ips(&["10.1.2.3"])]);
        assert_eq!(
            chosen(&["0.0.0.0", "::1"], &["203.0.113.7"], &[], &machine),
            [ips(&["203.0.113.7"]), ips(&["::1"])]
        );
    }

    #[test]
    fn every_address_of_the_machine_is_told_for_the_unspecified_one_of_its_family() {
        let machine = ["127.0.0.1", "10.0.0.5", "169.254.3.4", "::1", "fe80::1", "2001:db8::5", "2001:db8::6"];

        assert_eq!(
            chosen(&["0.0.0.0", "::"], &[], &[], &machine),
            [ips(&["10.0.0.5"]), ips(&["2001:db8::5", "2001:db8::6"])]
        );
    }

    #[test]
    fn loopback_is_told_only_when_there_is_nothing_else() {
        assert_eq!(chosen(&["0.0.0.0"], &[], &[], &["127.0.0.1", "10.0.0.5"]), [ips(&["10.0.0.5"])]);
        assert_eq!(chosen(&["0.0.0.0"], &[], &[], &["127.0.0.1"]), [ips(&["127.0.0.1"])]);
        assert_eq!(
            chosen(&["0.0.0.0", "::"], &[], &[], &["127.0.0.1", "10.0.0.5", "::1", "fe80::1"]),
            [ips(&["10.0.0.5"]), vec![]]
        );
        assert_eq!(chosen(&["0.0.0.0", "::"], &[], &[], &["127.0.0.1", "::1"]), [ips(&["127.0.0.1"]), ips(&["::1"])]);
    }

    #[test]
    fn a_public_address_is_told_beside_the_local_ones() {
        let machine = ["10.0.0.5", "2001:db8::5"];

        assert_eq!(
            chosen(&["0.0.0.0", "::"], &[], &["203.0.113.7"], &machine),
            [ips(&["10.0.0.5", "203.0.113.7"]), ips(&["2001:db8::5"])]
        );
        assert_eq!(chosen(&["0.0.0.0"], &[], &["10.0.0.5"], &machine), [ips(&["10.0.0.5"])]);
        assert_eq!(chosen(&["0.0.0.0"], &["198.51.100.1"], &["203.0.113.7"], &machine), [ips(&["198.51.100.1"])]);
    }

    #[test]
    fn no_machine_has_too_many_addresses_to_tell() {
        let many: Vec<String> = (0..100).map(|i| format!("10.0.0.{i}")).collect();
        let machine: Vec<&str> = many.iter().map(String::as_str).collect();

        assert_eq!(chosen(&["0.0.0.0"], &[], &[], &machine)[0].len(), MAX_TOLD);
    }

    #[test]
    fn a_datagram_belongs_to_the_candidate_it_was_sent_to() {
        let candidates: Vec<SocketAddr> = vec!["10.0.0.5:7000".parse().unwrap(), "10.0.0.6:7000".parse().unwrap()];

        assert_eq!(candidate_for(&candidates, Some(candidates[1].ip())), Some(candidates[1]));
        assert_eq!(candidate_for(&candidates, Some("172.17.0.2".parse().unwrap())), Some(candidates[0]));
        assert_eq!(candidate_for(&candidates, None), Some(candidates[0]));
        assert_eq!(candidate_for(&[], None), None);
    }
}
