//! Certificates that change while connections are made, and the days that are left to them.

use super::*;

const DAY_MS: i64 = 24 * 3600 * 1000;

/// A folder that changes as Kubernetes changes a mounted secret: a link is moved to another folder in one step.
struct Mounted {
    folder: TempDir,
    count: usize,
}

impl Mounted {
    fn new() -> Self {
        let folder = TempDir::new().unwrap();
        std::os::unix::fs::symlink("..data/tls.pem", folder.path().join("tls.pem")).unwrap();
        Self { folder, count: 0 }
    }

    fn location(&self) -> String {
        self.folder.path().join("tls.pem").display().to_string()
    }

    fn put(&mut self, text: &str) {
        let (folder, name) = (self.folder.path(), format!("..{}", self.count));
        self.count += 1;
        std::fs::create_dir(folder.join(&name)).unwrap();
        std::fs::write(folder.join(&name).join("tls.pem"), text).unwrap();
        std::os::unix::fs::symlink(&name, folder.join("..new")).unwrap();
        std::fs::rename(folder.join("..new"), folder.join("..data")).unwrap();
    }
}

#[tokio::test]
async fn files_that_change_are_used_and_bad_ones_leave_the_old_in_force() {
    let (before, after) = (Authority::new("A"), Authority::new("B"));
    let mut mounted = Mounted::new();
    mounted.put(&before.issue("s", &["localhost"]).both());
    let certificates = open(&[
        ("ssl.keystore.type", "PEM"),
        ("ssl.keystore.location", &mounted.location()),
    ])
    .unwrap();
    let server = certificates.of("L").unwrap();
    let is_of = async |authority: &Authority| {
        refused_by_client(server, &trusting(authority, &[]), "localhost")
            .await
            .is_none()
    };
    let (accepted, connected) = meet(server, &trusting(&before, &[]), "localhost").await;
    for bad in [
        "",
        "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
    ] {
        mounted.put(bad);
        certificates.refresh(0);
        assert!(is_of(&before).await);
    }
    mounted.put(&after.issue("s", &["localhost"]).both());
    certificates.refresh(0);
    assert!(is_of(&after).await && !is_of(&before).await);
    let (mut near, mut far) = (accepted.unwrap().stream, connected.unwrap());
    near.write_all(b"x").await.unwrap();
    assert_eq!(far.read_u8().await.unwrap(), b'x', "connections live on");
}

#[tokio::test]
async fn a_new_certificate_names_the_same_unless_changes_are_allowed() {
    let authority = Authority::new("A");
    let first = authority.issue("s", &["localhost", "a.example"]);
    let (renamed, narrowed) = (
        authority.issue("t", &["localhost", "a.example"]),
        authority.issue("s", &["localhost"]),
    );
    let widened = authority.issue("s", &["localhost", "a.example", "b.example"]);
    for (second, more, is_used) in [
        (&widened, &[][..], true),
        (&renamed, &[], false),
        (&renamed, &[("ssl.allow.dn.changes", "true")], true),
        (&narrowed, &[], false),
        (&narrowed, &[("ssl.allow.san.changes", "true")], true),
    ] {
        let with = |issued: &Issued| {
            let mut pairs = vec![
                ("ssl.keystore.certificate.chain", issued.chain.clone()),
                ("ssl.keystore.key", issued.key.clone()),
            ];
            pairs.extend(more.iter().map(|(key, value)| (*key, (*value).to_owned())));
            let pairs: Vec<(&str, &str)> = pairs
                .iter()
                .map(|(key, value)| (*key, value.as_str()))
                .collect();
            values(&pairs)
        };
        let listeners = vec![("L".to_owned(), with(&first), NO_PURPOSE)];
        let certificates =
            Certificates::open(Arc::new(RealDisk), listeners, &metrics(), 0).unwrap();
        let before = certificates.of("L").unwrap().built();
        certificates.configure("L", with(second));
        let after = certificates.of("L").unwrap().built();
        assert_eq!(!Arc::ptr_eq(&before, &after), is_used, "{more:?}");
    }
}

#[test]
fn the_days_until_a_certificate_expires_are_counted() {
    let metrics = Metrics::new(crate::api::labels());
    let issued = Authority::new("A").issue_expired("s", &[]);
    let pairs = [
        ("ssl.keystore.certificate.chain", issued.chain.as_str()),
        ("ssl.keystore.key", &issued.key),
    ];
    let listeners = vec![("L".to_owned(), values(&pairs), NO_PURPOSE)];
    // It was valid until the first of February 2020.
    let end_ms = 1_580_515_200_000;
    let certificates = Certificates::open(
        Arc::new(RealDisk),
        listeners,
        &metrics.tls,
        end_ms - 40 * DAY_MS,
    )
    .unwrap();
    let shows = |days: i64| {
        metrics.text().contains(&format!(
            "ottla_tls_certificate_days_left{{listener=\"L\"}} {days}\n"
        ))
    };
    assert!(shows(40));
    certificates.refresh(end_ms - 2 * DAY_MS - 1);
    assert!(shows(2));
    certificates.refresh(end_ms + 1);
    assert!(shows(-1));
}
