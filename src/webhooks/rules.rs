//! Where a delivery may go, and when it is tried again; pure.
//!
//! A webhook makes the service call an address that somebody else has chosen, from inside the service's network. So
//! whatever is not on the public internet is refused, in whatever form it is written: an address in a URL when it is
//! stored and before each delivery, the addresses of a name when it is connected to.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::time::Duration;

use ipnet::{Ipv4Net, Ipv6Net};
use reqwest::Url;

/// The lowest port beside 443: those below belong to other services.
const FIRST_FREE_PORT: u16 = 1024;

/// The longest wait between two attempts.
const LONGEST_WAIT: Duration = Duration::from_secs(6 * 3600);

const fn v4(a: u8, b: u8, c: u8, length: u8) -> Ipv4Net {
    Ipv4Net::new_assert(Ipv4Addr::new(a, b, c, 0), length)
}

const fn v6(first: [u16; 3], length: u8) -> Ipv6Net {
    let [a, b, c] = first;
    Ipv6Net::new_assert(Ipv6Addr::new(a, b, c, 0, 0, 0, 0, 0), length)
}

/// The own machine and private networks: open for trying.
const PRIVATE_V4: &[Ipv4Net] = &[
    v4(10, 0, 0, 8),
    v4(127, 0, 0, 8),
    v4(172, 16, 0, 12),
    v4(192, 168, 0, 16),
];

/// What else is not on the public internet (RFC 6890 and the registry of IANA).
const SPECIAL_V4: &[Ipv4Net] = &[
    v4(0, 0, 0, 8),
    v4(100, 64, 0, 10),
    v4(169, 254, 0, 16),
    v4(192, 0, 0, 24),
    v4(192, 0, 2, 24),
    v4(192, 31, 196, 24),
    v4(192, 52, 193, 24),
    v4(192, 88, 99, 24),
    v4(192, 175, 48, 24),
    v4(198, 18, 0, 15),
    v4(198, 51, 100, 24),
    v4(203, 0, 113, 24),
    v4(224, 0, 0, 4),
    v4(240, 0, 0, 4),
];

/// The only part of IPv6 that is given out to the public internet.
const GLOBAL_V6: Ipv6Net = v6([0x2000, 0, 0], 3);

/// What of it is not: protocols' own and Teredo, documentation, 6to4.
const SPECIAL_V6: &[Ipv6Net] = &[
    v6([0x2001, 0, 0], 23),
    v6([0x2001, 0xdb8, 0], 32),
    v6([0x2002, 0, 0], 16),
    v6([0x2620, 0x4f, 0x8000], 48),
    v6([0x3fff, 0, 0], 20),
];

/// The private networks of IPv6.
const PRIVATE_V6: Ipv6Net = v6([0xfc00, 0, 0], 7);

/// IPv4 behind the well-known prefix of NAT64: what stands for it is the address inside.
const NAT64: Ipv6Net = v6([0x64, 0xff9b, 0], 96);

/// Whether a delivery may go to this address. `private` opens the own machine and private networks.
pub fn is_open(address: IpAddr, private: bool) -> bool {
    match address {
        IpAddr::V4(address) => is_open_v4(address, private),
        IpAddr::V6(address) => {
            if let Some(inside) = inside(address) {
                return is_open_v4(inside, private);
            }
            let is_private = address == Ipv6Addr::LOCALHOST || PRIVATE_V6.contains(&address);
            let is_special = SPECIAL_V6.iter().any(|net| net.contains(&address));
            private && is_private || GLOBAL_V6.contains(&address) && !is_special
        }
    }
}

fn is_open_v4(address: Ipv4Addr, private: bool) -> bool {
    let lies_in = |nets: &[Ipv4Net]| nets.iter().any(|net| net.contains(&address));
    !lies_in(SPECIAL_V4) && (private || !lies_in(PRIVATE_V4))
}

/// The IPv4 address that an IPv6 address stands for.
fn inside(address: Ipv6Addr) -> Option<Ipv4Addr> {
    let [.., a, b, c, d] = address.octets();
    let translated = NAT64
        .contains(&address)
        .then_some(Ipv4Addr::new(a, b, c, d));
    address.to_ipv4_mapped().or(translated)
}

/// Why nothing is sent to a URL.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BadTarget {
    /// It is no URL of the form that is asked for.
    Form,
    /// Its address is not on the public internet.
    Address,
}

/// The URL to send to, as far as that can be told before its name is resolved. The parser brings every form of an
/// address (`0x7f.1`, `2130706433`) to the usual one.
pub fn target(url: &str, private: bool) -> Result<Url, BadTarget> {
    let url = Url::parse(url).map_err(|_| BadTarget::Form)?;
    let is_tls = url.scheme() == "https";
    let is_bare = url.username().is_empty() && url.password().is_none() && url.fragment().is_none();
    let port = url.port_or_known_default().unwrap_or_default();
    let is_usual_port = port == 443 || port >= FIRST_FREE_PORT;
    let fits = is_tls && is_usual_port || private && (is_tls || url.scheme() == "http");
    let is_local = url.host_str().is_some_and(is_local_name);
    match address(&url) {
        _ if !fits || !is_bare || url.host_str().is_none_or(str::is_empty) => Err(BadTarget::Form),
        Some(address) if !is_open(address, private) => Err(BadTarget::Address),
        None if is_local && !private => Err(BadTarget::Address),
        _ => Ok(url),
    }
}

