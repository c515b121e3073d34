//! The access control entries of the cluster, by id and by what they say: no two say the same.

use super::ApplyError;
use crate::acl::{Acl, AclId, Operation, PatternType, Permission, ResourceType};
use imbl::OrdMap;
use imbl::ordmap::DiffIter;
use imbl::shared_ptr::DefaultSharedPtr;
use ottla_protocol::records::metadata::{AccessControlEntryRecord, RemoveAccessControlEntryRecord};
use std::sync::Arc;

/// See the module.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Acls {
    by_id: OrdMap<AclId, Arc<Acl>>,
    /// In the order of [`Acl`]: by principal first.
    ids: OrdMap<Arc<Acl>, AclId>,
}

impl Acls {
    /// How many there are.
    pub fn len(&self) -> usize {
        self.by_id.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.by_id.is_empty()
    }

    /// The entry of this id.
    pub fn get(&self, id: AclId) -> Option<&Arc<Acl>> {
        self.by_id.get(&id)
    }

    /// Whether an entry says just this.
    pub fn contains(&self, acl: &Acl) -> bool {
        self.ids.contains_key(acl)
    }

    /// All with their ids, by what they say.
    pub fn iter(&self) -> impl Iterator<Item = (&Arc<Acl>, AclId)> {
        self.ids.iter().map(|(acl, id)| (acl, *id))
    }

    /// Those of one principal.
    pub fn of(&self, principal: &str) -> impl Iterator<Item = &Arc<Acl>> {
        let first = Acl {
            principal: principal.into(),
            resource_type: ResourceType::ALL[0],
            pattern_type: PatternType::ALL[0],
            resource_name: "".into(),
            host: "".into(),
            operation: Operation::ALL[0],
            permission: Permission::ALL[0],
        };
        self.ids
            .range(Arc::new(first)..)
            .map(|(acl, _)| acl)
            .take_while(move |acl| &*acl.principal == principal)
    }

    /// Whether both are the same value in memory: then nothing changed between them. May be false for equal ones.
    pub fn is_same(&self, other: &Self) -> bool {
        self.by_id.ptr_eq(&other.by_id)
    }

    /// Where two differ. Costs what differs where they share their history.
    pub fn diff<'a>(
        &'a self,
        after: &'a Self,
    ) -> DiffIter<'a, 'a, AclId, Arc<Acl>, DefaultSharedPtr> {
        self.by_id.diff(&after.by_id)
    }

    pub(super) fn add(&mut self, record: &AccessControlEntryRecord) -> Result<AclId, ApplyError> {
        let unfit = || ApplyError::UnfitAcl {
            id: record.id,
            why: "it has unknown numbers",
        };
        let acl = Arc::new(from_record(record).ok_or_else(unfit)?);
        let id = AclId(record.id);
        if self.by_id.contains_key(&id) || self.ids.contains_key(&acl) {
            return Err(ApplyError::UnfitAcl {
                id: record.id,
                why: "it exists already",
            });
        }
        self.by_id.insert(id, acl.clone());
        self.ids.insert(acl, id);
        Ok(id)
    }

    pub(super) fn remove(
        &mut self,
        record: &RemoveAccessControlEntryRecord,
    ) -> Result<AclId, ApplyError> {
        let id = AclId(record.id);
        let removed = self.by_id.remove(&id).ok_or(ApplyError::UnfitAcl {
            id: record.id,
            why: "it does not exist",
        })?;
        self.ids.remove(&removed);
        Ok(id)
    }
}

fn from_record(record: &AccessControlEntryRecord) -> Option<Acl> {
    Some(Acl {
        principal: Arc::from(&*record.principal),
        resource_type: ResourceType::from_wire(record.resource_type)?,
        pattern_type: PatternType::from_wire(record.pattern_type)?,
        resource_name: Arc::from(&*record.resource_name),
        host: Arc::from(&*record.host),
        operation: Operation::from_wire(record.operation)?,
        permission: Permission::from_wire(record.permission_type)?,
    })
}

/// The record that adds an entry.
pub fn acl_record(id: AclId, acl: &Acl) -> AccessControlEntryRecord {
    AccessControlEntryRecord {
        id: id.0,
        resource_type: acl.resource_type.to_wire(),
        resource_name: (&*acl.resource_name).into(),
        pattern_type: acl.pattern_type.to_wire(),
        principal: (&*acl.principal).into(),
        host: (&*acl.host).into(),
        operation: acl.operation.to_wire(),
        permission_type: acl.permission.to_wire(),
        ..Default::default()
    }
}
