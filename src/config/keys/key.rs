//! The shape of one configuration key, and the small vocabulary the tables are written in.
//!
//! A key states everything that is known about it in one place: how its text is read and checked, where it may be set,
//! where its value comes from when it is not, what setting it does here, and one sentence for people. Names, types,
//! defaults and bounds are those of Apache Kafka 4.3 (`*Config.java`); keys that only newer versions have are marked.

/// What kind of value a key has. Kafka's `ConfigDef.Type`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// `true` or `false`, in any case.
    Boolean,
    /// Text.
    String,
    /// 32-bit integer.
    Int,
    /// 16-bit integer.
    Short,
    /// 64-bit integer.
    Long,
    /// 64-bit floating point number.
    Double,
    /// Comma-separated texts.
    List,
    /// Name of a Java class.
    Class,
    /// Text that is never shown.
    Password,
}

impl Kind {
    /// The name in Kafka's messages and documentation, in upper case.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Boolean => "BOOLEAN",
            Self::String => "STRING",
            Self::Int => "INT",
            Self::Short => "SHORT",
            Self::Long => "LONG",
            Self::Double => "DOUBLE",
            Self::List => "LIST",
            Self::Class => "CLASS",
            Self::Password => "PASSWORD",
        }
    }

    /// The number of this type in DescribeConfigs answers (`DescribeConfigsResponse.ConfigType`); 0 is unknown.
    pub const fn wire_id(self) -> i8 {
        match self {
            Self::Boolean => 1,
            Self::String => 2,
            Self::Int => 3,
            Self::Short => 4,
            Self::Long => 5,
            Self::Double => 6,
            Self::List => 7,
            Self::Class => 8,
            Self::Password => 9,
        }
    }
}

/// What a value must satisfy beyond its kind. Kafka's `ConfigDef.Validator`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Check {
    /// Nothing more.
    Any,
    /// A number that is not smaller.
    AtLeast(i64),
    /// A number in these bounds, both included.
    Between(i64, i64),
    /// A decimal number in these bounds, both included.
    Fraction(f64, f64),
    /// One of these texts.
    OneOf(&'static [&'static str]),
    /// One of these texts, in any case.
    OneOfIgnoringCase(&'static [&'static str]),
    /// A text that is not empty.
    NotEmpty,
    /// A list without empty entries, of `allowed` when that is not empty; entries named twice count once.
    Entries {
        allowed: &'static [&'static str],
        may_be_empty: bool,
    },
    /// -1 or 1 to 9.
    GzipLevel,
    /// `*`, or `partition:broker` pairs (`ThrottledReplicaListValidator`).
    ThrottledReplicas,
    /// `latest`, `earliest` or `by_duration:PnDTnHnMn.nS` (`ShareGroupAutoOffsetResetStrategy`).
    OffsetReset,
}

/// On which kind of resource a key is set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// In `server.properties`, or dynamically on a broker or on all of them.
    Broker,
    /// On a topic.
    Topic,
    /// On a group.
    Group,
    /// On a client metrics subscription.
    ClientMetrics,
}

/// Whether, and how widely, a broker key can be changed while the broker runs (KIP-226).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// Only at start. Keys of other levels than the broker's carry this too; they are always dynamic.
    Static,
    /// For one broker at a time.
    PerBroker,
    /// For one broker or for all of them.
    ClusterWide,
}

/// Who knows a key, and whether it is listed when a resource is described.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// A documented key of Kafka 4.3.
    Kafka,
    /// A key that Kafka keeps for its own tests; listed only where it is set.
    Internal,
    /// A broker key that can be set dynamically but not in a file (`QuotaConfig.brokerQuotaConfigs`); listed where set.
    DynamicOnly,
    /// A key of Kafka 4.4: accepted in files so that they load, otherwise unknown.
    Upcoming,
    /// A key of a Kafka plugin that stands in many files; not listed.
    Plugin,
    /// A key of Ottla's own; not listed in answers to clients.
    Ottla,
}

/// What setting a key does in this version of Ottla.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// It does what it says; the test of this name proves it.
    Effective { test: &'static str },
    /// It is accepted and has no effect; set off its default it is warned about.
    Inert,
    /// Off its default it stops the broker from starting, for this reason.
    Refused { why: &'static str },
}

/// Another key that a value is taken from, and how its value is turned into this key's unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Synonym {
    /// The broker key.
    pub name: &'static str,
    /// What its number is multiplied with; 1 leaves the text as it is.
    pub factor: i64,
}

