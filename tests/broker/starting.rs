//! What a node that is starting says of itself.

use super::host::{Broker, soon, until};
use futures::future::join;
use ottla::admin::Phase;
use ottla_storage::disk::{Operation, SimulatedDisk};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

#[tokio::test]
async fn a_starting_node_says_how_many_logs_are_opened() {
    let disk = SimulatedDisk::new();
    let mut broker = Broker::on(Arc::new(disk.clone()), &[("log.dirs", "/one")]).await;
    let mut client = broker.client().await;
    client.create("orders", 8, &[]).await.unwrap();
    broker.stop().await;
    // One log does not open until it has been seen that it has not.
    let go_on = Arc::new(AtomicBool::new(false));
    let may = go_on.clone();
    disk.set_hook(Some(Arc::new(move |operation, path| {
        let holds_records = path.extension().is_some_and(|extension| extension == "log");
        let is_held =
            operation == Operation::Open && holds_records && path.starts_with("/one/orders-5");
        while is_held && !may.load(Ordering::Relaxed) {
            std::thread::yield_now();
        }
        Ok(())
    })));
    let shown = broker.phase();
    let watching = async {
        until("it recovers", async || match *shown.borrow() {
            Phase::Recovering { done, of: 8 } => (done < 8).then_some(()),
            _ => None,
        })
        .await;
        go_on.store(true, Ordering::Relaxed);
    };
    let (started, ()) = soon("it starts", join(broker.again(), watching)).await;
    started.expect("it starts");
    assert_eq!(*shown.borrow(), Phase::Ready);
}
