//! A decision in steps: each sees what the ones before it decided.

use crate::delta::Delta;
use crate::image::Image;
use ottla_protocol::records::metadata::MetadataRecord;

/// An image and the records that lead to it from the one that is decided on. Cheap: images share what they have in common.
pub(super) struct Draft {
    pub image: Image,
    pub records: Vec<MetadataRecord>,
}

impl Draft {
    pub fn new(image: &Image) -> Self {
        Draft {
            image: image.clone(),
            records: Vec::new(),
        }
    }

    /// Decides these too.
    pub fn add(&mut self, records: Vec<MetadataRecord>) {
        let mut ignored = Delta::default();
        for record in &records {
            self.image
                .apply(record, &mut ignored)
                .expect("decisions fit the image they were made on");
        }
        self.records.extend(records);
    }
}
