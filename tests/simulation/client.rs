//! A connection to the simulated node, made anew as often as it takes. No request waits for ever.

use super::ledger::Ledger;
use crate::wire::Client;
use std::io;
use std::time::Duration;
use tokio::time::timeout;
use turmoil::net::TcpStream;

/// Longer than any fault that is not one by itself.
const PATIENCE: Duration = Duration::from_secs(8);
const BETWEEN_ATTEMPTS: Duration = Duration::from_millis(50);

pub type Connection = Client<TcpStream>;

/// One attempt.
pub async fn connect() -> io::Result<Connection> {
    let connecting = timeout(Duration::from_secs(1), TcpStream::connect("broker:9092"));
    match connecting.await {
        Ok(Ok(stream)) => Ok(Client::on(stream)),
        Ok(Err(error)) => pause(error).await,
        Err(_) => pause(io::ErrorKind::TimedOut.into()).await,
    }
}

async fn pause<T>(error: io::Error) -> io::Result<T> {
    rest().await;
    Err(error)
}

/// Lets the node come back.
pub async fn rest() {
    tokio::time::sleep(BETWEEN_ATTEMPTS).await;
}

/// What `asking` yields, unless the node dies or is silent for too long.
pub async fn patiently<T>(
    ledger: &Ledger,
    asking: impl Future<Output = io::Result<T>>,
) -> io::Result<T> {
    tokio::select! {
        biased;
        answered = timeout(PATIENCE, asking) => {
            answered.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()))
        }
        () = ledger.death() => Err(io::ErrorKind::ConnectionReset.into()),
    }
}
