//! A small builder of TensorFlow graphs: nodes with names in scopes, and tensors that know their element type, so that a
//! model reads like its definition and wires that do not fit do not compile.

mod element;
mod map;
mod ops;
mod variables;

use std::{cell::RefCell, collections::BTreeMap, marker::PhantomData};

pub use element::{Element, Literal, Resource, Text};
pub use ops::Padding;
pub use variables::{Variable, Variables};

use crate::proto::{
    graph::{Attr, AttrValue, GraphDef, NodeDef},
    tensor::VersionDef,
};

/// The graph version of TensorFlow 1.5: nothing younger is used, so that every server since then can load it.
const PRODUCER: i32 = 26;

/// Nodes in the order in which they were made: each after those it reads, but for the back edges of a loop.
#[derive(Debug, Default)]
pub struct Graph {
    nodes: RefCell<Vec<NodeDef>>,
    /// How often each name was asked for.
    names: RefCell<BTreeMap<String, usize>>,
}

impl Graph {
    pub fn new() -> Self {
        Self::default()
    }

    /// Where names have nothing before them.
    pub fn root(&self) -> Scope<'_> {
        Scope { graph: self, path: String::new(), anchor: None }
    }

    pub fn into_def(self) -> GraphDef {
        let versions = Some(VersionDef { producer: PRODUCER, min_consumer: 0 });
        GraphDef { node: self.nodes.into_inner(), library: None, versions }
    }

    /// Adds an input to a node that is there already: the back edge of a loop.
    fn close(&self, node: &str, input: String) {
        let mut nodes = self.nodes.borrow_mut();
        let node = nodes.iter_mut().find(|made| made.name == node);
        node.expect("a loop closes over a Merge that it made itself").input.push(input);
    }
}

/// A part of the graph in which names begin alike.
#[derive(Debug, Clone)]
pub struct Scope<'g> {
    graph: &'g Graph,
    /// Empty, or ends with `/`.
    path: String,
    /// Inside a loop's body: a node of its frame. A constant that depends on nothing would be outside.
    anchor: Option<String>,
}

impl<'g> Scope<'g> {
    pub fn enter(&self, name: &str) -> Self {
        Self { path: format!("{}{name}/", self.path), ..self.clone() }
    }

    /// The same place inside the frame that `node` is in.
    fn inside(&self, node: &str) -> Self {
        Self { anchor: Some(node.to_owned()), ..self.clone() }
    }

    /// A node of this op, called like the op until it gets another name.
    pub fn node(&self, op: &'static str) -> NodeBuilder<'g> {
        let node = NodeDef { name: op.to_owned(), op: op.to_owned(), ..NodeDef::default() };
        NodeBuilder { scope: self.clone(), node }
    }

    /// The name with this scope before it, numbered where it is taken: `Conv`, `Conv_1`, `Conv_2`.
    fn free_name(&self, name: &str) -> String {
        let wanted = format!("{}{name}", self.path);
        let mut names = self.graph.names.borrow_mut();
        let mut free = wanted.clone();
        while let Some(taken) = names.get(&free).copied() {
            // The count only says where to go on: `Conv_1` may have been asked for by that name.
            let count = names.entry(wanted.clone()).or_insert(taken);
            free = format!("{wanted}_{count}");
            *count += 1;
        }
        names.insert(free.clone(), 1);
        free
    }
}

/// A node that is being made.
pub struct NodeBuilder<'g> {
    scope: Scope<'g>,
    node: NodeDef,
}

impl<'g> NodeBuilder<'g> {
    pub fn named(mut self, name: &str) -> Self {
        self.node.name = name.to_owned();
        self
    }

    pub fn input<T>(mut self, tensor: &Tensor<T>) -> Self {
        self.node.input.push(tensor.input());
        self
    }

    pub fn inputs<'t, T: 't>(self, tensors: impl IntoIterator<Item = &'t Tensor<T>>) -> Self {
        tensors.into_iter().fold(self, |node, tensor| node.input(tensor))
    }

    /// An input that is a reference to a variable, to be written or saved.
    pub fn variable(mut self, variable: &Variable) -> Self {
        self.node.input.push(variable.name.clone());
        self
    }

    /// Runs only after `node` has run.
    pub fn after(mut self, node: &str) -> Self {
        self.node.input.push(format!("^{node}"));
        self
    }

    /// Inside a loop's body: belongs to its frame although nothing of it is read.
    fn anchored(self) -> Self {
        match self.scope.anchor.clone() {
            Some(anchor) => self.after(&anchor),
            None => self,
        }
    }

    pub fn attr(mut self, name: &'static str, value: impl Into<Attr>) -> Self {
        self.node.attr.insert(name.to_owned(), AttrValue { value: Some(value.into()) });
        self
    }

    /// Puts the node into the graph and gives its name.
    pub fn add(self) -> String {
        let Self { scope, mut node } = self;
        node.name = scope.free_name(&node.name);
        let name = node.name.clone();
        scope.graph.nodes.borrow_mut().push(node);
        name
    }

    /// Puts a node with one output into the graph.
    pub fn output<T>(self) -> Tensor<T> {
        Tensor::of(self.add(), 0)
    }

    /// Puts a node with two outputs of these types into the graph.
    pub fn outputs<A, B>(self) -> (Tensor<A>, Tensor<B>) {
        let name = self.add();
        (Tensor::of(name.clone(), 0), Tensor::of(name, 1))
    }
}

/// An output of a node, whose elements are of type `T`.
#[derive(Debug)]
pub struct Tensor<T> {
    node: String,
    output: usize,
    element: PhantomData<T>,
}

impl<T> Clone for Tensor<T> {
    fn clone(&self) -> Self {
        Self::of(self.node.clone(), self.output)
    }
}

impl<T> Tensor<T> {
    fn of(node: String, output: usize) -> Self {
        Self { node, output, element: PhantomData }
    }

    pub fn node(&self) -> &str {
        &self.node
    }

    /// `node:0`, as signatures name it.
    pub fn name(&self) -> String {
        format!("{}:{}", self.node, self.output)
    }

    /// As inputs name it: the first output goes without its number.
    fn input(&self) -> String {
        if self.output == 0 { self.node.clone() } else { self.name() }
    }
}

/// Nodes by name, for those who look at a finished graph.
pub fn by_name(graph: &GraphDef) -> BTreeMap<&str, &NodeDef> {
    graph.node.iter().map(|node| (node.name.as_str(), node)).collect()
}
