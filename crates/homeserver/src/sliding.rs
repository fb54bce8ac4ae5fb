//! Sliding.
#[derive(Default)]
pub struct Connections;
impl Connections {
    pub fn forget_device(&self, _: base::DeviceNid) {}
}
