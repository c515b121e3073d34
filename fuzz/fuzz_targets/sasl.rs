//! What a stranger says to log in: every mechanism, over as many tokens as it takes. There is a user and a credential, and nobody knows the
//! password: no input may end as authenticated.
#![no_main]

use bytes::Bytes;
use futures::FutureExt;
use libfuzzer_sys::fuzz_target;
use ottla::auth::sasl::plain::Password;
use ottla::auth::sasl::scram::{Account, Credential, Hash, ITERATIONS_MIN};
use ottla::auth::sasl::{Exchange, Mechanism, Secrets, Step, jwt};

struct Locked;

fn account(hash: Hash) -> Account {
    let size = match hash {
        Hash::Sha256 => 32,
        Hash::Sha512 => 64,
    };
    Account {
        owner: "user".to_owned(),
        credential: Credential {
            salt: Bytes::from_static(b"salt"),
            // No client key that anybody can find hashes to it.
            stored_key: Bytes::from(vec![0x5a; size]),
            server_key: Bytes::from(vec![0xa5; size]),
            iterations: ITERATIONS_MIN,
        },
        expires_ms: None,
    }
}

impl Secrets for Locked {
    fn password(&self, user: &str) -> Option<Password> {
        (user == "user").then(|| Password::new("0f41d4b6f3b04a3da0bd3a5d6a8c1b52"))
    }

    async fn scram(&self, hash: Hash, _: &str) -> Option<Account> {
        Some(account(hash))
    }

    async fn token(&self, hash: Hash, _: &str) -> Option<Account> {
        Some(account(hash))
    }

    async fn bearer(&self, token: &str) -> Result<jwt::Claims, String> {
        jwt::validate(token, &jwt::KeySet::default(), &jwt::Rules::default(), 0)
    }

    fn nonce(&self) -> String {
        "server".to_owned()
    }
}

fuzz_target!(|input: &[u8]| {
    let Some((choice, tokens)) = input.split_first() else {
        return;
    };
    let mechanism = Mechanism::ALL[usize::from(*choice) % Mechanism::ALL.len()];
    let mut exchange = Exchange::Begun(mechanism);
    for token in tokens.split(|byte| *byte == 0xff) {
        let step = exchange.step(token, &Locked).now_or_never();
        match step.expect("nothing is waited for") {
            Ok(Step::Challenge { next, .. }) => exchange = next,
            Ok(Step::Done { authenticated, .. }) => panic!("{authenticated:?}"),
            Err(_) => return,
        }
    }
});
