//! What a node of a Kubernetes StatefulSet derives from its pod's name: its id, its addresses, its quorum, its role in it.
//!
//! All pods of a set have one configuration. `ottla.pod.name` (the downward API has it) ends in the pod's ordinal; from it come `node.id`, the
//! addresses below `ottla.pod.service` (the headless service), and, with `ottla.quorum.pods`, the voters: the first so many pods. Whoever is not
//! one of them is a broker only. What is set otherwise stays as it is.
//!
//! ```text
//!   {pod}              ottla-2
//!   {ordinal}          2
//!   {host}             ottla-2.ottla-headless.kafka.svc.cluster.local
//!   {31092+ordinal}    31094
//!   {a|b|c}            c, the one of this ordinal
//! ```
//! These stand for their values in the keys of [`EXPANDED`].

use super::settings::Settings;

/// Keys in which `{…}` is replaced.
const EXPANDED: &[&str] = &[
    "listeners",
    "advertised.listeners",
    "controller.quorum.voters",
    "controller.quorum.bootstrap.servers",
];

/// The settings that a pod's name gives or changes: key and value.
///
/// # Errors
/// The sentence that says what does not fit.
pub fn derive(settings: &dyn Settings) -> Result<Vec<(&'static str, String)>, String> {
    let Some(pod) = Pod::of(settings)? else {
        return match EXPANDED.iter().find(|key| is_template(settings, key)) {
            Some(key) => Err(format!(
                "{key} has {{…}} in it, which stands for something of a pod: ottla.pod.name is not set"
            )),
            None => Ok(Vec::new()),
        };
    };
    let mut derived = Vec::new();
    for key in EXPANDED {
        if let Some(text) = settings.setting(key).filter(|text| text.contains('{')) {
            derived.push((*key, pod.expand(key, text)?));
        }
    }
    if settings.setting("node.id").is_none() {
        derived.push(("node.id", pod.ordinal.to_string()));
    }
    let voters = number(settings, "ottla.quorum.pods")?;
    if voters > 0 {
        pod.join(settings, voters, &mut derived)?;
    }
    Ok(derived)
}

fn is_template(settings: &dyn Settings, key: &str) -> bool {
    settings.setting(key).is_some_and(|text| text.contains('{'))
}

/// As the value's own check will: what is no number is refused there.
fn number(settings: &dyn Settings, key: &str) -> Result<u32, String> {
    let text = settings.setting(key).unwrap_or("0").trim();
    text.parse()
        .map_err(|_| format!("{key}={text} is not a number of pods"))
}

struct Pod<'a> {
    name: &'a str,
    set: &'a str,
    ordinal: u32,
    service: Option<&'a str>,
}

impl<'a> Pod<'a> {
    fn of(settings: &'a dyn Settings) -> Result<Option<Self>, String> {
        let text = |key| {
            settings
                .setting(key)
                .map(str::trim)
                .filter(|text| !text.is_empty())
        };
        let Some(name) = text("ottla.pod.name") else {
            return Ok(None);
        };
        let parts = name.rsplit_once('-');
        let parsed = parts.and_then(|(set, ordinal)| Some((set, ordinal.parse().ok()?)));
        let (set, ordinal) = parsed.ok_or_else(|| {
            format!("ottla.pod.name={name} does not end in a number, as the name of a StatefulSet's pod does")
        })?;
        Ok(Some(Self {
            name,
            set,
            ordinal,
            service: text("ottla.pod.service"),
        }))
    }

    fn host(&self, ordinal: u32) -> Result<String, String> {
        let service = self
            .service
            .ok_or("ottla.pod.service is not set: it is the headless service's name in the DNS")?;
        Ok(format!("{}-{ordinal}.{service}", self.set))
    }

    fn expand(&self, key: &str, text: &str) -> Result<String, String> {
        let wrong = |what: &str| {
            Err(format!(
                "{key}: {{{what}}} is none of {{pod}}, {{ordinal}}, {{host}}, {{number+ordinal}} and {{a|b|c}}"
            ))
        };
        let mut expanded = String::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once('{') {
            expanded.push_str(before);
            let Some((what, after)) = after.split_once('}') else {
                return wrong(after);
            };
            match what {
                "pod" => expanded.push_str(self.name),
                "ordinal" => expanded.push_str(&self.ordinal.to_string()),
                "host" => expanded.push_str(&self.host(self.ordinal)?),
                list if list.contains('|') => expanded.push_str(self.choice(key, list)?),
                sum => match sum.strip_suffix("+ordinal").map(str::parse::<u32>) {
                    Some(Ok(first)) => {
                        expanded.push_str(&first.saturating_add(self.ordinal).to_string());
                    }
                    _ => return wrong(what),
                },
            }
            rest = after;
        }
        expanded.push_str(rest);
        Ok(expanded)
    }

