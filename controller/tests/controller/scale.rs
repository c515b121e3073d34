//! 100,000 partitions: what they cost to create, to snapshot and to load. Prints figures; the bounds are generous, because
//! this runs in debug builds on small machines.

use crate::support::{Lenient, bring_up, create_topic, options, start};
use ottla_controller::{Image, MetadataOffset};
use ottla_storage::disk::SimulatedDisk;
use std::time::{Duration, Instant};

const TOPICS: i32 = 100;
const PARTITIONS_EACH: i32 = 1000;

#[tokio::test]
async fn a_hundred_thousand_partitions_are_created_and_loaded_in_seconds() {
    let _ = Lenient;
    let disk = SimulatedDisk::new();
    let controller = start(options(&disk, 1)).await;
    bring_up(&controller, 1, 1, -1).await;
    let begun = Instant::now();
    let names: Vec<String> = (0..TOPICS)
        .map(|number| format!("topic-{number}"))
        .collect();
    let creating: Vec<_> = names
        .iter()
        .map(|name| create_topic(&controller, name, PARTITIONS_EACH))
        .collect();
    for created in futures::future::join_all(creating).await {
        created.unwrap();
    }
    let created = begun.elapsed();
    let image = controller.metadata().image();
    assert_eq!(
        image.topics.partition_count(),
        usize::try_from(TOPICS * PARTITIONS_EACH).unwrap()
    );

    let begun = Instant::now();
    let copies: Vec<Image> = (0..1000).map(|_| Image::clone(&image)).collect();
    let cloned = begun.elapsed() / u32::try_from(copies.len()).unwrap();
    controller.shutdown().await;

    let begun = Instant::now();
    let controller = start(options(&disk, 2)).await;
    controller
        .metadata()
        .at_least(MetadataOffset(image.offset.0))
        .await
        .unwrap();
    let loaded = begun.elapsed();
    assert_eq!(*controller.metadata().image(), *image);
    let (_, _) = create_topic(&controller, "one-more", 1).await.unwrap();
    controller.shutdown().await;
    println!(
        "100,000 partitions: created in {created:?}, loaded in {loaded:?}, image cloned in {cloned:?}"
    );
    assert!(
        created < Duration::from_secs(60)
            && loaded < Duration::from_secs(60)
            && cloned < Duration::from_millis(1)
    );
}
