//! What a node writes to its log about a peer that speaks nonsense: enough to find it, too little to fill a disk.

use crate::host::{Broker, soon};
use std::io::Write;
use std::sync::{Arc, Mutex};

/// What was logged on this thread, on which all of the node's connections are.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl Log {
    fn lines_with(&self, part: &str) -> Vec<String> {
        let text = String::from_utf8(self.0.lock().unwrap().clone()).unwrap();
        let lines = text.lines().filter(|line| line.contains(part));
        lines.map(str::to_owned).collect()
    }
}

#[tokio::test]
async fn a_malformed_frame_is_one_line_that_says_who_and_why() {
    let log = Log::default();
    let writer = log.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_ansi(false)
        .with_writer(move || writer.clone())
        .finish();
    let _logging = tracing::subscriber::set_default(subscriber);
    let mut broker = Broker::start().await;
    let mut client = broker.client().await;
    client.send_bytes(&i32::MAX.to_be_bytes()).await.unwrap();
    soon("it is closed", client.closed()).await;
    let lines = log.lines_with("closing a connection");
    assert_eq!(lines.len(), 1, "{lines:?}");
    for part in [
        "WARN",
        "client=127.0.0.1:",
        "listener=\"PLAINTEXT\"",
        "2147483647",
    ] {
        assert!(lines[0].contains(part), "{part} in {}", lines[0]);
    }
    // More of the same within a second are counted, not written.
    for _ in 0..20 {
        let mut client = broker.client().await;
        client.send_bytes(&[0; 4]).await.unwrap();
        soon("it is closed", client.closed()).await;
    }
    assert!(log.lines_with("closing a connection").len() < 5);
    broker.stop().await;
}
