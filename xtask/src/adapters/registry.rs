//! A registry over the OCI distribution API. Requests with their retries are in `client`, blobs on their way in `upload`,
//! who may do what in `challenge`, which certificates count in `trust`.

mod body;
mod challenge;
mod client;
#[cfg(test)]
mod tests;
mod trust;
mod upload;

use anyhow::{Context, Result, anyhow, bail};
use reqwest::{Method, StatusCode, header};

use self::{
    body::Body,
    client::{Answer, Call, Client},
};
use crate::{
    domain::{
        oci::{self, Attachment, Descriptor, Manifest},
        reference::Digest,
    },
    ports::{Blob, Content, Credentials, Progress, Registry, Say},
};

pub(crate) use self::client::Patience;

/// How a registry is reached.
pub(crate) struct Access {
    /// `HOST[:PORT]`, as references have it.
    pub host: String,
    pub credentials: Credentials,
    /// Where the credentials were found, for errors.
    pub source: String,
    /// Whether plain HTTP may be spoken beyond loopback.
    pub insecure: bool,
}

/// A registry that has answered.
pub(crate) struct OciRegistry<'s> {
    client: Client<'s>,
}

impl<'s> OciRegistry<'s> {
    /// Finds out whether the host speaks TLS; nothing secret is sent.
    pub async fn connect(access: Access, patience: Patience, say: Say<'s>) -> Result<Self> {
        Ok(Self { client: Client::connect(access, patience, say).await? })
    }

    async fn call(&self, call: Call<'_>) -> Result<Answer> {
        self.client.send(&call).await
    }

    async fn get_manifest(&self, repository: &str, reference: &str) -> Result<Option<Manifest>> {
        let accepted = [oci::OCI_MANIFEST, oci::DOCKER_MANIFEST, oci::OCI_INDEX, oci::DOCKER_LIST].join(", ");
        let path = format!("manifests/{reference}");
        let call = Call::new(Method::GET, repository, &path).with(header::ACCEPT, &accepted);
        let answer = self.call(call).await?;
        match answer.status {
            StatusCode::NOT_FOUND => return Ok(None),
            StatusCode::OK => {}
            _ => return Err(self.client.refused(&answer)),
        }
        let media_type = answer.header(header::CONTENT_TYPE.as_str()).unwrap_or(oci::DOCKER_MANIFEST);
        let media_type = media_type.split(';').next().unwrap_or_default().trim().to_owned();
        let manifest = Manifest { media_type, bytes: answer.body.to_vec() };
        let said =
            answer.header("docker-content-digest").or_else(|| reference.starts_with("sha256:").then_some(reference));
        confirm(&manifest, said)?;
        Ok(Some(manifest))
    }

    /// Puts a manifest; says whether the registry lists what refers to an image by itself.
    async fn put_manifest(&self, repository: &str, reference: &str, manifest: &Manifest) -> Result<bool> {
        let path = format!("manifests/{reference}");
        let call = Call::new(Method::PUT, repository, &path).with(header::CONTENT_TYPE, &manifest.media_type);
        let answer = self.call(call.sending(Body::Bytes(&manifest.bytes))).await?;
        if answer.status != StatusCode::CREATED {
            return Err(self.client.refused(&answer));
        }
        confirm(manifest, answer.header("docker-content-digest"))?;
        Ok(answer.header("oci-subject").is_some())
    }

    async fn put_small(&self, repository: &str, bytes: &[u8]) -> Result<()> {
        let blob = Blob { digest: Digest::of(bytes), size: bytes.len() as u64, content: Content::Bytes(bytes) };
        upload::put(&self.client, repository, &blob, &|_, _| ()).await.map(|_| ())
    }

    /// Lists a referrer under the tag that stands in for registries without a list of their own.
    async fn list(&self, repository: &str, subject: &Digest, entry: Descriptor) -> Result<()> {
        let tag = fallback_tag(subject);
        let index = self.get_manifest(repository, &tag).await?;
        let mut entries = index.map(|index| index.entries()).unwrap_or_default();
        if entries.iter().any(|there| there.digest == entry.digest) {
            return Ok(());
        }
        entries.push(entry);
        self.put_manifest(repository, &tag, &Manifest::index(&entries)).await.map(|_| ())
    }
}

