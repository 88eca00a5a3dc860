//! Where the service is, as a person says it: over TLS, but on this machine.

use std::net::IpAddr;

use reqwest::Url;

/// The origin of the service, as a person says it. The secret goes there: in clear to this machine alone.
pub fn origin(said: &str) -> Result<String, String> {
    let url = Url::parse(said)
        .map_err(|error| format!("{error}: it is to be such as https://api.example"))?;
    let host = url.host_str().unwrap_or_default();
    let address = host.trim_matches(['[', ']']).parse::<IpAddr>();
    let is_here = address.map_or(host == "localhost", |address| address.is_loopback());
    match url.scheme() {
        "https" => {}
        "http" if is_here => {}
        "http" => {
            let why =
                "over plain http the secret of the client could be read on its way: say https";
            return Err(why.into());
        }
        _ => return Err("it is to begin with https://".into()),
    }
    let url = url.as_str().trim_end_matches('/').trim_end_matches("/v1");
    Ok(url.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_goes_over_tls_or_stays_on_this_machine() {
        for (said, url) in [
            ("https://API.example", "https://api.example"),
            ("https://api.example:443/v1/", "https://api.example"),
            ("https://city.example/iuc/v1", "https://city.example/iuc"),
            ("http://127.0.0.1:8080/", "http://127.0.0.1:8080"),
            ("http://127.1.2.3", "http://127.1.2.3"),
            ("http://[::1]:8080", "http://[::1]:8080"),
            ("http://localhost:8080/v1", "http://localhost:8080"),
        ] {
            assert_eq!(origin(said).as_deref(), Ok(url), "{said}");
        }
        for said in [
            "http://api.example",
            "http://localhost.example",
            "http://10.0.0.7:8080",
            "http://0.0.0.0:8080",
            "http://127.0.0.1.example",
            "http://user@api.example",
        ] {
            assert!(origin(said).unwrap_err().contains("plain http"), "{said}");
        }
        for said in ["api.example", "ftp://api.example", "", "localhost:8080"] {
            assert!(origin(said).is_err(), "{said}");
        }
    }
}