/// Endings of names that mean something in a private network alone (RFC 6761, 6762, 7686 and 8375; `internal` is reserved
/// by ICANN). As each network knows them in its own way, they are refused whatever they lead to here.
const LOCAL_NAMES: &[&str] = &["localhost", "local", "internal", "home.arpa", "onion"];

/// Whether a name means nothing on the public internet; one without a dot is looked for in the own domain.
fn is_local_name(name: &str) -> bool {
    let name = name.strip_suffix('.').unwrap_or(name);
    let ends = |ending: &&str| {
        let rest = name.strip_suffix(*ending);
        rest.is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
    };
    !name.contains('.') || LOCAL_NAMES.iter().any(ends)
}

/// The address in a URL that names one and no host.
pub fn address(url: &Url) -> Option<IpAddr> {
    let host = url.host_str()?;
    let bare = host
        .strip_prefix('[')
        .and_then(|host| host.strip_suffix(']'));
    bare.unwrap_or(host).parse().ok()
}

/// How long to wait after so many failures in a row: by full jitter any part of a time that doubles. `chance` is from 0
/// to 1.
pub fn wait_after(failures: i32, first: Duration, longest: Duration, chance: f64) -> Duration {
    let doublings = u32::try_from(failures.saturating_sub(1)).unwrap_or_default();
    let most = first.saturating_mul(2_u32.saturating_pow(doublings));
    most.min(longest)
        .min(LONGEST_WAIT)
        .mul_f64(chance.clamp(0.0, 1.0))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const CLOSED: &[&str] = &[
        "0.0.0.0",
        "0.1.2.3",
        "10.0.0.1",
        "10.255.255.255",
        "100.64.0.1",
        "100.127.255.255",
        "127.0.0.1",
        "127.255.255.254",
        "169.254.169.254",
        "172.16.0.1",
        "172.31.255.255",
        "192.0.0.1",
        "192.0.2.1",
        "192.88.99.1",
        "192.168.0.1",
        "198.18.0.1",
        "198.19.255.255",
        "198.51.100.1",
        "203.0.113.1",
        "224.0.0.1",
        "239.255.255.255",
        "240.0.0.1",
        "255.255.255.255",
        "::",
        "::1",
        "::7f00:1",
        "::10.0.0.1",
        "::8.8.8.8",
        "::ffff:127.0.0.1",
        "::ffff:169.254.169.254",
        "::ffff:10.0.0.1",
        "64:ff9b::127.0.0.1",
        "64:ff9b::a9fe:a9fe",
        "64:ff9b:1::8.8.8.8",
        "100::1",
        "2001::1",
        "2001:0:53aa:64c:0:7f3e:f5ff:fffe",
        "2001:2::1",
        "2001:10::1",
        "2001:20::1",
        "2001:db8::1",
        "2002:7f00:1::",
        "2002:0808:0808::1",
        "3fff::1",
        "5f00::1",
        "fc00::1",
        "fd00:ec2::254",
        "fe80::1",
        "fec0::1",
        "ff02::1",
    ];

    const OPEN: &[&str] = &[
        "1.1.1.1",
        "8.8.8.8",
        "100.63.255.255",
        "100.128.0.1",
        "172.15.0.1",
        "172.32.0.1",
        "192.167.0.1",
        "198.17.0.1",
        "198.20.0.1",
        "223.255.255.255",
        "2001:4860:4860::8888",
        "2606:4700::1111",
        "2a00:1450::1",
        "::ffff:8.8.8.8",
        "64:ff9b::8.8.8.8",
    ];

    const PRIVATE: &[&str] = &[
        "127.0.0.1",
        "10.0.0.1",
        "172.16.0.1",
        "192.168.0.1",
        "::1",
        "fd00::1",
        "::ffff:127.0.0.1",
    ];

    #[test]
    fn only_addresses_of_the_public_internet_are_open() {
        for text in CLOSED {
            assert!(!is_open(text.parse().unwrap(), false), "{text}");
        }
        for text in OPEN {
            assert!(is_open(text.parse().unwrap(), false), "{text}");
            assert!(is_open(text.parse().unwrap(), true), "{text}");
        }
    }

    #[test]
    fn for_trying_the_own_machine_and_private_networks_are_open_and_nothing_else() {
        for text in CLOSED {
            let address: IpAddr = text.parse().unwrap();
            let opened = is_open(address, true);
            let may_open = match inside_of(address) {
                IpAddr::V4(v4) => v4.is_loopback() || v4.is_private(),
                IpAddr::V6(v6) => v6.is_loopback() || v6.is_unique_local(),
            };
            assert_eq!(opened, may_open, "{text}");
        }
        for text in PRIVATE {
            assert!(is_open(text.parse().unwrap(), true), "{text}");
        }
    }

    fn inside_of(address: IpAddr) -> IpAddr {
        match address {
            IpAddr::V6(v6) => inside(v6).map_or(address, IpAddr::V4),
            IpAddr::V4(_) => address,
        }
    }

    #[test]
    fn a_target_is_https_without_user_or_fragment_on_a_usual_port() {
        for good in [
            "https://plans.umea.example/iuc",
            "https://plans.umea.example:443/iuc?key=1",
            "https://plans.umea.example:8443/",
            "https://8.8.8.8/",
            "https://[2606:4700::1111]/",
            "https://local.example/", // A name: what it resolves to is looked at when it is connected to.
        ] {
            assert!(target(good, false).is_ok(), "{good}");
        }
        for bad in [
            "http://plans.umea.example/",
            "ftp://plans.umea.example/",
            "file:///etc/passwd",
            "https://",
            "https:///",
            "https://user@plans.umea.example/",
            "https://user:word@plans.umea.example/",
            "https://:word@umea.example/",
            "https://plans.umea.example/#a",
            "https://plans.umea.example:22/",
            "https://plans.umea.example:80/",
            "https://plans.umea.example:0/",
            "plans.umea.example",
            "https://a b/",
            "gopher://umea.example/",
            "https://[::1",
            "https://%00/",
        ] {
            assert_eq!(target(bad, false), Err(BadTarget::Form), "{bad}");
        }
        assert!(target("http://127.0.0.1:8080/", true).is_ok());
        assert!(target("http://example.org/", true).is_ok());
        assert_eq!(target("ftp://127.0.0.1/", true), Err(BadTarget::Form));
        assert_eq!(
            target("http://169.254.169.254/", true),
            Err(BadTarget::Address)
        );
    }

    #[test]
    fn names_of_private_networks_are_no_targets() {
        for name in [
            "localhost",
            "LocalHost.",
            "a.localhost",
            "nas.local",
            "db.prod.internal.",
            "x.home.arpa",
            "postgres",
        ] {
            let url = format!("https://{name}/");
            assert_eq!(target(&url, false), Err(BadTarget::Address), "{name}");
            assert!(target(&url, true).is_ok(), "{name}");
        }
        for name in ["notlocal.example", "internal.example", "my-local.eu"] {
            assert!(target(&format!("https://{name}/"), false).is_ok(), "{name}");
        }
    }

    #[test]
    fn an_address_is_the_same_in_every_form() {
        for bad in [
            "https://127.0.0.1/",
            "https://127.1/",
            "https://2130706433/",
            "https://0x7f000001/",
            "https://0x7f.1/",
            "https://0177.0.0.1/",
            "https://017700000001/",
            "https://127.0.0.1./",
            "https://①②⑦.0.0.1/",
            "https://%31%32%37.0.0.1/",
            "https://[::1]/",
            "https://[::ffff:127.0.0.1]/",
            "https://[::ffff:7f00:1]/",
            "https://[0:0:0:0:0:ffff:7f00:0001]/",
            "https://[64:ff9b::7f00:1]/",
            "https://[2002:7f00:1::]/",
            "https://169.254.169.254/latest/meta-data/",
            "https://2852039166/",
            "https://[fd00:ec2::254]/",
            "https://0/",
            "https://0.0.0.0:8443/",
            "https://10.1.2.3/",
            "https://[fe80::1]/",
        ] {
            assert_eq!(target(bad, false), Err(BadTarget::Address), "{bad}");
        }
    }

    #[test]
    fn waits_double_up_to_the_longest() {
        let (first, longest) = (Duration::from_secs(5), Duration::from_secs(60));
        let waits: Vec<u64> = (1..8)
            .map(|failures| wait_after(failures, first, longest, 1.0).as_secs())
            .collect();
        assert_eq!(waits, [5, 10, 20, 40, 60, 60, 60]);
        assert_eq!(wait_after(3, first, longest, 0.5).as_secs(), 10);
        assert_eq!(wait_after(3, first, longest, 0.0).as_secs(), 0);
        assert_eq!(wait_after(i32::MAX, first, LONGEST_WAIT, 1.0), LONGEST_WAIT);
    }

    proptest! {
        #[test]
        fn no_url_whatever_leads_to_a_closed_address(bits: u32, private: bool) {
            let v4 = Ipv4Addr::from_bits(bits);
            let forms = [
                format!("https://{v4}/"), format!("https://{bits}/"), format!("https://{bits:#x}/"),
                format!("https://[::ffff:{v4}]/"), format!("https://[64:ff9b::{v4}]/"),
            ];
            for form in forms {
                prop_assert_eq!(target(&form, private).is_ok(), is_open(IpAddr::V4(v4), private), "{}", form);
            }
        }

        #[test]
        fn no_text_is_too_strange(text in "\\PC{0,60}") {
            let _ = target(&format!("https://{text}"), false);
        }
    }
}
