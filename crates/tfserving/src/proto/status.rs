//! Which versions of a model are there: `get_model_status.proto`, `status.proto`.

use prost::Message;

use super::predict::ModelSpec;

/// What `ModelService.GetModelStatus` takes.
#[derive(Clone, PartialEq, Message)]
pub struct GetModelStatusRequest {
    /// The model; without a version all of them are meant.
    #[prost(message, optional, tag = "1")]
    pub model_spec: Option<ModelSpec>,
}

/// What it gives.
#[derive(Clone, PartialEq, Message)]
pub struct GetModelStatusResponse {
    /// By version.
    #[prost(message, repeated, tag = "1")]
    pub model_version_status: Vec<ModelVersionStatus>,
}

/// One version.
#[derive(Clone, PartialEq, Message)]
pub struct ModelVersionStatus {
    /// Its number.
    #[prost(int64, tag = "1")]
    pub version: i64,
    /// 0 unknown, 10 start, 20 loading, 30 available, 40 unloading, 50 end.
    #[prost(int32, tag = "2")]
    pub state: i32,
    /// Why it could not be loaded.
    #[prost(message, optional, tag = "3")]
    pub status: Option<StatusProto>,
}

/// An error of the server's.
#[derive(Clone, PartialEq, Message)]
pub struct StatusProto {
    /// A number of [`crate::Code`].
    #[prost(int32, tag = "1")]
    pub error_code: i32,
    /// In words.
    #[prost(string, tag = "2")]
    pub error_message: String,
}
