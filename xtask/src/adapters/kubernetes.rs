//! A cluster's API server: found and logged in to as kubectl does, by the kube crate; asked in its own JSON, so that whatever
//! is in `manifests/` can be applied.

mod answer;
mod discovery;

use std::time::Duration;

use anyhow::{Context, Error, Result, anyhow};
use backon::{ExponentialBuilder, Retryable};
use http::{Method, Request};
use kube_client::{
    Client, Config,
    client::Body,
    config::{KubeConfigOptions, Kubeconfig},
};
use serde_json::{Value, json};

use self::answer::{Answer, Trouble};
use crate::{
    domain::{
        cluster::{Conflict, FIELD_MANAGER},
        retry,
    },
    ports::{Applied, Applying, Cluster, Place, Resource, Say},
};

/// Objects of one page; a thousand pods are a few of them.
const PAGE: u32 = 500;
const APPLY: &str = "application/apply-patch+yaml";

/// How patient requests are.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Patience {
    pub connect: Duration,
    pub answer: Duration,
    /// Before the second try.
    pub first: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self { connect: Duration::from_secs(10), answer: Duration::from_secs(60), first: Duration::from_millis(500) }
    }
}

pub(crate) struct Kubernetes<'s> {
    client: Client,
    /// As errors call it.
    name: String,
    /// Of the context; where nothing else is said.
    pub namespace: String,
    patience: Patience,
    say: Say<'s>,
}

impl<'s> Kubernetes<'s> {
    /// The cluster of a context of the kubeconfig, or of its current one. Asks nothing yet.
    pub async fn connect(context: Option<&str>, patience: Patience, say: Say<'s>) -> Result<Self> {
        let kubeconfig = Kubeconfig::read().map_err(|error| {
            anyhow!(error).context("no kubeconfig: set KUBECONFIG, or put the cluster's into ~/.kube/config")
        })?;
        let known: Vec<&str> = kubeconfig.contexts.iter().map(|context| context.name.as_str()).collect();
        let known = known.join(" ");
        let name =
            context.map(String::from).or_else(|| kubeconfig.current_context.clone()).filter(|name| !name.is_empty());
        let name =
            name.with_context(|| format!("the kubeconfig has no current context: name one of {known} by --context"))?;
        if !kubeconfig.contexts.iter().any(|context| context.name == name) {
            return Err(anyhow!("the kubeconfig has no context `{name}`; it has: {known}"));
        }
        let options = KubeConfigOptions { context: Some(name.clone()), ..KubeConfigOptions::default() };
        let mut config = Config::from_custom_kubeconfig(kubeconfig, &options)
            .await
            .with_context(|| format!("read the context `{name}` of the kubeconfig"))?;
        config.connect_timeout = Some(patience.connect);
        config.read_timeout = Some(patience.answer);
        // Ours are told, and know more causes.
        config.default_retry = false;
        let (namespace, url) = (config.default_namespace.clone(), config.cluster_url.clone());
        let client = Client::try_from(config).with_context(|| format!("log in by the context `{name}`"))?;
        Ok(Self { client, name: format!("{name} ({url})"), namespace, patience, say })
    }

    /// Sends a request as often as it takes; refusals end at once.
    async fn ask(&self, method: &Method, path: &str, body: Option<&Value>) -> Result<Answer> {
        let once = || self.once(method, path, body);
        let backoff = ExponentialBuilder::default()
            .with_min_delay(self.patience.first)
            .with_factor(retry::FACTOR)
            .with_max_times(retry::MORE_TRIES)
            .with_jitter();
        let told = |trouble: &Trouble, pause: Duration| {
            if let Trouble::Passing(error, _) = trouble {
                (self.say)(format!("{error:#}; again in {:.0} s", pause.as_secs_f64().max(1.0)));
            }
        };
        let asked = once
            .retry(backoff)
            .when(|trouble| matches!(trouble, Trouble::Passing(..)))
            .adjust(|trouble, pause| match trouble {
                Trouble::Passing(_, Some(asked)) => pause.map(|pause| pause.max((*asked).min(retry::LONGEST))),
                _ => pause,
            })
            .notify(told)
            .await;
        asked.map_err(|trouble| match trouble {
            Trouble::Passing(error, _) => {
                error.context(format!("gave up on the cluster {} after {} tries", self.name, retry::MORE_TRIES + 1))
            }
            Trouble::Final(error) => error,
        })
    }