    fn choice<'t>(&self, key: &str, list: &'t str) -> Result<&'t str, String> {
        let mut choices = list.split('|');
        let own = choices.nth(self.ordinal as usize);
        own.ok_or_else(|| {
            format!(
                "{key}: {{{list}}} has no entry for the pod of ordinal {}",
                self.ordinal
            )
        })
    }

    /// Makes the first so many pods the voters, and this one a controller only if it is one of them.
    fn join(
        &self,
        settings: &dyn Settings,
        voters: u32,
        derived: &mut Vec<(&'static str, String)>,
    ) -> Result<(), String> {
        let is_set = |key| settings.setting(key).is_some();
        let controllers = settings
            .setting("controller.listener.names")
            .unwrap_or_default()
            .trim();
        if controllers.is_empty() {
            return Err("ottla.quorum.pods needs controller.listener.names".to_owned());
        }
        let listeners = current(settings, derived, "listeners");
        let is_controllers = |entry: &&str| matches!(entry.split_once("://"), Some((name, _)) if name.trim().eq_ignore_ascii_case(controllers));
        if !is_set("controller.quorum.voters") {
            let own = listeners.split(',').find(is_controllers);
            let port = own.and_then(|entry| entry.rsplit_once(':')).ok_or_else(|| {
                format!("ottla.quorum.pods: listeners has no {controllers}://…, whose port all controllers have")
            })?;
            let voter = |ordinal| Ok(format!("{ordinal}@{}:{}", self.host(ordinal)?, port.1));
            let all: Vec<String> = (0..voters).map(voter).collect::<Result<_, String>>()?;
            derived.push(("controller.quorum.voters", all.join(",")));
        }
        if is_set("process.roles") || self.ordinal < voters {
            return Ok(());
        }
        derived.push(("process.roles", "broker".to_owned()));
        for key in ["listeners", "advertised.listeners"] {
            let entries = current(settings, derived, key);
            let own: Vec<&str> = entries
                .split(',')
                .filter(|entry| !is_controllers(entry))
                .collect();
            if !entries.is_empty() {
                derived.push((key, own.join(",")));
            }
        }
        Ok(())
    }
}

/// What a key is after what was derived so far.
fn current(settings: &dyn Settings, derived: &[(&str, String)], key: &str) -> String {
    let last = derived.iter().rev().find(|(name, _)| *name == key);
    last.map(|(_, value)| value.as_str())
        .or_else(|| settings.setting(key))
        .unwrap_or_default()
        .to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::load::StaticConfig;
    use std::collections::BTreeMap;

    const SHARED: &[(&str, &str)] = &[
        (
            "ottla.pod.service",
            "ottla-headless.kafka.svc.cluster.local",
        ),
        (
            "listeners",
            "INTERNAL://:9092,EXTERNAL://:9094,CONTROLLER://:9093",
        ),
        (
            "advertised.listeners",
            "INTERNAL://{host}:9092,EXTERNAL://{pod}.example.org:{31092+ordinal},CONTROLLER://{host}:9093",
        ),
        ("controller.listener.names", "CONTROLLER"),
        ("ottla.quorum.pods", "3"),
    ];

    fn derived(
        name: &str,
        more: &[(&str, &str)],
    ) -> Result<BTreeMap<&'static str, String>, String> {
        let settings = [SHARED, &[("ottla.pod.name", name)], more].concat();
        Ok(derive(&StaticConfig::of(&settings))?.into_iter().collect())
    }

    #[test]
    fn a_pods_name_gives_its_id_its_addresses_and_the_voters() {
        let derived = derived("a-b-1", &[]).unwrap();
        assert_eq!(derived["node.id"], "1");
        assert_eq!(
            derived["advertised.listeners"],
            "INTERNAL://a-b-1.ottla-headless.kafka.svc.cluster.local:9092,EXTERNAL://a-b-1.example.org:31093,CONTROLLER://a-b-1.ottla-headless.kafka.svc.cluster.local:9093"
        );
        let voter = |id| format!("{id}@a-b-{id}.ottla-headless.kafka.svc.cluster.local:9093");
        let voters: Vec<String> = (0..3).map(voter).collect();
        assert_eq!(derived["controller.quorum.voters"], voters.join(","));
        assert!(!derived.contains_key("process.roles"), "{derived:?}");
    }

    #[test]
    fn a_pod_beyond_the_voters_is_a_broker_without_a_controllers_listener() {
        let derived = derived("ottla-3", &[]).unwrap();
        assert_eq!(derived["process.roles"], "broker");
        assert_eq!(derived["listeners"], "INTERNAL://:9092,EXTERNAL://:9094");
        assert!(!derived["advertised.listeners"].contains("CONTROLLER"));
        assert!(derived["controller.quorum.voters"].starts_with("0@ottla-0."));
    }

    #[test]
    fn what_is_set_stays_and_lists_have_an_entry_per_pod() {
        let more = [
            ("node.id", "7"),
            ("process.roles", "broker,controller"),
            ("controller.quorum.voters", "7@x:1"),
            ("advertised.listeners", "EXTERNAL://{a|b|c|d}:{1|2|3|4}"),
        ];
        let found = derived("ottla-3", &more).unwrap();
        let expected = [("advertised.listeners", "EXTERNAL://d:4".to_owned())];
        assert_eq!(found, BTreeMap::from(expected));
    }

    #[test]
    fn what_does_not_fit_is_said() {
        for (name, more, part) in [
            ("ottla", &[][..], "does not end in a number"),
            ("ottla-x", &[], "does not end in a number"),
            ("ottla-3", &[("listeners", "A://:{x}")], "{x} is none of"),
            ("ottla-3", &[("listeners", "A://:{pod")], "is none of"),
            (
                "ottla-3",
                &[("listeners", "A://:{1|2}")],
                "no entry for the pod of ordinal 3",
            ),
            (
                "ottla-3",
                &[("listeners", "A://:1")],
                "listeners has no CONTROLLER://",
            ),
            ("ottla-3", &[("ottla.quorum.pods", "x")], "is not a number"),
            (
                "ottla-3",
                &[("ottla.pod.service", "")],
                "ottla.pod.service is not set",
            ),
            ("", &[], "ottla.pod.name is not set"),
        ] {
            let error = derived(name, more).unwrap_err();
            assert!(error.contains(part), "{name} {more:?}: {error}");
        }
        assert_eq!(
            derive(&StaticConfig::of(&[("listeners", "A://:1")])),
            Ok(vec![])
        );
    }
}