/// A synonym in the same unit.
pub const fn same(name: &'static str) -> Synonym {
    Synonym { name, factor: 1 }
}

/// A synonym in minutes for a key in milliseconds.
pub const fn minutes(name: &'static str) -> Synonym {
    Synonym {
        name,
        factor: 60 * 1000,
    }
}

/// A synonym in hours for a key in milliseconds.
pub const fn hours(name: &'static str) -> Synonym {
    Synonym {
        name,
        factor: 60 * 60 * 1000,
    }
}

/// One configuration key.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Key {
    pub name: &'static str,
    pub level: Level,
    pub kind: Kind,
    /// The default as text; `None` is Kafka's null.
    pub default: Option<&'static str>,
    /// Kafka's default where ours is another one on purpose.
    pub kafka_default: Option<&'static str>,
    pub check: Check,
    pub scope: Scope,
    pub origin: Origin,
    pub effect: Effect,
    /// Broker keys that the value is looked for in, in order of precedence. Empty for a broker key means itself alone;
    /// for other levels, that only the default is behind it.
    pub synonyms: &'static [Synonym],
    /// One sentence for people.
    pub documentation: &'static str,
}

impl Key {
    const fn new(
        level: Level,
        name: &'static str,
        kind: Kind,
        default: Option<&'static str>,
    ) -> Self {
        Self {
            name,
            level,
            kind,
            default,
            kafka_default: None,
            check: match kind {
                Kind::List => Check::Entries {
                    allowed: &[],
                    may_be_empty: true,
                },
                _ => Check::Any,
            },
            scope: Scope::Static,
            origin: Origin::Kafka,
            effect: Effect::Inert,
            synonyms: &[],
            documentation: "",
        }
    }

    /// A broker key, static and inert until said otherwise.
    pub const fn broker(name: &'static str, kind: Kind, default: Option<&'static str>) -> Self {
        Self::new(Level::Broker, name, kind, default)
    }

    /// A topic key.
    pub const fn topic(name: &'static str, kind: Kind, default: Option<&'static str>) -> Self {
        Self::new(Level::Topic, name, kind, default)
    }

    /// A group key.
    pub const fn group(name: &'static str, kind: Kind, default: Option<&'static str>) -> Self {
        Self::new(Level::Group, name, kind, default)
    }

    /// A key of a client metrics subscription.
    pub const fn client_metrics(
        name: &'static str,
        kind: Kind,
        default: Option<&'static str>,
    ) -> Self {
        Self::new(Level::ClientMetrics, name, kind, default)
    }

    /// Adds what the value must satisfy.
    pub const fn check(self, check: Check) -> Self {
        Self { check, ..self }
    }

    /// Can be changed while running, for one broker or all.
    pub const fn cluster_wide(self) -> Self {
        Self {
            scope: Scope::ClusterWide,
            ..self
        }
    }

    /// Can be changed while running, for one broker at a time.
    pub const fn per_broker(self) -> Self {
        Self {
            scope: Scope::PerBroker,
            ..self
        }
    }

    /// Says who knows the key.
    pub const fn origin(self, origin: Origin) -> Self {
        Self { origin, ..self }
    }

    /// Our default is another than Kafka's, which is this.
    pub const fn unlike_kafka(self, kafka_default: &'static str) -> Self {
        Self {
            kafka_default: Some(kafka_default),
            ..self
        }
    }

    /// Names the broker keys that the value is looked for in.
    pub const fn synonyms(self, synonyms: &'static [Synonym]) -> Self {
        Self { synonyms, ..self }
    }

    /// The code honours the key, and the test of this name proves it.
    pub const fn effective(self, test: &'static str) -> Self {
        Self {
            effect: Effect::Effective { test },
            ..self
        }
    }

    /// Setting the key off its default must not pass silently.
    pub const fn refused(self, why: &'static str) -> Self {
        Self {
            effect: Effect::Refused { why },
            ..self
        }
    }

    /// The sentence for people.
    pub const fn says(self, documentation: &'static str) -> Self {
        Self {
            documentation,
            ..self
        }
    }

    /// Whether the value may never be shown.
    pub const fn is_sensitive(&self) -> bool {
        matches!(self.kind, Kind::Password)
    }

    /// Whether a resource's description lists the key even where it is not set.
    pub const fn is_listed(&self) -> bool {
        matches!(self.origin, Origin::Kafka)
    }
}
