//! Which addresses to bind and which to tell clients.

use std::io;
use std::net::{IpAddr, SocketAddr, UdpSocket};

/// The addresses clients are told for a socket bound to `ip`: the advertised ones of its family if there are any, else
/// `ip` itself, or every address of the machine when `ip` is the unspecified one.
pub fn candidate_ips(ip: IpAddr, advertised: &[IpAddr]) -> io::Result<Vec<IpAddr>> {
    let told: Vec<IpAddr> = advertised.iter().copied().filter(|a| a.is_ipv4() == ip.is_ipv4()).collect();
    if !told.is_empty() {
        return Ok(told);
    }
    if !ip.is_unspecified() {
        return Ok(vec![ip]);
    }
    let interfaces = if_addrs::get_if_addrs()?;
    let local: Vec<IpAddr> =
        interfaces.iter().map(if_addrs::Interface::ip).filter(|a| a.is_ipv4() == ip.is_ipv4()).collect();
    Ok(reachable(&local))
}

/// Loopback and link-local addresses only when there is nothing better: no other machine reaches them.
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

/// Which of a socket's candidates a datagram was sent to; behind address translation only the first can be told.
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

    #[test]
    fn advertised_addresses_replace_the_bound_one_of_their_family() {
        let advertised = ips(&["203.0.113.7"]);

        assert_eq!(candidate_ips(ips(&["0.0.0.0"])[0], &advertised).unwrap(), advertised);
        assert_eq!(candidate_ips(ips(&["10.1.2.3"])[0], &[]).unwrap(), ips(&["10.1.2.3"]));
        assert_eq!(candidate_ips(ips(&["::1"])[0], &advertised).unwrap(), ips(&["::1"]));
    }

    #[test]
    fn loopback_is_told_only_when_there_is_nothing_else() {
        assert_eq!(reachable(&ips(&["127.0.0.1", "10.0.0.5"])), ips(&["10.0.0.5"]));
        assert_eq!(reachable(&ips(&["127.0.0.1"])), ips(&["127.0.0.1"]));
        assert_eq!(reachable(&ips(&["::1", "fe80::1"])), ips(&["::1"]));
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
