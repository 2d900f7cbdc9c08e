//! The addresses of an environment's network.

use std::fmt;
use std::net::Ipv4Addr;
use std::str::FromStr;

use domain::{Error, Result};
use serde::{Deserialize, Serialize};

/// A private /24, as `10.20.0.0/24`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct VpcCidr(Ipv4Addr);

impl FromStr for VpcCidr {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let address = text.strip_suffix("/24").and_then(|address| address.parse().ok());
        match address {
            Some(address) if Ipv4Addr::is_private(&address) && address.octets()[3] == 0 => {
                Ok(Self(address))
            }
            _ => Err(Error::invalid(format!(
                "{text:?} is no private /24: write the first address of one, for example \
                 `10.20.0.0/24`"
            ))),
        }
    }
}

impl TryFrom<String> for VpcCidr {
    type Error = Error;

    fn try_from(text: String) -> Result<Self> {
        text.parse()
    }
}

impl From<VpcCidr> for String {
    fn from(cidr: VpcCidr) -> Self {
        cidr.to_string()
    }
}

impl fmt::Display for VpcCidr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/24", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_network_is_a_whole_private_range() {
        assert_eq!("10.20.0.0/24".parse::<VpcCidr>().unwrap().to_string(), "10.20.0.0/24");
        for bad in ["10.20.0.0/16", "10.20.0.7/24", "8.8.8.0/24", "10.20.0/24", "", "10.20.0.0"] {
            assert!(bad.parse::<VpcCidr>().is_err(), "{bad:?} was accepted");
        }
    }
}
