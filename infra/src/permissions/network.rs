//! Rules of security groups: what they let in and out.

use std::net::IpAddr;

use domain::stack::PermissionChange;
use serde_json::{Value, json};

use super::documents::named;
use super::text::text;
use crate::template::{Resolved, ResolvedResource, function, scalar};

/// What one rule lets through.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Rule {
    logical_id: String,
    group: String,
    outwards: bool,
    /// As `tcp`; `all` for every protocol.
    protocol: String,
    ports: Ports,
    /// An address block, or a group or prefix list in words.
    peer: String,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Ports {
    Range(u16, u16),
    /// Not known beforehand.
    Text(String),
}

const ALL_PORTS: Ports = Ports::Range(0, u16::MAX);

/// Rules that let through what none let through before, and the other way round.
pub(super) fn compare(before: &Resolved, after: &Resolved) -> Vec<PermissionChange> {
    let (old, new) = (rules(before), rules(after));
    let gained = new.iter().filter(|rule| !old.iter().any(|other| other.covers(rule)));
    let lost = old.iter().filter(|rule| !new.iter().any(|other| other.covers(rule)));
    let gained = gained.map(|rule| rule.change(true));
    gained.chain(lost.map(|rule| rule.change(false))).collect()
}

fn rules(stack: &Resolved) -> Vec<Rule> {
    let rules = stack.resources.iter().flat_map(|(name, resource)| {
        let properties = &resource.properties;
        let of_group = |outwards| {
            let group = properties.get("GroupId").or_else(|| properties.get("GroupName"));
            let group = named("security group", &group.map(text).unwrap_or_default());
            vec![rule(name, &group, outwards, properties)]
        };
        match resource.resource_type.as_str() {
            "AWS::EC2::SecurityGroup" => inline(name, resource),
            "AWS::EC2::SecurityGroupIngress" => of_group(false),
            "AWS::EC2::SecurityGroupEgress" => of_group(true),
            _ => Vec::new(),
        }
    });
    rules.collect()
}

/// A group's own rules. One that says nothing about what goes out lets everything out.
fn inline(name: &str, resource: &ResolvedResource) -> Vec<Rule> {
    let group = format!("security group {name}");
    let own = |key: &str, outwards: bool| -> Vec<Rule> {
        match resource.properties.get(key) {
            Some(Value::Array(rules)) => {
                rules.iter().map(|value| rule(name, &group, outwards, value)).collect()
            }
            Some(value) => vec![rule(name, &group, outwards, value)],
            None => Vec::new(),
        }
    };
    let mut rules = own("SecurityGroupIngress", false);
    let outwards = own("SecurityGroupEgress", true);
    if outwards.is_empty() {
        let everything = |cidr: &str| json!({ "IpProtocol": "-1", "CidrIp": cidr });
        rules.extend(["0.0.0.0/0", "::/0"].map(|cidr| rule(name, &group, true, &everything(cidr))));
    }
    rules.extend(outwards);
    rules
}

fn rule(logical_id: &str, group: &str, outwards: bool, value: &Value) -> Rule {
    let protocol = match value.get("IpProtocol").map(text).unwrap_or_default().to_lowercase() {
        all if all == "-1" => "all".to_owned(),
        known if known == "6" => "tcp".to_owned(),
        known if known == "17" => "udp".to_owned(),
        other => other,
    };
    let ports = match protocol.as_str() {
        "all" => ALL_PORTS,
        _ => ports(value.get("FromPort"), value.get("ToPort")),
    };
    Rule {
        logical_id: logical_id.to_owned(),
        group: group.to_owned(),
        outwards,
        protocol,
        ports,
        peer: peer(value),
    }
}

fn ports(from: Option<&Value>, to: Option<&Value>) -> Ports {
    let port = |value: Option<&Value>| value.and_then(scalar)?.parse::<i32>().ok();
    match (port(from), port(to)) {
        (Some(-1), _) => ALL_PORTS,
        (Some(from), Some(to)) => match (u16::try_from(from), u16::try_from(to)) {
            (Ok(from), Ok(to)) => Ports::Range(from, to),
            _ => Ports::Text(format!("{from}-{to}")),
        },
        _ if from.is_none() && to.is_none() => ALL_PORTS,
        _ => Ports::Text(format!(
            "{}-{}",
            from.map_or_else(String::new, text),
            to.map_or_else(String::new, text)
        )),
    }
}

