//! `replay(log) == live.durable`, whatever happens in between.

use super::toy::{Memory, add, leading, loaded, state};
use ottla_protocol::ErrorCode;
use proptest::prelude::*;

#[derive(Clone, Copy, Debug)]
enum Step {
    Add(u8, u64),
    AddTwo(u8, u8),
    Fail(u8),
    FailInPart(u8, u8),
    Commit,
    Reload,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => (0..4u8, 1..9u64).prop_map(|(name, amount)| Step::Add(name, amount)),
        2 => (0..4u8, 0..4u8).prop_map(|(one, other)| Step::AddTwo(one, other)),
        1 => (0..4u8).prop_map(Step::Fail),
        1 => (0..4u8, 0..4u8).prop_map(|(one, other)| Step::FailInPart(one, other)),
        1 => Just(Step::Commit),
        1 => Just(Step::Reload),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn replaying_the_log_gives_the_live_state(steps in prop::collection::vec(step(), 0..40)) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build();
        runtime.expect("a runtime").block_on(check(steps))?;
    }
}

async fn check(steps: Vec<Step>) -> Result<(), TestCaseError> {
    let mut journal = Memory::new();
    *journal.batch_bytes.lock() = 1;
    let mut live = leading(&journal);
    loaded(&live).await;
    for step in steps {
        match step {
            Step::Add(name, amount) => {
                let _ = live
                    .write(0, move |_, draft, ticket, turn| {
                        add(draft, ticket, turn, name, amount)
                    })
                    .await;
            }
            Step::AddTwo(one, other) => {
                let both = live.write(0, move |_, draft, ticket, turn| {
                    add(draft, ticket, turn, one, 1);
                    add(draft, ticket, turn, other, 1);
                });
                let _ = both.await;
            }
            Step::Fail(name) => {
                *journal.refuses.lock() = Some(ErrorCode::NOT_ENOUGH_REPLICAS);
                let refused = live
                    .write(0, move |_, draft, ticket, turn| {
                        add(draft, ticket, turn, name, 1)
                    })
                    .await;
                prop_assert!(refused.is_err());
            }
            Step::FailInPart(one, other) => {
                *journal.refuses.lock() = Some(ErrorCode::KAFKA_STORAGE_ERROR);
                *journal.grace.lock() = 1;
                let refused = live.write(0, move |_, draft, ticket, turn| {
                    add(draft, ticket, turn, one, 1);
                    add(draft, ticket, turn, other, 1);
                });
                prop_assert!(refused.await.is_err());
            }
            Step::Commit => journal.commit(),
            Step::Reload => {
                journal = journal.reopened();
                *journal.batch_bytes.lock() = 1;
                live = leading(&journal);
            }
        }
        *journal.refuses.lock() = None;
        *journal.grace.lock() = 0;
        loaded(&live).await;
        let replayed = leading(&journal.reopened());
        loaded(&replayed).await;
        prop_assert_eq!(state(&live).await, state(&replayed).await);
    }
    Ok(())
}
