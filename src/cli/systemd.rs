//! Tells systemd how things stand, where it asks: `NOTIFY_SOCKET` and `WATCHDOG_USEC`.

use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{SocketAddr, UnixDatagram};
use std::time::Duration;

/// Tells a state, such as `READY=1`. Without systemd nothing happens.
pub(super) fn tell(state: &str) {
    let Some(name) = std::env::var_os("NOTIFY_SOCKET") else { return };
    let name = name.to_string_lossy();
    let address = match name.strip_prefix('@') {
        Some(name) => SocketAddr::from_abstract_name(name),
        None => SocketAddr::from_pathname(&*name),
    };
    let told = address.and_then(|address| UnixDatagram::unbound()?.send_to_addr(state.as_bytes(), &address));
    if let Err(error) = told {
        tracing::warn!(%error, "systemd could not be told");
    }
}

/// Says that the process is alive for as long as it is, twice as often as systemd asks for. The runtime has to turn for it.
pub(super) async fn keep_telling() {
    let Some(pause) = pause(|name| std::env::var(name).ok()) else { return };
    loop {
        tell("WATCHDOG=1");
        tokio::time::sleep(pause).await;
    }
}

/// The pause between two signs of life, where this process is asked for them.
fn pause(variable: impl Fn(&str) -> Option<String>) -> Option<Duration> {
    let meant = variable("WATCHDOG_PID").is_none_or(|id| id.parse() == Ok(std::process::id()));
    let micros: u64 = variable("WATCHDOG_USEC").filter(|_| meant)?.parse().ok()?;
    Some(Duration::from_micros(micros / 2)).filter(|pause| !pause.is_zero())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signs_of_life_come_twice_as_often_as_asked() {
        let check = |variables: &[(&str, &str)], expected: Option<u64>| {
            let found =
                |name: &str| variables.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned());
            assert_eq!(pause(found), expected.map(Duration::from_millis), "{variables:?}");
        };
        let own = std::process::id().to_string();
        check(&[], None);
        check(&[("WATCHDOG_USEC", "3000000")], Some(1500));
        check(&[("WATCHDOG_USEC", "3000000"), ("WATCHDOG_PID", &own)], Some(1500));
        check(&[("WATCHDOG_USEC", "3000000"), ("WATCHDOG_PID", "0")], None);
        check(&[("WATCHDOG_USEC", "soon")], None);
    }
}
