//! Feeds and drains a broker, and says in one line of JSON how much went how fast.
//!
//! Bulk goes through librdkafka, which every broker is fed by; single requests (first acknowledgement, round trips) are bytes
//! written here, because librdkafka's own timers (metadata refresh, reconnect backoff) are longer than what is measured.
//!
//! ```text
//!   generator produce   ADDRESS TOPIC SIZE_BYTES RECORDS PARTITIONS KEY=VALUE…    (settings of librdkafka)
//!   generator consume   ADDRESS TOPIC RECORDS PARTITIONS
//!   generator create    ADDRESS TOPIC PARTITIONS KEY=VALUE…                       (of the topic)
//!   generator first     ADDRESS TOPIC
//!   generator roundtrip ADDRESS TOPIC SIZE_BYTES COUNT CONNECTIONS
//!   generator join      ADDRESS MEMBERS ROUNDS
//!   generator idle-groups | idle-members | idle-group-of | idle-connections ADDRESS COUNT
//! ```

mod bulk;
mod groups;
mod raw;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let number = |word: &str| word.parse::<u64>().expect("a number");
    let line = match words[..] {
        [
            "produce",
            address,
            topic,
            size,
            records,
            partitions,
            ref settings @ ..,
        ] => {
            let (size, partitions) = (number(size) as usize, number(partitions) as i32);
            bulk::produce(
                address,
                topic,
                size,
                number(records),
                partitions,
                &pairs(settings),
            )
        }
        ["consume", address, topic, records, partitions] => {
            bulk::consume(address, topic, number(records), number(partitions) as i32)
        }
        ["create", address, topic, partitions, ref settings @ ..] => {
            bulk::create(address, topic, number(partitions) as i32, &pairs(settings))
        }
        ["first", address, topic] => raw::first(address, topic),
        ["roundtrip", address, topic, size, count, connections] => raw::round_trips(
            address,
            topic,
            number(size) as usize,
            number(count) as usize,
            number(connections) as usize,
        ),
        ["join", address, members, rounds] => {
            groups::join(address, number(members) as usize, number(rounds) as usize)
        }
        ["idle-groups", address, count] => groups::idle_groups(address, number(count) as usize),
        ["idle-members", address, count] => groups::idle_members(address, number(count) as usize),
        ["idle-group-of", address, count] => groups::idle_group_of(address, number(count) as usize),
        ["idle-connections", address, count] => {
            groups::idle_connections(address, number(count) as usize)
        }
        _ => panic!("see the head of main.rs for the commands"),
    };
    println!("{line}");
}

fn pairs<'a>(settings: &[&'a str]) -> Vec<(&'a str, &'a str)> {
    settings
        .iter()
        .map(|pair| pair.split_once('=').expect("KEY=VALUE"))
        .collect()
}
