//! 
pub(crate) fn routes(endpoints: crate::Endpoints) -> crate::Endpoints {
    endpoints
}
