//! A client that creates the topics of the run, then more of them, and changes their configs.

use super::client::{self, Connection};
use super::invariants::metadata;
use super::ledger::Ledger;
use super::stage::TOPICS;
use super::trace::Trace;
use crate::wire::{self, TOPIC};
use ottla::world::Rng;
use ottla_protocol::ErrorCode;
use std::io;
use std::time::Duration;
use turmoil::sim_elapsed;

/// Besides those of the run.
const TOPICS_MAX: u64 = 12;

pub struct Admin {
    ledger: Ledger,
    trace: Trace,
    rng: Rng,
    created: u64,
}

/// Works until the ledger ends, then checks that everything acknowledged is there.
pub async fn run(ledger: Ledger, trace: Trace, rng: Rng) {
    let mut admin = Admin {
        ledger,
        trace,
        rng,
        created: 0,
    };
    while let Err(error) = admin.connected().await {
        admin.trace.say(format!("admin: connection lost: {error}"));
        client::rest().await;
    }
}

impl Admin {
    async fn connected(&mut self) -> io::Result<()> {
        let mut connection = client::connect().await?;
        for (topic, partitions, configs) in TOPICS {
            self.create(&mut connection, topic, *partitions, configs)
                .await?;
        }
        while !self.ledger.is_ending() {
            self.change_something(&mut connection).await?;
            let pause = Duration::from_millis(20 + self.rng.below(200));
            tokio::time::sleep(pause).await;
        }
        metadata::check(&mut connection, &self.ledger).await
    }

    async fn change_something(&mut self, connection: &mut Connection) -> io::Result<()> {
        if self.created < TOPICS_MAX && self.rng.below(2) == 0 {
            let topic = format!("extra-{}", self.created);
            self.create(connection, &topic, 1, &[]).await?;
            self.created += 1;
            return Ok(());
        }
        let names: Vec<String> = self
            .ledger
            .topics(|topics| topics.keys().cloned().collect());
        if names.is_empty() {
            return Ok(());
        }
        let at = self.rng.below(names.len() as u64);
        let topic = &names[usize::try_from(at).unwrap()];
        self.configure(connection, topic).await
    }

    async fn create(
        &mut self,
        connection: &mut Connection,
        topic: &str,
        partitions: i32,
        configs: &[(&str, &str)],
    ) -> io::Result<()> {
        let began = sim_elapsed();
        let error =
            client::patiently(&self.ledger, connection.create(topic, partitions, configs)).await?;
        match error {
            ErrorCode::NONE | ErrorCode::TOPIC_ALREADY_EXISTS => {}
            other => return Err(io::Error::other(format!("create: {other:?}"))),
        }
        self.took(began);
        self.trace.say(format!("admin: {topic} exists: {error:?}"));
        if topic.starts_with("extra") {
            self.ledger
                .topics(|topics| *topics.entry(topic.to_owned()).or_insert(None));
        }
        Ok(())
    }

    async fn configure(&mut self, connection: &mut Connection, topic: &str) -> io::Result<()> {
        let retention_ms = 1_000_000 + self.rng.below(1_000_000);
        let began = sim_elapsed();
        self.ledger
            .topics(|topics| topics.insert(topic.to_owned(), None));
        let request = wire::alter(
            TOPIC,
            topic,
            "retention.ms",
            Some(&retention_ms.to_string()),
        );
        let response = client::patiently(&self.ledger, connection.ask(1, &request)).await?;
        match response.responses[0].error_code {
            ErrorCode::NONE => {}
            other => return Err(io::Error::other(format!("alter: {other:?}"))),
        }
        self.took(began);
        self.trace
            .say(format!("admin: {topic} keeps for {retention_ms}"));
        self.ledger
            .topics(|topics| topics.insert(topic.to_owned(), Some(retention_ms)));
        Ok(())
    }

    fn took(&self, began: Option<Duration>) {
        let took = sim_elapsed().zip(began).map(|(now, began)| now - began);
        let took_ms = took.unwrap_or_default().as_millis();
        self.ledger.admin_took_ms(u64::try_from(took_ms).unwrap());
    }
}