    async fn once(&self, method: &Method, path: &str, body: Option<&Value>) -> Result<Answer, Trouble> {
        let mut request = Request::builder().method(method).uri(path).header("accept", "application/json");
        if body.is_some() {
            // Server-side apply takes YAML, of which JSON is a part.
            request = request.header("content-type", if method == Method::PATCH { APPLY } else { "application/json" });
        }
        let bytes = body.map(|body| body.to_string().into_bytes()).unwrap_or_default();
        let request = request.body(Body::from(bytes)).map_err(|error| Trouble::Final(Error::new(error)))?;
        match self.client.send(request).await {
            Ok(response) => Answer::of(response, &self.name).await,
            Err(error) => Err(answer::unreachable(error, &self.name)),
        }
    }

    async fn value(&self, path: &str) -> Result<Option<Value>> {
        let answer = self.ask(&Method::GET, path, None).await?;
        if answer.status == 404 { Ok(None) } else { Ok(Some(answer.json()?)) }
    }
}

impl Cluster for Kubernetes<'_> {
    async fn version(&self) -> Result<String> {
        let told = self.value("/version").await?.unwrap_or_default();
        let version = told.get("gitVersion").and_then(Value::as_str);
        version.map(String::from).with_context(|| format!("{} does not say which Kubernetes it is", self.name))
    }

    async fn resource(&self, api_version: &str, kind: &str) -> Result<Option<Resource>> {
        let list = self.value(&discovery::group(api_version)).await?;
        Ok(list.and_then(|list| discovery::resource(&list, api_version, kind)))
    }

    async fn get(&self, place: &Place) -> Result<Option<Value>> {
        self.value(&discovery::object(place)).await
    }

    async fn list(&self, resource: &Resource, namespace: Option<&str>, selector: &str) -> Result<Vec<Value>> {
        let path = discovery::collection(resource, namespace);
        let (mut objects, mut next) = (Vec::new(), String::new());
        loop {
            let query = [("limit", PAGE.to_string()), ("labelSelector", selector.into()), ("continue", next.clone())];
            let query = query.iter().filter(|(_, value)| !value.is_empty());
            let query = query.fold(url::form_urlencoded::Serializer::new(String::new()), |mut all, (key, value)| {
                all.append_pair(key, value);
                all
            });
            let Some(page) = self.value(&format!("{path}?{}", { query }.finish())).await? else { return Ok(objects) };
            for object in page.get("items").and_then(Value::as_array).into_iter().flatten() {
                // Items of a list do not say what they are.
                let mut object = object.clone();
                object["apiVersion"] = json!(resource.api_version);
                object["kind"] = json!(resource.kind);
                objects.push(object);
            }
            match page.pointer("/metadata/continue").and_then(Value::as_str).filter(|next| !next.is_empty()) {
                Some(more) => next = more.to_owned(),
                None => return Ok(objects),
            }
        }
    }

    async fn apply(&self, place: &Place, object: &Value, how: Applying) -> Result<Applied> {
        let mut path = format!("{}?fieldManager={FIELD_MANAGER}&fieldValidation=Strict", discovery::object(place));
        path.push_str(if how.dry_run { "&dryRun=All" } else { "" });
        path.push_str(if how.force { "&force=true" } else { "" });
        let answer = self.ask(&Method::PATCH, &path, Some(object)).await?;
        let refused = || answer.refused(&format!("apply {place}"));
        match answer.status {
            404 if answer.message().contains("namespaces \"") => Ok(Applied::NoNamespace),
            409 => {
                Some(answer.conflicts()).filter(|found| !found.is_empty()).map(Applied::Conflicts).ok_or_else(refused)
            }
            200..=299 => Ok(Applied::Done(answer.json()?, answer.warnings)),
            _ => Err(refused()),
        }
    }

    async fn delete(&self, place: &Place) -> Result<bool> {
        let body = json!({ "apiVersion": "v1", "kind": "DeleteOptions", "propagationPolicy": "Background" });
        let answer = self.ask(&Method::DELETE, &discovery::object(place), Some(&body)).await?;
        match answer.status {
            404 => Ok(false),
            200..=299 => Ok(true),
            _ => Err(answer.refused(&format!("delete {place}"))),
        }
    }

    async fn ask_pod(&self, namespace: &str, pod: &str, port: u16, path: &str) -> Result<Option<String>> {
        let path = format!("/api/v1/namespaces/{namespace}/pods/{pod}:{port}/proxy{path}");
        // One try: what a network policy forbids, waiting does not bring.
        match self.once(&Method::GET, &path, None).await {
            Ok(answer) if answer.status == 200 => Ok(Some(answer.text())),
            _ => Ok(None),
        }
    }
}

/// What an answer said of one field.
fn conflict(cause: &Value) -> Option<Conflict> {
    let text = |key: &str| cause.get(key).and_then(Value::as_str);
    // `conflict with "kubectl" using apps/v1`
    let manager = text("message")?.split('"').nth(1)?;
    Some(Conflict { manager: manager.into(), field: text("field")?.trim_start_matches('.').into() })
}
