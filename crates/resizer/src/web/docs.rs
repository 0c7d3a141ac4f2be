//! The OpenAPI document, made from the handlers themselves, and a page to browse it.

use std::sync::Arc;

use axum::Router;
use utoipa::OpenApi;
use utoipa_swagger_ui::SwaggerUi;

use super::{state, uploads};
use crate::service::Service;

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Resizer",
        description = "One image, many derivatives, many TensorFlow servers, one comparison. All errors are problem+json."
    ),
    paths(
        uploads::upload,
        uploads::compare,
        uploads::batch,
        state::servers,
        state::healthz,
        state::readyz,
        state::metrics
    ),
    components(schemas(crate::event::Start, crate::reply::DetailsReply, crate::reply::PictureReply)),
    tags((name = "compare", description = "Comparisons"), (name = "state", description = "How the service and its servers are"))
)]
struct Document;

/// The OpenAPI document.
pub fn document() -> utoipa::openapi::OpenApi {
    Document::openapi()
}

pub(super) fn router() -> Router<Arc<Service>> {
    SwaggerUi::new("/docs").url("/openapi.json", document()).into()
}
