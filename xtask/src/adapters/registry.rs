//! A registry over the OCI distribution API: what the engine does not do for a push. Layers never pass through here.
//! Requests with their retries are in `client`, who may do what in `challenge`, which certificates count in `trust`.

mod challenge;
mod client;
#[cfg(test)]
mod tests;
mod trust;

use anyhow::{Context, Result, anyhow, bail};
use reqwest::{Method, StatusCode, Url, header};

use self::client::{Answer, Call, Client};
use crate::{
    domain::{
        oci::{self, Attachment, Descriptor, Manifest},
        reference::Digest,
    },
    ports::{Credentials, Registry, Say},
};

pub(crate) use self::client::Patience;

/// Uploads are begun anew this often where the registry has forgotten them.
const UPLOADS: u32 = 3;

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
        let answer = self.call(call.sending(&manifest.bytes)).await?;
        if answer.status != StatusCode::CREATED {
            return Err(self.client.refused(&answer));
        }
        confirm(manifest, answer.header("docker-content-digest"))?;
        Ok(answer.header("oci-subject").is_some())
    }

    async fn put_blob(&self, repository: &str, bytes: &[u8]) -> Result<()> {
        let digest = Digest::of(bytes);
        let path = format!("blobs/{digest}");
        if self.call(Call::new(Method::HEAD, repository, &path)).await?.status == StatusCode::OK {
            return Ok(());
        }
        for _ in 0..UPLOADS {
            let mut url = self.begin_upload(repository).await?;
            url.query_pairs_mut().append_pair("digest", digest.as_str());
            let call = Call::at(Method::PUT, repository, url).with(header::CONTENT_TYPE, "application/octet-stream");
            let answer = self.call(call.sending(bytes)).await?;
            match answer.status {
                StatusCode::CREATED => return Ok(()),
                // A lost answer may have been of an upload that ended well, or the registry was started anew.
                StatusCode::NOT_FOUND | StatusCode::RANGE_NOT_SATISFIABLE => {}
                _ => return Err(self.client.refused(&answer)),
            }
        }
        bail!("the registry forgot the upload of {digest} {UPLOADS} times; look at its log")
    }

    async fn begin_upload(&self, repository: &str) -> Result<Url> {
        let answer = self.call(Call::new(Method::POST, repository, "blobs/uploads/")).await?;
        if answer.status != StatusCode::ACCEPTED {
            return Err(self.client.refused(&answer));
        }
        let place =
            answer.header(header::LOCATION.as_str()).context("the registry begins an upload and says not where")?;
        answer.url.join(place).with_context(|| format!("read the place of an upload, `{place}`"))
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
        let upload = self.begin_upload(repository).await;
        let upload =
            upload.with_context(|| format!("see whether {}/{repository} can be pushed to", self.client.host()))?;
        // Not every registry knows how; those forget an upload by themselves.
        self.call(Call::at(Method::DELETE, repository, upload)).await.map(|_| ())
    }

    async fn manifest(&self, repository: &str, reference: &str) -> Result<Option<Manifest>> {
        let manifest = self.get_manifest(repository, reference).await;
        manifest.with_context(|| format!("look up {reference} in {}/{repository}", self.client.host()))
    }

    async fn tag(&self, repository: &str, tag: &str, manifest: &Manifest) -> Result<()> {
        let put = self.put_manifest(repository, tag, manifest).await;
        put.map(|_| ()).with_context(|| format!("tag {}/{repository}:{tag}", self.client.host()))
    }

    async fn attach(&self, repository: &str, subject: &Descriptor, attachment: &Attachment) -> Result<Digest> {
        let manifest = Manifest::attaching(attachment, subject);
        let put = async {
            self.put_blob(repository, oci::EMPTY_BLOB).await?;
            self.put_blob(repository, &attachment.document).await?;
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