impl Registry for OciRegistry<'_> {
    async fn check(&self) -> Result<()> {
        let answer = self.call(Call::base()).await?;
        match answer.status {
            StatusCode::OK => Ok(()),
            StatusCode::NOT_FOUND => bail!(
                "{} answers, but is no registry: {} is not there; check host and port",
                self.client.host(),
                answer.url
            ),
            _ => Err(self.client.refused(&answer)),
        }
    }

    async fn check_push(&self, repository: &str) -> Result<()> {
        let upload = upload::begin(&self.client, repository).await;
        let upload =
            upload.with_context(|| format!("see whether {}/{repository} can be pushed to", self.client.host()))?;
        // Not every registry knows how; those forget an upload by themselves.
        self.call(Call::at(Method::DELETE, repository, upload)).await.map(|_| ())
    }

    async fn manifest(&self, repository: &str, reference: &str) -> Result<Option<Manifest>> {
        let manifest = self.get_manifest(repository, reference).await;
        manifest.with_context(|| format!("look up {reference} in {}/{repository}", self.client.host()))
    }

    async fn has_blob(&self, repository: &str, digest: &Digest) -> Result<bool> {
        upload::is_there(&self.client, repository, digest).await
    }

    async fn put_blob(&self, repository: &str, blob: &Blob<'_>, progress: Progress<'_>) -> Result<bool> {
        let put = upload::put(&self.client, repository, blob, progress).await;
        put.with_context(|| format!("send {} to {}/{repository}", blob.digest.short(), self.client.host()))
    }

    async fn put(&self, repository: &str, reference: &str, manifest: &Manifest) -> Result<()> {
        let put = self.put_manifest(repository, reference, manifest).await;
        put.map(|_| ()).with_context(|| format!("put {reference} into {}/{repository}", self.client.host()))
    }

    async fn attach(&self, repository: &str, subject: &Descriptor, attachment: &Attachment) -> Result<Digest> {
        let manifest = Manifest::attaching(attachment, subject);
        let put = async {
            self.put_small(repository, oci::EMPTY_BLOB).await?;
            self.put_small(repository, &attachment.document).await?;
            if !self.put_manifest(repository, manifest.digest().as_str(), &manifest).await? {
                self.list(repository, &subject.digest, attachment.descriptor(&manifest)).await?;
            }
            anyhow::Ok(manifest.digest())
        };
        let (kind, host) = (attachment.media_type, self.client.host());
        put.await.with_context(|| format!("attach {kind} to {host}/{repository}@{}", subject.digest))
    }

    async fn referrers(&self, repository: &str, digest: &Digest) -> Result<Vec<Descriptor>> {
        let find = async {
            let path = format!("referrers/{digest}");
            let call = Call::new(Method::GET, repository, &path).with(header::ACCEPT, oci::OCI_INDEX);
            let answer = self.call(call).await?;
            match answer.status {
                StatusCode::OK => {
                    Ok(Manifest { media_type: oci::OCI_INDEX.into(), bytes: answer.body.to_vec() }.entries())
                }
                StatusCode::NOT_FOUND => {
                    let index = self.get_manifest(repository, &fallback_tag(digest)).await?;
                    Ok(index.map(|index| index.entries()).unwrap_or_default())
                }
                _ => Err(self.client.refused(&answer)),
            }
        };
        find.await.with_context(|| format!("list what refers to {}/{repository}@{digest}", self.client.host()))
    }
}

/// Of the referrers tag schema.
fn fallback_tag(digest: &Digest) -> String {
    format!("sha256-{}", digest.hex())
}

/// The registry must mean the bytes that are here.
fn confirm(manifest: &Manifest, said: Option<&str>) -> Result<()> {
    let is = manifest.digest();
    match said.filter(|said| *said != is.as_str()) {
        None => Ok(()),
        Some(said) => Err(anyhow!(
            "the registry says {said}, the bytes are {is}: what lies between changes answers; look at proxies on the way"
        )),
    }
}
