//! Addresses of computers: IP in both versions, and MAC.

use core::net::{Ipv4Addr, Ipv6Addr};

/// An IPv4 address in four decimal parts (RFC 6943 3.1.1, strict form), with its prefix length where one fits.
pub(super) fn ipv4(text: &str) -> Option<usize> {
    let address = text.split('/').next()?;
    address.parse::<Ipv4Addr>().ok()?;
    Some(with_prefix(text, address.len(), 32))
}

/// An IPv6 address (RFC 4291 2.2), with its zone (RFC 4007 11) and its prefix length where one fits.
pub(super) fn ipv6(text: &str) -> Option<usize> {
    let whole = &text[..text.find(['%', '/']).unwrap_or(text.len())];
    let address = whole.strip_suffix(':').filter(|_| !whole.ends_with("::")).unwrap_or(whole);
    address.parse::<Ipv6Addr>().ok().filter(|_| is_address(address))?;
    if address.len() < whole.len() {
        return Some(address.len());
    }
    let zone = text[address.len()..].split('/').next().filter(|zone| zone.len() > 1).map_or(0, str::len);
    Some(with_prefix(text, address.len() + zone, 128))
}

/// Whether it is more than a ratio, a slice or a path that can be read as an address: addresses in use begin with a whole
/// group (2000::/3, fc00::/7, fe80::/10, ff00::/8), or with zeros before an IPv4 address.
fn is_address(text: &str) -> bool {
    let first = text.split(':').next().map_or(0, str::len);
    let full = !text.contains("::");
    match first {
        0 => text.len() > 6,
        1 | 2 => text.contains('.') || text.starts_with("64:ff9b:"),
        3 => full,
        _ => true,
    }
}

/// The length up to the end of `/prefix`, if one of at most `most` bits follows the address.
fn with_prefix(text: &str, address: usize, most: u8) -> usize {
    let bits = text[address..].strip_prefix('/').and_then(|bits| bits.parse::<u8>().ok());
    if bits.is_some_and(|bits| bits <= most) { text.len() } else { address }
}

/// A MAC address (IEEE 802, EUI-48) with one kind of separator; the broadcast and the empty one are nobody's.
pub(super) fn mac(text: &str) -> Option<usize> {
    let separators: Vec<u8> = text.bytes().filter(|byte| !byte.is_ascii_hexdigit()).collect();
    let digits: Vec<u8> = text.bytes().filter(u8::is_ascii_hexdigit).map(|byte| byte.to_ascii_lowercase()).collect();
    let even = separators.windows(2).all(|pair| pair[0] == pair[1]);
    // Pairs of decimal digits with dashes are a number in groups.
    let hexadecimal = separators.first() == Some(&b':') || digits.iter().any(|digit| !digit.is_ascii_digit());
    let nobody = digits.iter().all(|digit| *digit == b'0') || digits.iter().all(|digit| *digit == b'f');
    (even && hexadecimal && !nobody).then_some(text.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_end_where_they_end() {
        for (text, length) in
            [("192.168.0.1", Some(11)), ("10.0.0.0/8", Some(10)), ("10.0.0.0/123", Some(8)), ("256.0.0.1", None)]
        {
            assert_eq!(ipv4(text), length, "{text}");
        }
        for (text, length) in [
            ("684D:1111:222:3333:4444:5555:6:77", Some(33)),
            ("684D:1111:222:3333:4444:5555:77", None),
            ("2001:db8::1", Some(11)),
            ("2001:db8::1:", Some(11)),
            ("2001:db8::/32", Some(13)),
            ("2001:db8::/9999", Some(10)),
            ("fe80::1%eth0/64", Some(15)),
            ("::1", None),
            ("::ffff:192.0.2.1", Some(16)),
            ("::ffff:192.168.1", None),
            ("64:ff9b::192.0.2.0/96", Some(21)),
            ("2001::db8::1", None),
            ("12::34", None),
            ("43:51:43:a1:b5:fc:8b:b7", None),
        ] {
            assert_eq!(ipv6(text), length, "{text}");
        }
    }

    #[test]
    fn mac_addresses_have_one_separator() {
        for (text, good) in [
            ("00:1A:2B:3C:4D:5E", true),
            ("01-b3-4a-67-d9-cf", true),
            ("0012.3456.789A", true),
            ("10:2F:33-AC-29-C3", false),
            ("FF:FF:FF:FF:FF:FF", false),
            ("00:00:00:00:00:00", false),
            ("10-20-30-40-50-60", false),
            ("102030405060", false),
            ("", false),
        ] {
            assert_eq!(mac(text).is_some(), good, "{text}");
        }
    }
}