fn peer(value: &Value) -> String {
    if function(value).is_some() {
        return text(value);
    }
    let kinds = [
        ("CidrIp", ""),
        ("CidrIpv6", ""),
        ("SourceSecurityGroupId", "security group"),
        ("SourceSecurityGroupName", "security group"),
        ("DestinationSecurityGroupId", "security group"),
        ("SourcePrefixListId", "prefix list"),
        ("DestinationPrefixListId", "prefix list"),
    ];
    let found = kinds.into_iter().find_map(|(key, noun)| Some((noun, text(value.get(key)?))));
    match found {
        Some(("", block)) => block,
        Some((noun, name)) => named(noun, &name),
        None => value.to_string(),
    }
}

impl Rule {
    fn covers(&self, narrow: &Self) -> bool {
        let ports = match (&self.ports, &narrow.ports) {
            (Ports::Range(from, to), Ports::Range(first, last)) => from <= first && last <= to,
            (wide, narrow) => *wide == ALL_PORTS || wide == narrow,
        };
        self.group == narrow.group
            && self.outwards == narrow.outwards
            && (self.protocol == narrow.protocol || self.protocol == "all")
            && ports
            && (self.peer == narrow.peer || block_covers(&self.peer, &narrow.peer))
    }

    fn change(&self, gained: bool) -> PermissionChange {
        let (way, side) = if self.outwards { ("out", "to") } else { ("in", "from") };
        let turned = if gained { "now lets" } else { "no longer lets" };
        let what = match (self.protocol.as_str(), &self.ports) {
            ("all", _) => "everything".to_owned(),
            (protocol, ports) if *ports == ALL_PORTS => format!("any {protocol}"),
            (protocol, Ports::Range(from, to)) if from == to => format!("{protocol} {from}"),
            (protocol, Ports::Range(from, to)) => format!("{protocol} {from}-{to}"),
            (protocol, Ports::Text(ports)) => format!("{protocol} {ports}"),
        };
        PermissionChange {
            logical_id: self.logical_id.clone(),
            sentence: format!("{} {turned} {way} {what} {side} {}", self.group, self.peer),
            widened: gained,
        }
    }
}

/// Whether one address block holds another: `10.0.0.0/8` holds `10.1.0.0/16`.
fn block_covers(wide: &str, narrow: &str) -> bool {
    let (Some((wide, wide_bits)), Some((narrow, narrow_bits))) = (block(wide), block(narrow))
    else {
        return false;
    };
    let same_kind = wide.is_ipv4() == narrow.is_ipv4();
    let length = if wide.is_ipv4() { 32 } else { 128 };
    let shift = length - wide_bits.min(length);
    let prefix = |address| bits(address).checked_shr(shift).unwrap_or(0);
    same_kind && wide_bits <= narrow_bits && prefix(wide) == prefix(narrow)
}

fn block(text: &str) -> Option<(IpAddr, u32)> {
    let (address, bits) = text.split_once('/')?;
    Some((address.parse().ok()?, bits.parse().ok()?))
}

fn bits(address: IpAddr) -> u128 {
    match address {
        IpAddr::V4(address) => u128::from(u32::from(address)),
        IpAddr::V6(address) => u128::from(address),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_hold_narrower_blocks() {
        for (wide, narrow) in
            [("0.0.0.0/0", "10.1.2.3/32"), ("10.0.0.0/8", "10.9.0.0/16"), ("::/0", "fd00::/8")]
        {
            assert!(block_covers(wide, narrow), "{wide} {narrow}");
            assert!(!block_covers(narrow, wide), "{narrow} {wide}");
        }
        assert!(!block_covers("0.0.0.0/0", "::/0"));
        assert!(!block_covers("10.0.0.0/8", "${Vpc.CidrBlock}"));
    }
}
